"""The document of a differential: what `npufit vnpu --differential --json` writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from npufit._version import __version__
from npufit.differing import ComparedModel, DifferentialResult, Disagreement, Kind, OtherPlace, Outcome
from npufit.report.document import Between, Count, Document, rounded
from npufit.stacks import Effect, Unit

Seconds = Annotated[float, Between(0)]
Distance = Annotated[float, Between(0)]


@dataclass(frozen=True, slots=True)
class OtherPlaceEntry(Document):
    """An operator that the library places otherwise than predicted."""

    subgraph: Count
    operator: Count
    type: str
    rule: str | None
    """the rule that keeps it off the NPU; null if it was predicted to be there"""
    predicted: Unit
    real: Unit


@dataclass(frozen=True, slots=True)
class HazardEntry(Document):
    """A hazard that the rules predict."""

    rule: str
    effect: Effect
    certain: bool
    operator: Count
    """the operator at fault"""


@dataclass(frozen=True, slots=True)
class OutputEntry(Document):
    """One output of one inference with a random input, against LiteRT's reference kernels."""

    name: str
    differing: Count
    """values that differ"""
    values: Count
    largest: Distance
    """the largest difference: in steps for integers, in real numbers otherwise"""


@dataclass(frozen=True, slots=True)
class ModelEntry(Document):
    """One model."""

    path: str
    """within the folder"""
    sha256: str
    agrees: bool | None
    """whether nothing contradicts the rules; null if the model was not compared"""
    failure: str | None
    """why the model was not compared: npufit or a tool failed"""
    refused_by_litert: str | None
    """LiteRT's own message, if it refuses the file with or without a delegate"""
    operators: Count
    """operators whose placement the library told; after a crash in Prepare those before it"""
    npu_operators: Count
    unknown: Count
    """operators whose placement the rules leave open"""
    placed_otherwise: tuple[OtherPlaceEntry, ...]
    partitions: Count
    """as predicted"""
    real_partitions: Count | None
    """as the library formed them; null if it ended before"""
    ended: str | None
    """how and where the library ended: died, hung, failed; null if it did not"""
    end_was_predicted: bool
    unseen: tuple[str, ...]
    """rules whose certain crash or failure did not happen"""
    hazards: tuple[HazardEntry, ...]
    outputs: tuple[OutputEntry, ...] | None
    """null if there is no answer"""
    not_run: str | None
    """why nothing was run"""
    kernel_refusals: tuple[str, ...]
    """calls that the chosen Linux release refuses"""


@dataclass(frozen=True, slots=True)
class DisagreementEntry(Document):
    """One thing that the rules say otherwise."""

    kind: Kind
    what: str
    count: Count
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswersEntry(Document):
    """Models with an answer, by whether a hazard is predicted and whether the answer differs."""

    equal_without_hazard: Count
    equal_with_hazard: Count
    differs_with_hazard: Count
    differs_without_hazard: Count


@dataclass(frozen=True, slots=True)
class DifferentialDocument(Document):
    """What a library did with the models of a folder, beside what the rules predict of it."""

    schema_version: Literal[1]
    npufit_version: str
    folder: str
    target: str
    """CHIP/STACK@VERSION, whose rules predict"""
    library: str
    """the library's file, with Mesa's version if the file tells it"""
    kernel: str | None
    """the Linux release whose driver decided on streams"""
    agrees: bool
    seconds: Seconds
    answers: AnswersEntry
    disagreements: tuple[DisagreementEntry, ...]
    models: tuple[ModelEntry, ...]


def differential_document(result: DifferentialResult) -> DifferentialDocument:
    """Return the document of a differential."""
    return DifferentialDocument(
        schema_version=1,
        npufit_version=__version__,
        folder=result.folder,
        target=str(result.target),
        library=result.library,
        kernel=result.kernel,
        agrees=result.agrees,
        seconds=rounded(result.seconds),
        answers=AnswersEntry(
            result.answers(hazard=False, differs=False),
            result.answers(hazard=True, differs=False),
            result.answers(hazard=True, differs=True),
            result.answers(hazard=False, differs=True),
        ),
        disagreements=tuple(map(_disagreement, result.disagreements)),
        models=tuple(map(_model, result.models)),
    )


def _disagreement(found: Disagreement) -> DisagreementEntry:
    return DisagreementEntry(found.kind, found.what, found.count, found.models)


def _model(model: ComparedModel) -> ModelEntry:
    outcome = model.outcome or Outcome()
    is_compared = model.outcome is not None and not outcome.refused_by_litert
    return ModelEntry(
        path=model.path,
        sha256=model.sha256,
        agrees=outcome.agrees if is_compared else None,
        failure=model.failure or None,
        refused_by_litert=outcome.refused_by_litert or None,
        operators=outcome.operators,
        npu_operators=outcome.npu,
        unknown=outcome.unknown,
        placed_otherwise=tuple(map(_other, outcome.otherwise)),
        partitions=outcome.partitions,
        real_partitions=outcome.real_partitions,
        ended=outcome.ended or None,
        end_was_predicted=outcome.end_was_predicted,
        unseen=outcome.unseen,
        hazards=tuple(
            HazardEntry(hazard.rule, hazard.effect, hazard.certain, hazard.operator) for hazard in outcome.hazards
        ),
        outputs=None
        if outcome.outputs is None
        else tuple(
            OutputEntry(output.name, output.differing, output.values, output.largest) for output in outcome.outputs
        ),
        not_run=outcome.not_run or None,
        kernel_refusals=outcome.kernel_refusals,
    )


def _other(other: OtherPlace) -> OtherPlaceEntry:
    return OtherPlaceEntry(other.subgraph, other.operator, other.type, other.rule or None, other.predicted, other.real)
