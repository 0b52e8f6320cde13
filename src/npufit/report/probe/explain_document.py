"""Why a converter leaves operators on the CPU, as `npufit probe --explain --json` prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.probing.explaining import (
    Done,
    Expectation,
    ExperimentKind,
    ExplainResult,
    Planned,
)
from npufit.report.document import Count, Document, Share, rounded
from npufit.stacks import Evidence
from npufit.stacks.neutron.hypotheses import Judgement, SeenConversion, Standing


@dataclass(frozen=True, slots=True)
class ObservationEntry(Document):
    """One conversion that counts."""

    network: str
    what: str
    release: str
    setting: str
    """what differed from the converter's defaults; empty if nothing did"""
    evidence: Evidence
    source: str


@dataclass(frozen=True, slots=True)
class UncountedEntry(Document):
    """One public observation that does not count here."""

    network: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class FigureEntry(Document):
    """A quantity of single operators: the largest in the best conversion, and how many are above it in the worst."""

    quantity: str
    largest_converted: Count
    converted_in: str
    above: Count
    above_in: str


@dataclass(frozen=True, slots=True)
class ContradictionEntry(Document):
    """How the closest way to fill in the parameters contradicts an observation."""

    observation: str
    parameters: str
    text: str


@dataclass(frozen=True, slots=True)
class PredictionEntry(Document):
    """What a hypothesis predicts for the model, counting operators of types that the NPU takes as such."""

    fewest: Count
    most: Count
    lost: tuple[Count, ...]
    """the operators that stay on the CPU whatever the parameters are"""


@dataclass(frozen=True, slots=True)
class RemedyEntry(Document):
    """What would help if the hypothesis were true."""

    text: str
    command: str
    """empty if npufit has none"""


@dataclass(frozen=True, slots=True)
class HypothesisEntry(Document):
    """One hypothesis."""

    name: str
    """N1 to N8, or a word for the simpler ones"""
    title: str
    """the statement in a few words"""
    statement: str
    standing: Standing
    reason: str
    """for an untested one what would have to be compared"""
    support: str
    objection: str
    parameters: Count
    """different ways to fill in its parameters that agree with every observation"""
    examples: tuple[str, ...]
    """the first and the last of them"""
    ruled_out_by: ContradictionEntry | None
    figures: tuple[FigureEntry, ...]
    prediction: PredictionEntry | None
    remedy: RemedyEntry | None
    """null once it is ruled out"""


@dataclass(frozen=True, slots=True)
class ExpectationEntry(Document):
    """What a hypothesis predicts of an experiment."""

    hypothesis: str
    fewest: Count
    most: Count
    differs: bool | None
    """where only the comparison counts: whether the result differs from that of the unchanged conversion"""


@dataclass(frozen=True, slots=True)
class ExperimentEntry(Document):
    """An experiment in its place in the plan."""

    kind: ExperimentKind
    action: str
    conversions: Count
    separation: Share
    """share of all pairs of open hypotheses that it tells apart beyond those before it"""
    operators: Count
    """operators of types that the NPU takes as such, which the expectations count"""
    expectations: tuple[ExpectationEntry, ...]
    files: tuple[str, ...]
    """the names of the models, as `-o FOLDER` writes them"""


@dataclass(frozen=True, slots=True)
class DoneEntry(Document):
    """An experiment that was done."""

    kind: ExperimentKind
    action: str
    seen: tuple[ObservationEntry, ...]
    failure: str
    """why the converter gave no answer; empty if it did"""
    ruled_out: tuple[str, ...]
    """the hypotheses that it ruled out"""


@dataclass(frozen=True, slots=True)
class ExplainDocument(Document):
    """The hypotheses on why a converter leaves operators on the CPU, what rules some out, and what to try next."""

    schema_version: Literal[1]
    npufit_version: str
    model: str
    target: str
    converter: str
    """the command that was asked; empty without one"""
    operators: Count
    """operators of the model of types that the NPU takes as such, which the predictions count"""
    complete: bool
    """whether a conversion of the model left none of them on the CPU"""
    open: tuple[str, ...]
    """the names of the hypotheses that nothing rules out"""
    ruled_out: tuple[str, ...]
    hypotheses: tuple[HypothesisEntry, ...]
    observations: tuple[ObservationEntry, ...]
    uncounted: tuple[UncountedEntry, ...]
    done: tuple[DoneEntry, ...]
    next: tuple[ExperimentEntry, ...]
    """the experiments that are left, in the order in which to do them"""


def explain_document(result: ExplainResult) -> ExplainDocument:
    """Return the document of an explanation."""
    return ExplainDocument(
        schema_version=1,
        npufit_version=__version__,
        model=result.name,
        target=str(result.target),
        converter=result.converter,
        operators=result.operators,
        complete=result.is_complete,
        open=tuple(judgement.hypothesis.name for judgement in result.open_hypotheses),
        ruled_out=tuple(judgement.hypothesis.name for judgement in result.ruled_out),
        hypotheses=tuple(_hypothesis(judgement, result) for judgement in result.judgements),
        observations=tuple(map(_observation, result.seen)),
        uncounted=tuple(UncountedEntry(*entry) for entry in result.uncounted),
        done=tuple(map(_done, result.done)),
        next=tuple(map(_planned, result.plan)),
    )


def _hypothesis(judgement: Judgement, result: ExplainResult) -> HypothesisEntry:
    hypothesis, closest = judgement.hypothesis, judgement.closest
    predicted = next((entry for entry in result.predicted if entry.hypothesis == hypothesis.name), None)
    remedy = next((entry for entry in result.remedies if entry[0] == hypothesis.name), None)
    ends = dict.fromkeys((judgement.explanations[0], judgement.explanations[-1])) if judgement.explanations else ()
    return HypothesisEntry(
        name=hypothesis.name,
        title=hypothesis.title,
        statement=hypothesis.statement,
        standing=judgement.standing,
        reason=judgement.reason,
        support=hypothesis.support,
        objection=hypothesis.objection,
        parameters=len(judgement.explanations),
        examples=tuple(map(str, ends)),
        ruled_out_by=None
        if closest is None
        else ContradictionEntry(closest.seen.name, str(closest.explanation), closest.text),
        figures=tuple(
            FigureEntry(figure.words, figure.largest, figure.converted.name, figure.above, figure.lost.name)
            for figure in judgement.figures
        ),
        prediction=None if predicted is None else PredictionEntry(predicted.fewest, predicted.most, predicted.lost),
        remedy=None if remedy is None else RemedyEntry(*remedy[1:]),
    )


def _observation(seen: SeenConversion) -> ObservationEntry:
    return ObservationEntry(seen.name, seen.what, seen.release, seen.setting, seen.evidence, seen.source)


def _done(done: Done) -> DoneEntry:
    return DoneEntry(
        done.experiment.kind,
        done.experiment.action,
        tuple(map(_observation, done.seen)),
        done.failure,
        done.ruled_out,
    )


def _planned(planned: Planned) -> ExperimentEntry:
    experiment = planned.experiment
    return ExperimentEntry(
        kind=experiment.kind,
        action=experiment.action,
        conversions=len(experiment.networks),
        separation=rounded(planned.separation),
        operators=planned.operators,
        expectations=tuple(map(_expectation, planned.expectations)),
        files=tuple(f"{network.file_name}.tflite" for network in experiment.networks)
        if experiment.kind.changes_the_file
        else (),
    )


def _expectation(expected: Expectation) -> ExpectationEntry:
    return ExpectationEntry(expected.hypothesis, expected.fewest, expected.most, expected.is_different)
