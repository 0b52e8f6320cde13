"""Limits on segments: operators that are never converted split the network, and each segment is judged alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.quantities import GROUP_QUANTITIES
from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork
from npufit.stacks.neutron.hypotheses.thresholds import thresholds

SEPARATORS = ("PAD",)


@dataclass(frozen=True, slots=True)
class SegmentLimit(Explanation):
    """PADs split the network; a segment stays on the CPU if its `quantity` is above `limit`."""

    quantity: str
    limit: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the separators, and the operators of the segments above the limit."""
        separators = self.separators(network)
        return frozenset(separators).union(
            *(
                segment
                for segment in network.segments(separators)
                if network.size_of(self.quantity, segment.start, segment.stop) > self.limit
            )
        )

    def separators(self, network: SourceNetwork) -> tuple[int, ...]:
        """Return the PADs."""
        return network.of_type(*SEPARATORS)

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"{GROUP_QUANTITIES[self.quantity]} of a segment up to {self.limit:,}"


@dataclass(frozen=True, slots=True)
class LastSegment(Explanation):
    """PADs split the network; only the last segment is kept if `quantity` of the whole is above `limit`."""

    quantity: str
    limit: int

    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the separators, and everything before the last of them in networks above the limit."""
        separators = self.separators(network)
        is_within = network.size_of(self.quantity, 0, len(network)) <= self.limit
        if is_within or not separators:
            return frozenset(separators)
        return frozenset(separators).union(range(network.segments(separators)[-1].start))

    def separators(self, network: SourceNetwork) -> tuple[int, ...]:
        """Return the PADs."""
        return network.of_type(*SEPARATORS)

    def __str__(self) -> str:
        """Return the limit in words."""
        return f"only the last segment above {self.limit:,} {GROUP_QUANTITIES[self.quantity]}"


def segment_limits(seen: Sequence[SourceNetwork]) -> Iterator[SegmentLimit]:
    """Yield limits between all sizes that segments of the networks have, for each quantity."""
    for quantity in GROUP_QUANTITIES:
        sizes = {
            network.size_of(quantity, segment.start, segment.stop)
            for network in seen
            for segment in network.segments(network.of_type(*SEPARATORS))
        }
        for limit in thresholds(sizes):
            yield SegmentLimit(quantity, limit)


def last_segments(seen: Sequence[SourceNetwork]) -> Iterator[LastSegment]:
    """Yield limits between the sizes of the networks, for each quantity."""
    for quantity in GROUP_QUANTITIES:
        sizes = {network.size_of(quantity, 0, len(network)) for network in seen}
        for limit in thresholds(sizes, between=4):
            yield LastSegment(quantity, limit)
