"""What was seen of a conversion, as bounds on which operators of the source went to the NPU.

A converter counts its own operators after its optimization. It may have removed some of the source and added others,
so a count is no set of source operators; what it says for certain is kept here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate

from npufit.stacks.neutron.hypotheses.source_network import SourceNetwork

_MAY_VANISH = ("PAD", "QUANTIZE", "DEQUANTIZE", "RESHAPE", "RELU", "RELU6", "DROPOUT", "IDENTITY")
"""Types that an optimizer folds into their neighbours."""

_MOST_OF_ONE = 3
"""Operators that an optimization makes of one, at most. Assumed; the public logs have 1.25 in the mean."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on the operators of a source network that were converted.

    At least `least` and at most `most` were, not counting those that may have vanished; at most `most_lost` were not.
    Those in `converted` were for certain, those in `lost` were not.
    """

    least: int
    most: int
    most_lost: int
    converted: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()

    def without_converted(self) -> Bounds:
        """Return the bounds without operators that were converted for certain."""
        return replace(self, converted=frozenset())


def exact_bounds(network: SourceNetwork, converted: frozenset[int], lost: frozenset[int]) -> Bounds:
    """Return the bounds where a file tells the fate of operators; of those in neither set nothing is known."""
    unknown = len(network) - len(converted) - len(lost)
    return Bounds(len(converted), len(converted) + unknown, len(lost) + unknown, converted, lost)


def counted_bounds(network: SourceNetwork, total: int, converted: int, indices: Iterable[int] | None = None) -> Bounds:
    """Return the bounds of a log: `converted` of `total` operators after optimization, `indices` if they are listed.

    Assumes that the optimization keeps the order of operators and removes only what can be folded.
    """
    count = len(network)
    vanishing = network.of_type(*_MAY_VANISH)
    removed = max(len(vanishing), count - total)
    added = total - count + removed
    least = max(-(-converted // _MOST_OF_ONE), converted - added)
    numbers = Bounds(least, converted, total - converted)
    if indices is None:
        return numbers
    is_converted = [False] * total
    for index in indices:
        is_converted[index] = True
    sums = [0, *accumulate(is_converted)]
    gone = [0, *accumulate(index in vanishing for index in range(count))]
    extra = removed - len(vanishing)
    taken, lost = set[int](), set[int]()
    for operator in set(range(count)).difference(vanishing):
        before, after = gone[operator] + extra, gone[count] - gone[operator] + extra
        first = max(0, operator - before, total - count + operator - added)
        last = min(total - 1, operator + added, total - count + operator + after)
        inside = sums[last + 1] - sums[first]
        if inside == last + 1 - first:
            taken.add(operator)
        elif not inside:
            lost.add(operator)
    return Bounds(numbers.least, numbers.most, numbers.most_lost, frozenset(taken), frozenset(lost))
