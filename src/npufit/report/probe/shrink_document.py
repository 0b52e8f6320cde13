"""The document of a shrinking: what `npufit probe --shrink --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.formatting import shorten
from npufit.graph import Model, Tensor
from npufit.probing.shrinking import ShrinkResult, count_values
from npufit.report.document import Count, Document

_MOST_OPERATORS = 100


@dataclass(frozen=True, slots=True)
class SmallTensorEntry(Document):
    """A tensor of the smallest model."""

    name: str
    element: str
    shape: tuple[Count, ...]
    role: Literal["input", "constant", "result"]
    scales: Count
    """number of scales: 0 if it is not quantized, 1 per tensor, more per channel"""


@dataclass(frozen=True, slots=True)
class SmallOperatorEntry(Document):
    """An operator of the smallest model, with its tensors."""

    type: str
    tensors: tuple[SmallTensorEntry, ...]
    """what it reads, in order, without omitted operands; then what it writes"""
    options: str
    """its options in words, empty if it has none"""


@dataclass(frozen=True, slots=True)
class StepEntry(Document):
    """A part of the shrinking, and how large the model was after it."""

    what: str
    """what became smaller or plainer"""
    operators: Count
    values: Count
    """elements of all tensors"""


@dataclass(frozen=True, slots=True)
class SizeEntry(Document):
    """How large a model is."""

    operators: Count
    values: Count
    """elements of all tensors"""


@dataclass(frozen=True, slots=True)
class ShrinkDocument(Document):
    """The smallest model found on which a converter does what it does with the original."""

    schema_version: Literal[1]
    npufit_version: str
    kind: Literal["shrink"]
    model: str
    tool: str
    """the target or the command that was asked"""
    version: str
    """the version that the tool states, empty if it states none"""
    symptom: str
    """crash, timeout, error, refused or wrong: what the smallest model still shows"""
    message: str
    """what the tool said to the smallest model"""
    first_message: str
    """what it said to the original"""
    before: SizeEntry
    after: SizeEntry
    operators: tuple[SmallOperatorEntry, ...]
    """the smallest model, at most 100 operators of it"""
    steps: tuple[StepEntry, ...]
    questions: Count
    """how often the tool was asked"""
    ended_by: str
    """empty, or what ended the search before nothing more could go, such as `the budget of questions`"""
    written: str | None
    """the file with the smallest model; null without -o"""


def shrink_document(result: ShrinkResult, written: str | None) -> ShrinkDocument:
    """Return the document of a shrinking."""
    return ShrinkDocument(
        schema_version=1,
        npufit_version=__version__,
        kind="shrink",
        model=result.original.name,
        tool=result.subject,
        version=result.version,
        symptom=str(result.symptom.find),
        message=result.message,
        first_message=result.first_message,
        before=_size(result.original),
        after=_size(result.model),
        operators=_operators(result),
        steps=tuple(StepEntry(step.what, step.operators, step.values) for step in result.steps[1:]),
        questions=result.questions,
        ended_by=result.ended_by,
        written=written,
    )


def _size(model: Model) -> SizeEntry:
    return SizeEntry(len(model.main.operators), count_values(model))


def _operators(result: ShrinkResult) -> tuple[SmallOperatorEntry, ...]:
    main = result.model.main
    return tuple(
        SmallOperatorEntry(
            operator.name,
            (
                *map(_operand, main.input_tensors(operator)),
                *(_tensor(it, "result") for it in main.output_tensors(operator)),
            ),
            "" if operator.options is None else shorten(_options(operator.options), 300),
        )
        for operator in main.operators[:_MOST_OPERATORS]
    )


def _operand(tensor: Tensor) -> SmallTensorEntry:
    return _tensor(tensor, "constant" if tensor.is_constant else "input")


def _tensor(tensor: Tensor, role: Literal["input", "constant", "result"]) -> SmallTensorEntry:
    scales = len(tensor.quantization.scales)
    return SmallTensorEntry(tensor.name, str(tensor.element.value), tensor.shape or (), role, scales)


def _options(options: object) -> str:
    """Return options as `stride_w=2, padding=SAME`, without the name of their table."""
    names = getattr(options, "__slots__", ())
    found = ((name, getattr(options, name)) for name in names)
    return ", ".join(f"{name}={getattr(value, 'name', value)}" for name, value in found)
