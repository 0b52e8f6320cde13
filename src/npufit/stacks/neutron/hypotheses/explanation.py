"""One way in which a converter may decide: a hypothesis with a value for each of its parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod

from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork


class Explanation(ABC):
    """Predicts for any network which operators stay on the CPU. A frozen dataclass; `str()` names its parameters."""

    __slots__ = ()

    @abstractmethod
    def lost(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators that are lost although the NPU could take them."""

    def separators(self, network: SourceNetwork) -> tuple[int, ...]:
        """Return the operators that split `network`, so that no optimization folds them away."""
        del network
        return ()

    def most(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators that are converted at most: all of those that are not `expected` may stay."""
        return network.candidates - self.lost(network)

    def least(self, network: SourceNetwork) -> frozenset[int]:
        """Return the operators that are converted at least."""
        return network.expected - self.lost(network)
