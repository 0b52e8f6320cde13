"""Other stacks that use the same kernel driver: as sentences, as entries of the document, and as what to ask next."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from npufit.checking import CheckResult, OtherStack, has_complaints
from npufit.cost import Estimate
from npufit.report.document import Count, Document, Milliseconds, rounded
from npufit.report.hazards import effects_cell
from npufit.report.predicted_time import prediction_cell

LABEL = "instead"
"""What a line about a better stack is called."""


@dataclass(frozen=True, slots=True)
class OtherStackEntry(Document):
    """Another stack of the chip that uses the same kernel driver. Times are milliseconds of one inference."""

    target: str
    answered: bool
    """false if its answer would take a compilation; all that follows is then false or null"""
    faster: bool
    """predicted faster by more than its range: even `high_ms` is less than the prediction for the target checked"""
    safer: bool
    """it uses the NPU without a known hazard, and the target checked may crash or be wrong"""
    npu: Count | None
    operators: Count | None
    hazards: Count | None
    total_ms: Milliseconds | None
    low_ms: Milliseconds | None
    high_ms: Milliseconds | None
    measured_networks: Count | None
    """how many networks were measured with this stack; 0: its times are assumptions, null without an estimate"""


def other_stack_entry(result: CheckResult, other: OtherStack) -> OtherStackEntry:
    """Return the entry of another stack beside `result`."""
    answer = other.answer
    summary, estimate = (answer.summary, answer.estimate) if answer is not None else (None, None)
    return OtherStackEntry(
        target=str(other.target),
        answered=answer is not None,
        faster=other.is_faster_than(result),
        safer=other.is_safer_than(result),
        npu=None if summary is None else summary.npu,
        operators=None if summary is None else summary.operators,
        hazards=None if summary is None else summary.hazards,
        total_ms=None if estimate is None else rounded(estimate.total_ms),
        low_ms=None if estimate is None else rounded(estimate.low_ms),
        high_ms=None if estimate is None else rounded(estimate.high_ms),
        measured_networks=None if estimate is None else estimate.band.networks,
    )


def better_stack_lines(result: CheckResult) -> list[str]:
    """Return a sentence for each other stack that is known to be better: faster by more than its range, or safer."""
    return [_sentence(result, other, other.answer) for other in result.better_stacks if other.answer is not None]


def _sentence(result: CheckResult, other: OtherStack, answer: CheckResult) -> str:
    faster = ["is predicted faster, even at the end of its range"] if other.is_faster_than(result) else []
    safer = ["has no known hazard"] if other.is_safer_than(result) else []
    summary = answer.summary
    facts = [prediction_cell(answer), f"{summary.npu} of {summary.operators} operators on the NPU"]
    if summary.hazards:
        facts.append(f"hazards: {effects_cell(answer.placement.hazards)}")
    return (
        f"{other.target}, which uses the same kernel driver, {', and '.join([*faster, *safer])}: {', '.join(facts)}. "
        f"{_basis(answer.estimate)}"
    ).rstrip()


def _basis(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return "Predicted." if estimate.band.networks else "Predicted, never measured."


def steps_to_other_stacks(result: CheckResult, model: str) -> list[tuple[str, str]]:
    """Return commands about other stacks, each with its benefit; `model` is quoted for a shell."""
    benefit = "shows that stack in full, and what it needs"
    steps = [(f"npufit check {model} -t {other.target}", benefit) for other in result.better_stacks]
    if has_complaints(result):
        steps += [
            (
                f"npufit check {model} -t {shlex.quote(result.spelling)} -t {other.target}",
                "compares with the other stack that uses this kernel driver",
            )
            for other in result.others
            if other.answer is None
        ]
    return steps
