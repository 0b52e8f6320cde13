"""Limits on single operators: whatever surrounds an operator, it is converted if it is within the limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.neutron.hypotheses.thresholds import thresholds

_LARGEST_DIVISOR = 64

Quantities = Sequence[tuple[str, str]]
"""Quantities of an operator, each with what it is in words."""


@dataclass(frozen=True, slots=True)
class OperatorLimit(Explanation):
    """An operator stays on the CPU if `quantity`, called `words`, is above `limit`."""

    quantity: str
    words: str
    limit: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators above the limit."""
        values = network.values(self.quantity)
        return frozenset(index for index, value in enumerate(values) if value is not None and value > self.limit)

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"{self.words} up to {self.limit:,}"


@dataclass(frozen=True, slots=True)
class OperatorDivisor(Explanation):
    """An operator stays on the CPU if `quantity`, called `words`, is no multiple of `divisor`."""

    quantity: str
    words: str
    divisor: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators whose quantity is no multiple."""
        values = network.values(self.quantity)
        return frozenset(index for index, value in enumerate(values) if value is not None and value % self.divisor)

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"{self.words} a multiple of {self.divisor}"


def operator_limits(quantities: Quantities, seen: Sequence[SourceNetwork]) -> Iterator[OperatorLimit]:
    """Yield limits on `quantities` between all values that the networks have."""
    for quantity, words in quantities:
        values = {value for network in seen for value in network.values(quantity) if value is not None}
        for limit in thresholds(values):
            yield OperatorLimit(quantity, words, limit)


def operator_divisors(quantities: Quantities, seen: Sequence[SourceNetwork]) -> Iterator[OperatorDivisor]:
    """Yield divisors of `quantities` that some operator of the networks does not have."""
    for quantity, words in quantities:
        values = {value for network in seen for value in network.values(quantity) if value is not None}
        for divisor in range(2, _LARGEST_DIVISOR + 1):
            if any(value % divisor for value in values):
                yield OperatorDivisor(quantity, words, divisor)
