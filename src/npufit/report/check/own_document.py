"""The part of a check's document on the user's own measurements."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.checking import CheckResult, OwnMeasurement
from npufit.report.check.own_measurements import board_name
from npufit.report.document import Document, Milliseconds, rounded


@dataclass(frozen=True, slots=True)
class OwnMeasurementEntry(Document):
    """A measurement of the user's own. Times are milliseconds of one inference."""

    file: str
    day: str
    target: str
    """that of the measurement, which may be another version or stack of the chip; empty for the CPU alone"""
    board: str
    """the label that its owner chose, or else the board's model"""
    other_weights: bool
    """the model that was measured has the same structure, but other weights"""
    verdict: str
    """whether the NPU ran: proven, consistent, contradicted or unknown"""
    why: str
    npu_ms: Milliseconds | None
    """null if the NPU did not run, or if it was used by another stack"""
    npu_low_ms: Milliseconds | None
    npu_high_ms: Milliseconds | None
    cpu_ms: Milliseconds | None
    in_range: bool | None
    """whether npu_ms lies in the predicted range; null without one of them"""
    outputs_equal: bool | None
    """whether the board computed what LiteRT's reference kernels do; null if they were not compared"""
    throttled: bool | None


def own_measurement_entries(result: CheckResult) -> tuple[OwnMeasurementEntry, ...]:
    """Return the entries of a target's own measurements."""
    return () if result.own is None else tuple(_entry(result, own) for own in result.own.found)


def _entry(result: CheckResult, own: OwnMeasurement) -> OwnMeasurementEntry:
    measurement, steady = own.measurement, own.with_npu
    return OwnMeasurementEntry(
        file=own.file,
        day=measurement.day,
        target=measurement.target,
        board=board_name(measurement),
        other_weights=own.has_other_weights,
        verdict=measurement.proof.verdict.value,
        why=measurement.proof.sentence,
        npu_ms=None if steady is None else rounded(steady.ms),
        npu_low_ms=None if steady is None else rounded(steady.low_ms),
        npu_high_ms=None if steady is None else rounded(steady.high_ms),
        cpu_ms=None if measurement.cpu is None else rounded(measurement.cpu.ms),
        in_range=own.in_range(result.estimate),
        outputs_equal=None if measurement.outputs is None else measurement.outputs.is_equal,
        throttled=measurement.conditions.throttled,
    )
