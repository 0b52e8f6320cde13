"""What a CI run may require of two measurements, such as `measured-ms-ratio<=1.05`."""

from __future__ import annotations

from npufit.checking import Gate, GateResult, Quantity, apply_gate, read_gate
from npufit.comparing.measured import MeasuredAspect, MeasuredComparison, MeasuredTime
from npufit.measurements import ProofVerdict


def _ratio(time: MeasuredTime | None) -> float | None:
    return None if time is None else time.ratio


def _count(comparison: MeasuredComparison, aspect: MeasuredAspect) -> int:
    return sum(change.aspect is aspect for change in comparison.changes)


def _outputs_broken(comparison: MeasuredComparison) -> int | None:
    """Return 1 if outputs got wrong; None unless both sides compared them."""
    if comparison.before.outputs is None or comparison.after.outputs is None:
        return None
    return _count(comparison, MeasuredAspect.OUTPUTS_BROKEN)


def _npu_lost(comparison: MeasuredComparison) -> int | None:
    """Return 1 if the NPU no longer runs; None if that is unknown after."""
    if comparison.after.proof.verdict is ProofVerdict.UNKNOWN:
        return None
    return _count(comparison, MeasuredAspect.NPU_LOST)


_QUANTITIES: dict[str, Quantity[MeasuredComparison]] = {
    "measured-ms-ratio": Quantity(lambda c: _ratio(c.time)),
    "cpu-ms-ratio": Quantity(lambda c: _ratio(c.on_cpu)),
    "slower": Quantity(lambda c: None if c.time is None else _count(c, MeasuredAspect.SLOWER)),
    "npu-lost": Quantity(_npu_lost),
    "outputs-broken": Quantity(_outputs_broken),
}
"""Ratios are after over before; the others are 0 or 1."""


def parse_measured_gate(text: str) -> Gate:
    """Return the gate in `text`, such as `npu-lost==0` or `measured-ms-ratio<=1.05`. Raises InputError."""
    return read_gate(text, _QUANTITIES)


def evaluate_measured_gate(gate: Gate, comparison: MeasuredComparison) -> GateResult:
    """Return whether `gate` holds for `comparison`. An unknown value does not pass."""
    return apply_gate(gate, comparison.name, comparison, _QUANTITIES)
