"""One model, in a worker: what the rules predict, what the library does, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from npufit.checking import CheckOptions, check
from npufit.differing.answering import Answer, answer_model
from npufit.differing.outcome import OtherPlace, Outcome, PredictedHazard, outcome_text
from npufit.graph import Model
from npufit.jobs import Blob
from npufit.litert import LitertRefusalError
from npufit.stacks import Effect, Evidence, Placement, PlaceOptions, Target, Unit
from npufit.stacks.teflon import is_rounding_note
from npufit.tflite import parse_model
from npufit.vdevice import Library

_SEEN = "teflon.library-crash"


@dataclass(frozen=True, slots=True)
class Work:
    """What to do with every model; fields as in `DifferentialOptions`."""

    target: Target
    library: Library
    answers: bool
    seed: int
    kernel: str | None
    time_limit_s: float


def compare_model(data: Blob, name: str, work: Work) -> str:
    """Return the outcome of the model in `data` as JSON. Raises InputError and ToolError if it cannot be had."""
    model = parse_model(data.data, name)
    place = PlaceOptions(time_limit_s=work.time_limit_s)
    by_rules = check(model, work.target, CheckOptions(place=place, predict=False)).placement
    options = CheckOptions(place=replace(place, library=work.library), predict=False)
    try:
        real = check(model, work.target, options).placement
    except LitertRefusalError as refusal:
        return outcome_text(Outcome(refused_by_litert=refusal.said))
    return outcome_text(_outcome(model, by_rules, real, answer_model(model, real, work)))


def _outcome(model: Model, by_rules: Placement, real: Placement, answer: Answer) -> Outcome:
    told = [placed.evidence is Evidence.EXECUTED for placed in real.operators]
    pairs = [
        (before, after) for before, after, known in zip(by_rules.operators, real.operators, told, strict=True) if known
    ]
    ended_in_load = real.library.ended if real.library is not None else ""
    ended = ended_in_load or answer.ended
    loud = [hazard for hazard in by_rules.hazards if hazard.effect is not Effect.WRONG]
    explaining = by_rules.hazards if answer.is_impossible else loud
    predicted = all(hazard.rule.id != _SEEN for hazard in real.hazards) if ended_in_load else bool(explaining)
    executed = answer.outputs is not None
    refuted = [(hazard.rule, hazard.operators) for hazard in real.hazards if not hazard.certain]  # by the load
    return Outcome(
        operators=len(pairs),
        npu=sum(after.unit is Unit.NPU for _, after in pairs),
        unknown=sum(before.unit is Unit.UNKNOWN for before, _ in pairs),
        otherwise=tuple(
            OtherPlace(
                after.id.subgraph,
                after.id.index,
                model.operator(after.id).name,
                before.finding.rule.id if before.finding is not None else "",
                before.unit,
                after.unit,
            )
            for before, after in pairs
            if before.unit is not Unit.UNKNOWN and before.unit is not after.unit
        ),
        partitions=len(by_rules.partitions),
        real_partitions=None if ended_in_load else _partitions(real, len(by_rules.partitions)),
        hazards=tuple(
            PredictedHazard(hazard.rule.id, hazard.effect, hazard.certain, hazard.culprit.index)
            for hazard in by_rules.hazards
        ),
        ended=ended,
        end_was_predicted=bool(ended) and predicted,
        unseen=tuple(
            dict.fromkeys(
                hazard.rule.id
                for hazard in loud
                if hazard.certain and not ended and (executed or (hazard.rule, hazard.operators) in refuted)
            )
        ),
        outputs=answer.outputs,
        not_run=answer.not_run,
        may_round=any(map(is_rounding_note, by_rules.notes)),
        kernel_refusals=answer.kernel_refusals,
    )


def _partitions(real: Placement, predicted: int) -> int:
    """Return how many partitions the library printed."""
    said = [difference.observed for difference in real.differences if difference.what == "partitions"]
    return int(said[0]) if said else len(real.partitions) if real.differences else predicted
