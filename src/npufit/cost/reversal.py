"""Performance reversals: the run with the NPU is slower than the CPU alone."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost.estimate import Estimate, Measured
from npufit.stacks import Unit


@dataclass(frozen=True, slots=True)
class Reversal:
    """One inference in milliseconds with the NPU, which is slower, and on the CPU alone.

    `measured` is the public measurement that shows it, None for a prediction; `at_least` says that `with_npu_ms` is the
    minimum possible, because the placement is unknown.
    """

    with_npu_ms: float
    cpu_only_ms: float
    measured: Measured | None
    at_least: bool = False


def predicted_reversal(estimate: Estimate) -> Reversal | None:
    """Return the predicted slowdown by the NPU, None if there is none."""
    alone = estimate.cpu_only_ms
    if estimate.total_ms is not None:
        return Reversal(estimate.total_ms, alone, None) if estimate.total_ms > alone else None
    if estimate.low_ms is not None and estimate.low_ms > alone:
        return Reversal(estimate.low_ms, alone, None, at_least=True)
    return None


def measured_reversal(estimate: Estimate, stack: str) -> Reversal | None:
    """Return the measured slowdown: the fastest public run of the same network under `stack` is slower than on the CPU.

    Runs with a caveat do not count if the placement is known and its prediction contradicts them.
    """
    runs = [entry for entry in estimate.measured if entry.unit is Unit.NPU and stack in entry.stack]
    is_known = all(entry.placement.unit is not Unit.UNKNOWN for entry in estimate.operators)
    if is_known and estimate.total_ms is not None and predicted_reversal(estimate) is None:
        runs = [entry for entry in runs if not entry.caution]
    alone = [entry.ms for entry in estimate.measured if entry.unit is Unit.CPU]
    if not runs or not alone:
        return None
    fastest = min(runs, key=lambda entry: entry.ms)
    return Reversal(fastest.ms, min(alone), fastest) if fastest.ms > min(alone) else None
