"""Sizes of dimensions before and after, kept as products, so that reshapes can be followed.

A dimension is a product of factors, each with its size before and after. A RESHAPE that merges rows and columns into
one dimension keeps both as its factors; one that splits them again separates them. A factor that changes cannot be
split, because nothing says which part of it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, prod
from typing import NamedTuple


class Factor(NamedTuple):
    """A size before and after."""

    old: int
    new: int


Dimension = tuple[Factor, ...]


def dimension(old: int, new: int) -> Dimension:
    """Return a dimension of one factor, of none if it is 1 before and after."""
    return () if old == new == 1 else (Factor(old, new),)


def old_size(factors: Iterable[Factor]) -> int:
    """Return the size before."""
    return prod(factor.old for factor in factors)


def new_size(factors: Iterable[Factor]) -> int:
    """Return the size after."""
    return prod(factor.new for factor in factors)


def is_fixed(factors: Iterable[Factor]) -> bool:
    """Return whether the size stays."""
    return all(factor.old == factor.new for factor in factors)


def reshape(dimensions: Sequence[Dimension], shape: Sequence[int]) -> tuple[Dimension, ...] | None:
    """Return the dimensions of a RESHAPE whose result had `shape` before, None if they cannot be derived.

    Factors are assigned from the left, in memory order.
    """
    if any(factor.old == 1 != factor.new for one in dimensions for factor in one):
        return tuple(dimensions) if tuple(map(old_size, dimensions)) == tuple(shape) else None
    waiting = _coalesced([factor for one in dimensions for factor in one])[::-1]
    result: list[Dimension] = []
    for size in shape:
        taken: list[Factor] = []
        rest = size
        while rest > 1:
            if not waiting:
                return None
            factor = waiting.pop()
            if rest % factor.old:
                share = gcd(rest, factor.old)
                if factor.old != factor.new or share != rest:
                    return None
                waiting.append(Factor(factor.old // share, factor.old // share))
                factor = Factor(share, share)
            taken.append(factor)
            rest //= factor.old
        result.append(tuple(taken))
    return None if waiting else tuple(result)


def _coalesced(factors: Sequence[Factor]) -> list[Factor]:
    """Return the factors with unchanged neighbours merged: they may be split differently elsewhere."""
    result: list[Factor] = []
    for factor in factors:
        if result and is_fixed((result[-1], factor)):
            factor = Factor(result[-1].old * factor.old, result.pop().new * factor.new)
        result.append(factor)
    return result
