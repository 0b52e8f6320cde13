"""Choosing the chains that tell theories apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from npufit.probing.questions import Point
from npufit.probing.searching.groups.chain import Chain
from npufit.probing.searching.groups.theory import Bounds, Ground, Theory, predict

_MOST_AT_ONCE = 4


def most_telling(
    chains: Sequence[Chain], alive: Mapping[Theory, Bounds], ground: Ground, most: int = _MOST_AT_ONCE
) -> list[Point]:
    """Return the chains on whose answers the theories differ most, best first; none if they all agree.

    A chain counts what it separates of the pairs that better ones leave together.
    """
    predictions = [
        (chain, [predict(theory, bounds, ground, chain) for theory, bounds in alive.items()]) for chain in chains
    ]
    together = [tuple[object, ...]() for _ in alive]
    chosen: list[Point] = []
    while len(chosen) < most and predictions:
        scores = [_separated(together, foreseen) for _, foreseen in predictions]
        best = max(range(len(scores)), key=scores.__getitem__)
        if not scores[best]:
            break
        chain, foreseen = predictions.pop(best)
        chosen.append(chain.point)
        together = [(*before, now) for before, now in zip(together, foreseen, strict=True)]
    return chosen


def _separated(together: Sequence[tuple[object, ...]], foreseen: Sequence[tuple[bool, ...] | None]) -> int:
    """Return how many pairs of theories that are `together` so far differ in a prediction that both make."""
    known = [(before, now) for before, now in zip(together, foreseen, strict=True) if now is not None]
    return _pairs(Counter(before for before, _ in known)) - _pairs(Counter(known))


def _pairs(counts: Counter[tuple[object, ...]] | Counter[tuple[tuple[object, ...], tuple[bool, ...]]]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())
