"""Operators that are refused as such, at any size: no hypothesis on sizes is about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npufit.stacks.neutron.hypotheses.seen import SeenConversion

_FEW = 0.2
"""Where no larger share was lost, what was lost is taken to be refused as such."""


def without_refused(seen: Sequence[SeenConversion]) -> tuple[SeenConversion, ...]:
    """Return `seen` with networks that leave out what even the best conversion of the same network lost.

    That needs two conversions: one that lost few operators and one that lost more.
    """
    best: dict[tuple[str, ...], SeenConversion] = {}
    worst: dict[tuple[str, ...], int] = {}
    for entry in seen:
        types, lost = entry.network.types, len(entry.bounds.lost)
        worst[types] = max(lost, worst.get(types, 0))
        if types not in best or lost < len(best[types].bounds.lost):
            best[types] = entry
    refused = {types: _refused(entry, worst[types]) for types, entry in best.items()}
    return tuple(_without(entry, refused[entry.network.types]) for entry in seen)


def _refused(best: SeenConversion, most_lost: int) -> frozenset[int]:
    lost = best.bounds.lost & best.network.expected
    is_few = len(lost) <= _FEW * len(best.network.expected) and len(best.bounds.lost) < most_lost
    return lost if is_few else frozenset()


def _without(seen: SeenConversion, operators: frozenset[int]) -> SeenConversion:
    if not operators:
        return seen
    bounds = replace(seen.bounds, lost=seen.bounds.lost - operators)
    return replace(seen, network=seen.network.without(operators), bounds=bounds)
