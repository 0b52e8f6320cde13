"""The document of two converters compared: what `npufit probe A B --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.probing import ProbeResult
from npufit.probing.differences import ConverterDifference, Difference, Example, Outcome
from npufit.probing.questions import space_of
from npufit.report.document import Count, Document
from npufit.report.probe.document import LimitEntry, limit_entry
from npufit.stacks.probed import Value


@dataclass(frozen=True, slots=True)
class SideEntry(Document):
    """One of the two converters."""

    name: str
    tool: str
    version: str
    """the version that the tool states; empty if it states none"""
    questions: Count
    limits: Count
    """limits on operators that were found"""
    taken: tuple[str, ...]
    """the operator types of which it took a model"""


@dataclass(frozen=True, slots=True)
class ExampleEntry(Document):
    """The smallest model found that shows a difference, as both converters answered."""

    values: dict[str, Value]
    """what tells the model from the ordinary model of its operator"""
    inputs: tuple[str, ...]
    """the tensors that are no constants, such as `int8 1x16x16x8`"""
    first: Outcome
    second: Outcome
    written: str | None
    """the file with the model; null without --models"""


@dataclass(frozen=True, slots=True)
class DifferenceEntry(Document):
    """One difference: a limit that one converter has and the other has not, or has elsewhere."""

    operator: str
    kind: Literal["moved", "only-first", "only-second", "type", "unexplained"]
    """a limit that both have, but not with the same value or effect; a limit of one alone; a type of which one takes no
    model; or no limit was found"""
    first_limit: LimitEntry | None
    second_limit: LimitEntry | None
    models: Count
    """how many of the models that were asked about show it"""
    example: ExampleEntry


@dataclass(frozen=True, slots=True)
class DifferenceDocument(Document):
    """What two converters do differently with models of one operator."""

    schema_version: Literal[1]
    npufit_version: str
    kind: Literal["difference"]
    first: SideEntry
    second: SideEntry
    operators: tuple[str, ...]
    """all operator types that were asked about"""
    differences: tuple[DifferenceEntry, ...]
    seed: int
    questions: Count
    """different models asked about, of both converters together"""
    ended_by: str
    """what ended the questions early; empty if they are complete"""


def difference_document(result: ConverterDifference, written: Mapping[int, str] | None = None) -> DifferenceDocument:
    """Return the document of two converters compared; `written` are the files of examples, by index."""
    files = written or {}
    return DifferenceDocument(
        schema_version=1,
        npufit_version=__version__,
        kind="difference",
        first=_side(result.first),
        second=_side(result.second),
        operators=tuple(found.operator for found in result.first.operators),
        differences=tuple(_difference(it, files.get(index)) for index, it in enumerate(result.differences)),
        seed=result.first.rules.seed,
        questions=result.questions,
        ended_by=result.ended_by,
    )


def _side(probed: ProbeResult) -> SideEntry:
    rules = probed.rules
    taken = tuple(found.operator for found in rules.operators if found.is_taken)
    return SideEntry(rules.name, rules.tool, rules.version, probed.questions, len(rules.limits), taken)


def _difference(difference: Difference, written: str | None) -> DifferenceEntry:
    own = None if difference.limit is None else limit_entry(difference.limit)
    other = None if difference.counterpart is None else limit_entry(difference.counterpart)
    first, second = (own, other) if difference.is_firsts else (other, own)
    return DifferenceEntry(
        operator=difference.operator,
        kind=_kind(difference),
        first_limit=first,
        second_limit=second,
        models=difference.models,
        example=_example(difference.operator, difference.example, written),
    )


def _kind(difference: Difference) -> Literal["moved", "only-first", "only-second", "type", "unexplained"]:
    if difference.is_type:
        return "type"
    if difference.limit is None:
        return "unexplained"
    if difference.counterpart is not None:
        return "moved"
    return "only-first" if difference.is_firsts else "only-second"


def _example(operator: str, example: Example, written: str | None) -> ExampleEntry:
    base = space_of(operator).base
    main = example.model.main
    return ExampleEntry(
        values={name: value for name, value in example.point.values if value != base[name]},
        inputs=tuple(
            f"{tensor.element.value} {'x'.join(map(str, tensor.shape or ())) or 'scalar'}"
            for tensor in (main.tensors[index] for index in main.inputs)
        ),
        first=example.first,
        second=example.second,
        written=written,
    )
