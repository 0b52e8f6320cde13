"""Gates: what a CI run requires of a check, written `npu-macs>=99%`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npufit.checking.summary import Summary
from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.cost import Estimate

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"\s*([a-z-]+)\s*(>=|<=|==|=|>|<)\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


_Count = Callable[[Summary, "Estimate | None"], float | None]


@dataclass(frozen=True, slots=True)
class _Quantity:
    count: _Count
    total: Callable[[Summary], float] | None = None


def _counted(count: Callable[[Summary], float]) -> _Count:
    return lambda summary, _: count(summary)


def _if_all_known(count: Callable[[Summary], float | None]) -> _Count:
    """Return `count`, or unknown while any operator is unknown, because it might still change."""
    return lambda summary, _: None if summary.unknown else count(summary)


def _predicted(value: Callable[[Estimate], float | None]) -> _Count:
    """Return `value` of the estimate, or unknown if there is none."""
    return lambda _, estimate: None if estimate is None else value(estimate)


_QUANTITIES: dict[str, _Quantity] = {
    "npu-operators": _Quantity(_counted(lambda s: s.npu), lambda s: s.operators),
    "cpu-operators": _Quantity(_if_all_known(lambda s: s.cpu), lambda s: s.operators),
    "unknown-operators": _Quantity(_counted(lambda s: s.unknown), lambda s: s.operators),
    "npu-macs": _Quantity(_if_all_known(lambda s: None if s.macs_unknown else s.npu_macs), lambda s: s.macs),
    "partitions": _Quantity(_if_all_known(lambda s: s.partitions)),
    "boundary-bytes": _Quantity(_if_all_known(lambda s: s.boundary_bytes)),
    "hazards": _Quantity(_if_all_known(lambda s: s.hazards)),
    "crashes": _Quantity(_if_all_known(lambda s: s.crashes)),
    "predicted-ms": _Quantity(_predicted(lambda e: e.total_ms)),
    "speed-up": _Quantity(_predicted(lambda e: e.speed_up)),
}
"""`npu-operators` counts operators known to be on the NPU, even if others are unknown; `speed-up` is relative to the
CPU alone."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One requirement: a quantity, a comparison and a bound, in percent of the model's total if `percent` is set."""

    text: str
    quantity: str
    comparison: str
    bound: float
    percent: bool


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a gate held on one target; `found` is the value in the gate's unit, None if unknown."""

    gate: Gate
    target: str
    found: float | None
    passed: bool

    def __str__(self) -> str:
        """Return the result in words."""
        unit = " %" if self.gate.percent else ""
        found = "unknown" if self.found is None else f"{self.found:.4g}{unit}"
        return f"{'passed' if self.passed else 'FAILED'}: {self.gate.text} on {self.target} (found {found})"


def parse_gate(text: str) -> Gate:
    """Return the gate in `text`, such as `npu-operators>=95%` or `hazards==0`. Raises InputError."""
    match = _FORM.fullmatch(text)
    names = ", ".join(_QUANTITIES)
    if match is None:
        raise InputError(f"cannot read the gate '{text}'. Write QUANTITY>=NUMBER[%]; quantities: {names}.")
    quantity, comparison, bound, percent = match.groups()
    known = _QUANTITIES.get(quantity)
    if known is None:
        raise InputError(f"the gate '{text}' names an unknown quantity '{quantity}'. Known: {names}.")
    if percent and known.total is None:
        raise InputError(f"the gate '{text}' asks for a percentage of {quantity}, which has no total. Omit the '%'.")
    return Gate(text.strip(), quantity, comparison, float(bound), bool(percent))


def evaluate_gate(gate: Gate, target: str, summary: Summary, estimate: Estimate | None) -> GateResult:
    """Return whether `gate` holds on `target`, by the totals and the predicted time. An unknown value does not pass."""
    quantity = _QUANTITIES[gate.quantity]
    found = quantity.count(summary, estimate)
    if found is not None and gate.percent and quantity.total is not None:
        total = quantity.total(summary)
        found = 100.0 * found / total if total else 100.0
    passed = found is not None and _COMPARE[gate.comparison](found, gate.bound)
    return GateResult(gate, target, found, passed)
