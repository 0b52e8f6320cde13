"""What npufit says of a model before it is measured: its placement and its time, or why it has none."""

from __future__ import annotations

from npufit.boards import BoardFacts
from npufit.checking import CheckResult
from npufit.cost import Kernels
from npufit.formatting import plural
from npufit.measurements import PC_ARCHITECTURES, MeasuredPlacement, PredictedTime
from npufit.measuring.choosing import Choice
from npufit.measuring.preparing import PreparedModel
from npufit.measuring.tools.tool import DelegateFinding
from npufit.stacks import has_compiler

FROM_THE_BOARD = "the board's log"


def predicted_time(prepared: PreparedModel, choice: Choice, facts: BoardFacts) -> tuple[PredictedTime | None, str]:
    """Return the predicted time; if there is none, why, in words."""
    checked = prepared.checked
    if checked is None:
        return None, _why_none(choice, facts)
    if not facts.chip and facts.architecture in PC_ARCHITECTURES:
        return None, f"Nothing is predicted for {facts.architecture}: the target's chip is another one."
    found = checked.estimate
    if found is None:
        return None, _why_no_estimate(checked)
    if found.total_ms is None:
        low, high = found.low_ms, found.high_ms
        span = "" if low is None or high is None else f", {low:.3g} to {high:.3g} ms"
        operators = plural(checked.summary.unknown, "operator")
        return None, f"The place of {operators} is unknown, so there is only a range{span}."
    band = found.band.origin
    origin = f"{found.basis}; {band}" if band else found.basis
    on_cpu = found.cpu_only_ms, origin, found.cpu_only_low_ms, found.cpu_only_high_ms
    return PredictedTime(found.total_ms, found.low_ms, found.high_ms, *on_cpu), ""


def _why_no_estimate(checked: CheckResult) -> str:
    if any(operator.is_npu_call for _, operator in checked.model.operators()):
        return "Nothing is predicted of a file that is already compiled: its calls do not say what they compute."
    return f"npufit has no times for {checked.target.chip}, because nobody has published any."


def _why_none(choice: Choice, facts: BoardFacts) -> str:
    if facts.chip:
        return "Times are predicted for an NPU with its stack, and only the CPU was measured."
    return "The chip is none that npufit knows, so nothing is predicted for its CPU."


def other_kernels(prepared: PreparedModel, xnnpack: bool | None) -> str:
    """Return a sentence if the CPU's time was predicted for other kernels than were measured, otherwise nothing."""
    found = None if prepared.checked is None else prepared.checked.estimate
    if found is None or xnnpack is None:
        return ""
    kernels = next((setting.value for setting in found.settings if setting.name == "kernels"), "")
    if kernels not in list(Kernels) or (kernels == Kernels.XNNPACK) is xnnpack:
        return ""
    told = "for LiteRT's builtin kernels, and XNNPACK" if xnnpack else "for XNNPACK, and LiteRT's builtin kernels"
    option = "--no-xnnpack" if xnnpack else "--xnnpack"
    return f"The CPU's time is predicted {told} ran: {option} measures what is predicted."


def measured_placement(checked: CheckResult | None, finding: DelegateFinding | None) -> MeasuredPlacement | None:
    """Return where the operators ran: as the delegate said if it saw the model's own, otherwise as npufit's check says.

    None if an operator's place is unknown and the board did not tell.
    """
    if checked is None:
        return None
    stack, summary = checked.target.stack, checked.summary
    if finding is not None and finding.took is not None and finding.of is not None and not has_compiler(stack):
        return MeasuredPlacement(finding.took, finding.of - finding.took, finding.partitions or 0, FROM_THE_BOARD)
    if summary.unknown:
        return None
    source = "Vela's file" if has_compiler(stack) else "npufit's rules"
    return MeasuredPlacement(summary.npu, summary.cpu, summary.partitions, source)
