"""What a CI run may require of a check, such as `npu-macs>=99%`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from npufit.checking.gate import Gate, GateResult, Quantity, apply_gate, read_gate
from npufit.checking.summary import Summary


class Timed(Protocol):
    """What gates ask of a prediction."""

    @property
    def total_ms(self) -> float | None:
        """Milliseconds of one inference, None if unknown."""
        ...

    @property
    def speed_up(self) -> float | None:
        """How many times faster than the CPU alone, None if unknown."""
        ...


@dataclass(frozen=True, slots=True)
class _Answer:
    """The totals of a check and its predicted time, None without one."""

    summary: Summary
    estimate: Timed | None


_Value = Callable[[_Answer], float | None]


def _counted(count: Callable[[Summary], float]) -> Callable[[_Answer], float]:
    return lambda answer: count(answer.summary)


def _if_all_known(count: Callable[[Summary], float | None]) -> _Value:
    """Return `count`, or unknown while any operator is unknown, because it might still change."""
    return lambda answer: None if answer.summary.unknown else count(answer.summary)


def _predicted(value: Callable[[Timed], float | None]) -> _Value:
    """Return `value` of the estimate, or unknown if there is none."""
    return lambda answer: None if answer.estimate is None else value(answer.estimate)


_OPERATORS = _counted(lambda s: s.operators)
_MACS = _counted(lambda s: s.macs)
_QUANTITIES: dict[str, Quantity[_Answer]] = {
    "npu-operators": Quantity(_counted(lambda s: s.npu), _OPERATORS),
    "cpu-operators": Quantity(_if_all_known(lambda s: s.cpu), _OPERATORS),
    "unknown-operators": Quantity(_counted(lambda s: s.unknown), _OPERATORS),
    "npu-macs": Quantity(_if_all_known(lambda s: None if s.macs_unknown else s.npu_macs), _MACS),
    "partitions": Quantity(_if_all_known(lambda s: s.partitions)),
    "boundary-bytes": Quantity(_if_all_known(lambda s: s.boundary_bytes)),
    "hazards": Quantity(_if_all_known(lambda s: s.hazards)),
    "crashes": Quantity(_if_all_known(lambda s: s.crashes)),
    "predicted-ms": Quantity(_predicted(lambda e: e.total_ms)),
    "speed-up": Quantity(_predicted(lambda e: e.speed_up)),
}
"""`npu-operators` counts operators known to be on the NPU, even if others are unknown; `speed-up` is relative to the
CPU alone."""


def parse_gate(text: str) -> Gate:
    """Return the gate in `text`, such as `npu-operators>=95%` or `hazards==0`. Raises InputError."""
    return read_gate(text, _QUANTITIES)


def evaluate_gate(gate: Gate, target: str, summary: Summary, estimate: Timed | None) -> GateResult:
    """Return whether `gate` holds on `target`, by the totals and the predicted time. An unknown value does not pass."""
    return apply_gate(gate, target, _Answer(summary, estimate), _QUANTITIES)
