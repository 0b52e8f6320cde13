"""What a CI run may require of a comparison, such as `moved-to-cpu==0`."""

from __future__ import annotations

from collections.abc import Callable

from npufit.checking import Gate, GateResult, Quantity, apply_gate, read_gate
from npufit.comparing.comparison import Comparison
from npufit.stacks import Effect, Unit

_Value = Callable[[Comparison], float | None]


def _if_still_known(count: Callable[[Comparison], int]) -> _Value:
    """Return `count`, or unknown if operators became unknown, because these may have moved too."""
    return lambda comparison: None if comparison.became_unknown else count(comparison)


def _ratio(before: float, after: float) -> float | None:
    if not before:
        return None if after else 1.0
    return after / before


def _memory_ratio(comparison: Comparison) -> float | None:
    """Return the largest growth of a memory that both sides name; None if there is none."""
    ratios = [
        _ratio(change.before.used_bytes, change.after.used_bytes)
        for change in comparison.memory
        if change.before is not None and change.after is not None
    ]
    return max((ratio for ratio in ratios if ratio is not None), default=None)


_QUANTITIES: dict[str, Quantity[Comparison]] = {
    "moved-to-cpu": Quantity(_if_still_known(lambda c: len(c.moved_to_cpu)), lambda c: len(c.matching.pairs)),
    "moved-to-npu": Quantity(lambda c: len(c.moved_to_npu), lambda c: len(c.matching.pairs)),
    "became-unknown": Quantity(lambda c: len(c.became_unknown), lambda c: len(c.matching.pairs)),
    "unmatched-operators": Quantity(lambda c: len(c.matching.added) + len(c.matching.removed)),
    "cpu-operators-gained": Quantity(
        _if_still_known(lambda c: max(0, c.after.count(Unit.CPU) - c.before.count(Unit.CPU)))
    ),
    "hazards-gained": Quantity(_if_still_known(lambda c: len(c.hazards_gained))),
    "hazards-lost": Quantity(lambda c: len(c.hazards_lost)),
    "crashes-gained": Quantity(
        _if_still_known(lambda c: sum(hazard.effect is Effect.CRASH for hazard in c.hazards_gained))
    ),
    "partitions-gained": Quantity(_if_still_known(lambda c: max(0, c.after.partitions - c.before.partitions))),
    "boundary-bytes-ratio": Quantity(lambda c: _ratio(c.before.boundary_bytes, c.after.boundary_bytes)),
    "predicted-ms-ratio": Quantity(lambda c: None if c.time is None else c.time.ratio),
    "memory-ratio": Quantity(_memory_ratio),
}
"""Ratios are after over before."""


def parse_compare_gate(text: str) -> Gate:
    """Return the gate in `text`, such as `hazards-gained==0` or `predicted-ms-ratio<=1.05`. Raises InputError."""
    return read_gate(text, _QUANTITIES)


def evaluate_compare_gate(gate: Gate, comparison: Comparison) -> GateResult:
    """Return whether `gate` holds for `comparison`. An unknown value does not pass."""
    return apply_gate(gate, comparison.name, comparison, _QUANTITIES)
