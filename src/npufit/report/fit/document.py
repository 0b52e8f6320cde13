"""The document of a fit: what `npufit fit --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from npufit._version import __version__
from npufit.checking import CheckResult
from npufit.cutting import CutResult, SavedFit
from npufit.execution import GOLDEN, OutputDifference
from npufit.fitting import FitResult, pass_options
from npufit.fitting.proof import LibraryAnswer, LibraryProof, Proof, Simulation
from npufit.fitting.search import PassOutcome, PassVerdict
from npufit.report.check.document import SummaryEntry, summary_entry
from npufit.report.document import Count, Document, Factor, Milliseconds
from npufit.report.run.document import LeftOutEntry, LibraryEntry, left_out_entry, library_entry
from npufit.rewrite import Exactness, Site
from npufit.stacks import Unit


@dataclass(frozen=True, slots=True)
class OffNpuEntry(Document):
    """An operator that is not on the NPU."""

    subgraph: Count
    index: Count
    type: str
    unit: Unit
    rule: str | None
    reason: str | None
    found: str | None


@dataclass(frozen=True, slots=True)
class SideEntry(Document):
    """The model before or after; `summary` is that of `npufit check --json`."""

    summary: SummaryEntry
    hazards: tuple[str, ...]
    """ids, one for each hazard"""
    off_npu: tuple[OffNpuEntry, ...]
    predicted_ms: Milliseconds | None
    predicted_low_ms: Milliseconds | None
    predicted_high_ms: Milliseconds | None
    file_bytes: Count


@dataclass(frozen=True, slots=True)
class StepEntry(Document):
    """A pass that was taken."""

    name: str = field(metadata={"alias": "pass"})
    exactness: Exactness
    options: dict[str, Any]
    """the pass's own options, by name"""


@dataclass(frozen=True, slots=True)
class PassEntry(Document):
    """The outcome of a pass."""

    name: str = field(metadata={"alias": "pass"})
    exactness: Exactness
    options: dict[str, Any]
    """the pass's own options, by name"""
    outcome: PassOutcome
    why: str
    sites: tuple[Site, ...]
    """where it applies"""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DifferenceEntry(Document):
    """How much an output differs, in real numbers."""

    tensor: Count
    name: str
    largest: Factor | None
    mean: Factor | None
    largest_steps: Factor | None
    """in steps of the output's quantization"""
    cosine: float
    top_1: Factor | None
    """the share of positions whose largest value is the same; null for outputs of single values"""
    largest_value: Factor | None
    """the largest absolute value of the output before"""


@dataclass(frozen=True, slots=True)
class ProvenStepEntry(Document):
    """How much one approximate pass changes each output."""

    name: str = field(metadata={"alias": "pass"})
    differences: tuple[DifferenceEntry, ...]


@dataclass(frozen=True, slots=True)
class SimulationEntry(Document):
    """The compiled result on a simulator of the NPU, compared with the reference kernels on one input."""

    input: str
    tensors: Count
    same: bool
    difference: str
    original_differs: bool
    """true if the original also differs: the passes are not at fault"""


@dataclass(frozen=True, slots=True)
class ProofEntry(Document):
    """What was compared, and the outcome."""

    golden: str
    inputs: Count
    extremes: Count
    refused: Count
    """inputs that the original cannot run"""
    samples: bool
    left_out: tuple[LeftOutEntry, ...]
    """operators of the original that LiteRT cannot execute: their inputs are compared"""
    same: bool
    """the outputs are the same on every input"""
    differences: tuple[DifferenceEntry, ...]
    """of the whole, if a pass is approximate"""
    steps: tuple[ProvenStepEntry, ...]
    simulation: SimulationEntry | None


@dataclass(frozen=True, slots=True)
class LibraryAnswerEntry(Document):
    """What the real library answers for one model, held against the reference kernels."""

    right: bool
    """no output value differs"""
    only_rounds: bool
    """values differ, but the first tensor that does parts by a single step"""
    inputs: Count
    wrong: Count
    """inputs on which an output value differs"""
    differing: Count
    """output values that differ, on the worst input"""
    values: Count
    """output values of one input"""
    largest: Factor | None
    """the largest difference, in steps for integers; null if it is infinite"""
    parting_operator: Count | None
    """index of the operator that writes the first tensor that differs, on the worst input"""
    parting_largest: Factor | None
    """the largest difference of that tensor"""
    partitions: Count
    findings: Count
    """faults that the simulator found in the command streams: a board may answer otherwise"""
    failure: str
    """why there is no answer, such as a crash; empty if there is one"""


@dataclass(frozen=True, slots=True)
class LibraryProofEntry(Document):
    """The model before and after, answered by a real library on a virtual NPU."""

    library: LibraryEntry | None
    """null if the library never answered"""
    before: LibraryAnswerEntry
    after: LibraryAnswerEntry | None
    """null if nothing was changed"""


@dataclass(frozen=True, slots=True)
class PartEntry(Document):
    """One file of a model that was cut."""

    file: str
    unit: Unit
    operators: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class CutEntry(Document):
    """The files that the result was cut into, and the proof that they chain."""

    files: tuple[PartEntry, ...]
    inputs: Count
    same: bool | None
    """null without a proof"""
    difference: str


@dataclass(frozen=True, slots=True)
class FitDocument(Document):
    """What a fit changed, the gain, and the proof."""

    schema_version: Literal[2]
    npufit_version: str
    model: str
    target: str
    """CHIP/STACK@VERSION"""
    survey: bool
    """true for --list: nothing was changed; each pass was tried alone"""
    fits: bool
    """every operator is on the NPU in one partition without a hazard"""
    before: SideEntry
    after: SideEntry
    steps: tuple[StepEntry, ...]
    """the passes that were taken, in order"""
    passes: tuple[PassEntry, ...]
    proof: ProofEntry | None
    library: LibraryProofEntry | None
    """null without --library"""
    cut: CutEntry | None
    written: str | None
    recipe: str | None


def fit_document(fit: FitResult, saved: SavedFit) -> FitDocument:
    """Return the document of a fit."""
    return FitDocument(
        schema_version=2,
        npufit_version=__version__,
        model=fit.original.model.name,
        target=fit.result.name,
        survey=fit.is_survey,
        fits=fit.is_complete,
        before=_side(fit.original, saved.sizes[0]),
        after=_side(fit.result, saved.sizes[1]),
        steps=tuple(StepEntry(step.pass_.name, step.pass_.exactness, pass_options(step.pass_)) for step in fit.steps),
        passes=tuple(_pass(verdict) for verdict in fit.verdicts),
        proof=None if fit.proof is None else _proof(fit, fit.proof),
        library=None if fit.library is None else _library(fit.library),
        cut=None if saved.cut is None else _cut(saved.cut),
        written=None if saved.output is None else str(saved.output),
        recipe=None if saved.recipe is None else str(saved.recipe),
    )


def _side(result: CheckResult, size_bytes: int) -> SideEntry:
    estimate = result.estimate
    off_npu = (placed for placed in result.placement.operators if placed.unit is not Unit.NPU)
    return SideEntry(
        summary=summary_entry(result),
        hazards=tuple(sorted(hazard.rule.id for hazard in result.placement.hazards)),
        off_npu=tuple(
            OffNpuEntry(
                subgraph=placed.id.subgraph,
                index=placed.id.index,
                type=result.operator(placed).name,
                unit=placed.unit,
                rule=placed.finding.rule.id if placed.finding else None,
                reason=placed.finding.rule.statement if placed.finding else None,
                found=placed.finding.found if placed.finding else None,
            )
            for placed in off_npu
        ),
        predicted_ms=None if estimate is None else estimate.total_ms,
        predicted_low_ms=None if estimate is None else estimate.low_ms,
        predicted_high_ms=None if estimate is None else estimate.high_ms,
        file_bytes=size_bytes,
    )


def _pass(verdict: PassVerdict) -> PassEntry:
    return PassEntry(
        name=verdict.pass_.name,
        exactness=verdict.pass_.exactness,
        options=pass_options(verdict.pass_),
        outcome=verdict.outcome,
        why=verdict.why,
        sites=verdict.sites,
        notes=verdict.notes,
    )


def _proof(fit: FitResult, proof: Proof) -> ProofEntry:
    return ProofEntry(
        golden=GOLDEN,
        inputs=proof.inputs,
        extremes=proof.extremes,
        refused=proof.refused,
        samples=fit.from_samples,
        left_out=tuple(left_out_entry(entry) for entry in proof.left_out),
        same=all(entry.is_equal for entry in proof.total),
        differences=_differences(proof.total),
        steps=tuple(
            ProvenStepEntry(fit.steps[entry.step].pass_.name, _differences(entry.outputs)) for entry in proof.steps
        ),
        simulation=None if proof.simulation is None else _simulation(proof.simulation),
    )


def _simulation(simulation: Simulation) -> SimulationEntry:
    return SimulationEntry(
        input=simulation.input_name,
        tensors=simulation.tensors,
        same=not simulation.difference,
        difference=simulation.difference,
        original_differs=simulation.was_different,
    )


def _library(proof: LibraryProof) -> LibraryProofEntry:
    return LibraryProofEntry(
        library=None if proof.library is None else library_entry(proof.library),
        before=_library_answer(proof.before),
        after=None if proof.after is None else _library_answer(proof.after),
    )


def _library_answer(answer: LibraryAnswer) -> LibraryAnswerEntry:
    return LibraryAnswerEntry(
        right=answer.is_right,
        only_rounds=answer.only_rounds,
        inputs=answer.inputs,
        wrong=answer.wrong,
        differing=answer.differing,
        values=answer.values,
        largest=answer.largest,
        parting_operator=None if answer.parting is None else answer.parting.operator,
        parting_largest=None if answer.parting is None else answer.parting.largest,
        partitions=answer.partitions,
        findings=answer.findings,
        failure=answer.failure,
    )


def _differences(outputs: Sequence[OutputDifference]) -> tuple[DifferenceEntry, ...]:
    return tuple(
        DifferenceEntry(
            tensor=entry.tensor,
            name=entry.name,
            largest=entry.largest,
            mean=entry.mean,
            largest_steps=entry.largest_steps,
            cosine=entry.cosine,
            top_1=entry.top_1,
            largest_value=entry.spread,
        )
        for entry in outputs
    )


def _cut(cut: CutResult) -> CutEntry:
    proof = cut.proof
    return CutEntry(
        files=tuple(PartEntry(part.file, part.unit, part.operators) for part in cut.parts),
        inputs=0 if proof is None else proof.inputs,
        same=None if proof is None else not proof.difference,
        difference="" if proof is None else proof.difference,
    )
