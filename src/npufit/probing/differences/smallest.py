"""The smallest point of a space that still shows something: axes back to their base, numbers down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf

from npufit.graph import Model
from npufit.probing.questions import Axis, Choices, ImpossibleError, Point, Space
from npufit.stacks.probed import Value

Shows = Callable[[Sequence[Point]], Sequence[bool]]
"""Whether points show what is looked for, asked all at once."""

_AT_ONCE = 4


def make_smaller(space: Space, point: Point, shows: Shows) -> Point:
    """Return the point with the plainest and smallest model found that `shows` accepts; at worst `point` itself.

    One axis after the other, again while that helps. Raises what `shows` raises.
    """
    smallest, rank = point, rank_of(space, point)
    is_better = True
    while is_better:
        is_better = False
        for axis in space.axes:
            nearer = {it: rank_of(space, it) for it in _nearer(axis, smallest)}
            candidates = sorted((it for it in nearer if nearer[it] < rank), key=nearer.__getitem__)
            found = _first(candidates, shows)
            if found is not None:
                smallest, rank, is_better = found, nearer[found], True
    return smallest


def _first(points: Sequence[Point], shows: Shows) -> Point | None:
    """Return the first of `points` that shows it, asked few at a time: the later ones are larger, and slower."""
    for start in range(0, len(points), _AT_ONCE):
        some = points[start : start + _AT_ONCE]
        found = next((it for it, is_shown in zip(some, shows(some), strict=True) if is_shown), None)
        if found is not None:
            return found
    return None


def _nearer(axis: Axis, point: Point) -> Iterator[Point]:
    """Return points with a plainer or smaller value on `axis`."""
    value = point[axis.name]
    if isinstance(axis, Choices) or isinstance(value, str):
        values: tuple[Value, ...] = (axis.base,)
    else:
        steps = (value >> halvings for halvings in range(1, value.bit_length()))
        values = tuple(it for it in (axis.least, axis.base, *(value - step for step in steps)) if axis.least <= it)
    for other in dict.fromkeys(values):
        if other != value:
            yield point.moved(**{axis.name: other})


def rank_of(space: Space, point: Point) -> tuple[float, float, int, int]:
    """Return how unusual and how large the model of a point is, to compare with others; infinite if there is none."""
    try:
        size = _size(space.draw(dict(point.values)))
    except ImpossibleError:
        return inf, inf, 0, 0
    base = space.base
    unusual = [value for name, value in point.values if value != base[name]]
    words = sum(isinstance(value, str) for value in unusual)
    return words, size, len(unusual), sum(value for _, value in point.values if isinstance(value, int))


def _size(model: Model) -> int:
    """Return the number of elements of all tensors."""
    return sum(tensor.element_count for tensor in model.main.tensors)
