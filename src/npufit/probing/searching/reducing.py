"""Reducing a difference: which of the values in which a refused and an accepted point differ matter."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

from npufit.probing.asking import Answer
from npufit.probing.questions import Point
from npufit.probing.searching.ledger import Ledger

Reducing = Generator[Sequence[Point], Sequence[Answer], Point]


def reduce_difference(
    ledger: Ledger, point: Point, anchors: Iterable[Point], is_same: Callable[[Point], bool]
) -> Reducing:
    """Return a point with the outcome of `point` that differs from the nearest of `anchors` in as few axes as possible.

    Only points that are the same to `is_same` count.
    """
    outcome = ledger.outcomes[point]
    anchor: Point = min(anchors, key=lambda other: len(_differing(point, other)))
    differing: list[str] = _differing(point, anchor)
    size = max(len(differing) // 2, 1)
    while len(differing) > 1:
        for start in range(0, len(differing), size):
            names: list[str] = differing[start : start + size]
            if len(names) == len(differing):
                continue
            nearer = point.moved(**{name: anchor[name] for name in names})
            yield from ledger.ask([nearer], "reduce")
            if nearer in ledger.outcomes and ledger.outcomes[nearer] is outcome and is_same(nearer):
                point = nearer
                differing = [name for name in differing if name not in names]
                break
        else:
            if size == 1:
                break
            size //= 2
            continue
        size = min(size, max(len(differing) // 2, 1))
    return point


def _differing(one: Point, other: Point) -> list[str]:
    return [name for (name, value), (_, second) in zip(one.values, other.values, strict=True) if value != second]
