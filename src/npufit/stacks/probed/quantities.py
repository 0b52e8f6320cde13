"""What a limit can be about: quantities of one operator, measured by one function.

A probe measures the models that it draws, a placement those of users, so that a rule is exactly what was asked. Values
are measured when they are read: the sum of weights, for one, needs every weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from npufit.graph import Operator, Subgraph
from npufit.stacks.probed.limit import Value
from npufit.stacks.probed.measured_numbers import NUMBERS
from npufit.stacks.probed.measured_words import WORDS
from npufit.stacks.probed.operation import Operation, operation_of

Measured = Mapping[str, Value]
"""The quantities that an operator has, by name."""

_QUANTITIES = {**NUMBERS, **WORDS}


class _Measurement(Mapping[str, Value]):
    """The quantities of one operator, each measured once."""

    __slots__ = ("_operation", "_values")

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._values: dict[str, Value | None] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self._values:
            self._values[name] = _QUANTITIES[name](self._operation)
        value = self._values[name]
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in _QUANTITIES if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def measure(subgraph: Subgraph, operator: Operator) -> Measured:
    """Return the quantities that `operator` has; never raises for a valid model."""
    return _Measurement(operation_of(subgraph, operator))


def value_of(quantity: str, measured: Measured) -> Value | None:
    """Return the value of a quantity or of a product of numbers such as `w*c`; None if a part is missing."""
    if "*" not in quantity:
        return measured.get(quantity)
    parts = [measured.get(name) for name in quantity.split("*")]
    numbers = [part for part in parts if isinstance(part, int)]
    return prod(numbers) if len(numbers) == len(parts) else None


def is_known(quantity: str) -> bool:
    """Return whether `quantity` is the name of a quantity or a product of such names."""
    return all(name in _QUANTITIES for name in quantity.split("*"))
