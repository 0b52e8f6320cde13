"""A whole graph that fails, and a retry with a smaller part at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.quantities import GROUP_QUANTITIES
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.neutron.hypotheses.thresholds import thresholds


@dataclass(frozen=True, slots=True)
class LongestSuffix(Explanation):
    """The last operators are kept, as many as have at most `limit` of `quantity` together."""

    quantity: str
    limit: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators before the longest suffix that fits."""
        return frozenset(range(network.longest_suffix(self.quantity, self.limit)))

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"the longest end within {self.limit:,} {GROUP_QUANTITIES[self.quantity]}"


@dataclass(frozen=True, slots=True)
class HalvedSuffix(Explanation):
    """The last half is tried, then the last quarter, and so on, until it has at most `limit` of `quantity`."""

    quantity: str
    limit: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators before the first half, quarter, … that fits."""
        kept = count = len(network)
        while kept and network.size_of(self.quantity, count - kept, count) > self.limit:
            kept //= 2
        return frozenset(range(count - kept))

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"the last half, quarter, … within {self.limit:,} {GROUP_QUANTITIES[self.quantity]}"


def retried_suffixes(seen: Sequence[SourceNetwork]) -> Iterator[LongestSuffix | HalvedSuffix]:
    """Yield limits between all sizes that ends of the networks have, for each quantity and both ways to retry."""
    for quantity in GROUP_QUANTITIES:
        sizes = {network.size_of(quantity, start, len(network)) for network in seen for start in range(len(network))}
        for limit in thresholds(sizes):
            yield LongestSuffix(quantity, limit)
            yield HalvedSuffix(quantity, limit)
