"""Closing in on a limit: chains with an amount of a quantity that lies strictly between two others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isqrt

from npufit.probing.questions import Point
from npufit.probing.searching.groups.chain import Chain
from npufit.probing.searching.groups.notebook import Notebook
from npufit.probing.searching.groups.theory import Bounds, Ground, Theory, amount

_TEMPLATES = (
    {"length": 8, "c": 16},
    {"length": 4, "c": 64},
    {"length": 4, "c": 16},
    {"length": 2, "c": 16},
    {"length": 2, "c": 4},
    {"length": 2, "c": 1},
)
"""Chains whose amounts grow with the area in ever smaller steps."""

_MOST_SIDE = 4096
_TRIED_AREAS = 64


def chain_between(
    notebook: Notebook, link: str, dtype: str, theory: Theory, bounds: Bounds, ground: Ground
) -> Chain | None:
    """Return a chain that was not asked about, near the middle of `bounds`; None if there is none."""
    if bounds.refused is None or bounds.refused - bounds.taken < 2:
        return None
    middle = (bounds.taken + bounds.refused) // 2
    for point in _candidates(notebook, link, dtype, theory, bounds, middle):
        chain = notebook.draw(point)
        if chain is None or point in notebook.answers or not all(ground.left(chain)):
            continue
        if bounds.taken < amount(chain, tuple(range(len(chain.links))), theory.quantity) < bounds.refused:
            return chain
    return None


def chains_around(notebook: Notebook, points: Sequence[Point], theory: Theory, bounds: Bounds) -> Iterator[Point]:
    """Yield chains like those of `points`, of such a size that they have a little less or more than the limit."""
    for start in dict.fromkeys(point.moved(h=64, w=64) for point in points):
        step, base = _line(notebook, start, theory.quantity)
        for wanted in (bounds.taken * 7 // 8, (bounds.refused or 0) * 9 // 8):
            width = (wanted - base) // (step * 64) if step else 0
            if 0 < width <= _MOST_SIDE:
                yield start.moved(w=width)


def _candidates(
    notebook: Notebook, link: str, dtype: str, theory: Theory, bounds: Bounds, middle: int
) -> Iterator[Point]:
    if theory.quantity == "operators":
        yield notebook.point(links=link, dtype=dtype, h=8, w=8, length=middle)
        return
    if theory.quantity == "weights_bytes":
        yield from _by_depth(notebook, dtype, bounds)
        return
    for template in _TEMPLATES:
        start = notebook.point(links=link, dtype=dtype, **template)
        step, base = _line(notebook, start, theory.quantity)
        if step:
            for h, w in _areas((bounds.taken - base) // step + 1, -((base - (bounds.refused or 0)) // step) - 1):
                yield start.moved(h=h, w=w)


def _line(notebook: Notebook, start: Point, quantity: str) -> tuple[int, int]:
    """Return how much an element of the area adds to the quantity of a chain, and what it has without an area."""
    values = [_whole(notebook, start.moved(h=64, w=side), quantity) for side in (64, 128)]
    step = (values[1] - values[0]) // (64 * 64)
    return step, values[0] - step * 64 * 64


def _whole(notebook: Notebook, point: Point, quantity: str) -> int:
    chain = notebook.draw(point)
    return 0 if chain is None else amount(chain, tuple(range(len(chain.links))), quantity)


def _areas(least: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield heights and widths whose product lies in `least`..`most`, from the middle outwards."""
    middle = (least + most) // 2
    for distance in range(min(_TRIED_AREAS, most - least + 1)):
        for area in dict.fromkeys((middle - distance, middle + distance)):
            if max(least, 1) <= area <= most and (sides := _sides(area)) is not None:
                yield sides


def _sides(area: int) -> tuple[int, int] | None:
    """Return two sides with this product, as nearly square as possible; None if one would be too long."""
    height = next(side for side in range(isqrt(area), 0, -1) if area % side == 0)
    return (height, area // height) if area // height <= _MOST_SIDE else None


def _by_depth(notebook: Notebook, dtype: str, bounds: Bounds) -> Iterator[Point]:
    """Yield chains of convolutions with weights between the bounds: equal ones, and a last one of another depth."""
    middle = (bounds.taken + (bounds.refused or 0)) // 2
    for depth in (512, 256, 128, 64, 32, 16):
        length, rest = divmod(middle, depth * depth)
        if length < 256 and rest >= depth:
            yield notebook.point(
                links="CONV_2D", dtype=dtype, h=4, w=4, c=depth, length=length + 1, tail_c=rest // depth
            )
