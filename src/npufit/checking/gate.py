"""The form of gates, whatever they are about: `QUANTITY>=NUMBER[%]`. Each verb brings a table of its quantities."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from npufit.errors import InputError

Subject = TypeVar("Subject")

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"\s*([a-z0-9-]+)\s*(>=|<=|==|=|>|<)\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


@dataclass(frozen=True, slots=True)
class Quantity(Generic[Subject]):
    """What a gate may ask of a subject: its value, None if unknown, and the total that makes it a percentage."""

    value: Callable[[Subject], float | None]
    total: Callable[[Subject], float] | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """One requirement: a quantity, a comparison and a bound, in percent of the quantity's total if `percent` is set."""

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


def read_gate(text: str, quantities: Mapping[str, Quantity[Any]]) -> Gate:
    """Return the gate in `text`, which asks for one of `quantities`. Raises InputError."""
    match = _FORM.fullmatch(text)
    names = ", ".join(quantities)
    if match is None:
        raise InputError(f"cannot read the gate '{text}'. Write QUANTITY>=NUMBER[%]; quantities: {names}.")
    quantity, comparison, bound, percent = match.groups()
    known = quantities.get(quantity)
    if known is None:
        raise InputError(f"the gate '{text}' names an unknown quantity '{quantity}'. Known: {names}.")
    if percent and known.total is None:
        raise InputError(f"the gate '{text}' asks for a percentage of {quantity}, which has no total. Omit the '%'.")
    return Gate(text.strip(), quantity, comparison, float(bound), bool(percent))


def apply_gate(gate: Gate, target: str, subject: Subject, quantities: Mapping[str, Quantity[Subject]]) -> GateResult:
    """Return whether `gate` holds for `subject`, the answer on `target`. An unknown value does not pass."""
    quantity = quantities[gate.quantity]
    found = quantity.value(subject)
    if found is not None and gate.percent and quantity.total is not None:
        total = quantity.total(subject)
        found = 100.0 * found / total if total else 100.0
    passed = found is not None and _COMPARE[gate.comparison](found, gate.bound)
    return GateResult(gate, target, found, passed)
