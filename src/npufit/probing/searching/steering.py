"""Steering: points at which a quantity has a value between two others, without asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product
from math import isqrt

from npufit.probing.questions import Numbers, Point
from npufit.probing.searching.field import Field

_MOST_TRIES = 60
_SMALL_SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 23, 25, 29, 31, 37)

Allowed = Callable[[Point], bool]


def find_between(
    field: Field, quantity: str, low: int, high: int, starts: Iterable[Point], allowed: Allowed
) -> Point | None:
    """Return a point where `quantity` lies strictly between `low` and `high`, near the middle; None if none is found.

    It is moved from one of `starts` along one axis, or along up to three if no step of one is small enough.
    """
    if high - low < 2:
        return None
    middle = isqrt(low * high) if low > 0 and high > 4 * low else (low + high) // 2
    starts = list(starts)
    for start in starts:
        for axis in field.movers(quantity, start):
            point = solve(field, quantity, start, axis, middle)
            if point is not None and _is_inside(field, quantity, point, low, high) and allowed(point):
                return point
    tries = (point for start in starts for point in _lattice(field, quantity, start, low, high))
    return next((point for point in islice(tries, _MOST_TRIES) if allowed(point)), None)


def solve(field: Field, quantity: str, start: Point, axis: Numbers, target: int) -> Point | None:
    """Return the point on a line along `axis` whose `quantity` is the largest that does not exceed `target`.

    The quantity is taken to grow with the axis; None if no point of the line has so small a value.
    """

    def at(value: int) -> int | None:
        return field.number(quantity, start.moved(**{axis.name: value}))

    low = _first_possible(at, axis)
    if low is None or (found := at(low)) is None or found > target:
        return None
    guess = _guess(at, low, found, target, axis)
    high = axis.most + 1
    if guess is not None:
        value, beyond = at(guess), at(guess + 1) if guess < axis.most else None
        if value is not None and value <= target:
            if guess == axis.most or (beyond is not None and beyond > target):
                return start.moved(**{axis.name: guess})
            low = guess
    while high - low > 1:
        middle = (low + high) // 2
        value = at(middle)
        if value is None or value > target:
            high = middle
        else:
            low = middle
    return start.moved(**{axis.name: low})


def _first_possible(at: Callable[[int], int | None], axis: Numbers) -> int | None:
    for value in (axis.least, axis.least + 1, 2, 3, 4, 8, axis.base):
        if axis.least <= value <= axis.most and at(value) is not None:
            return value
    return None


def _guess(at: Callable[[int], int | None], low: int, found: int, target: int, axis: Numbers) -> int | None:
    """Return where a straight line through two values meets the target."""
    other = min(max(2 * low, low + 4), axis.most)
    second = at(other)
    if second is None or second <= found:
        return None
    slope_above, slope_below = second - found, other - low
    return min(low + (target - found) * slope_below // slope_above, axis.most)


def _is_inside(field: Field, quantity: str, point: Point, low: int, high: int) -> bool:
    value = field.number(quantity, point)
    return value is not None and low < value < high


def _lattice(field: Field, quantity: str, start: Point, low: int, high: int) -> Iterator[Point]:
    """Yield points with the quantity strictly inside, small values on two axes and what fits on a third."""
    axes = field.movers(quantity, start)[:4]
    middle = (low + high) // 2
    for axis in axes:
        others = [other for other in axes if other is not axis][:2]
        if not others:
            continue
        for sizes in product(*(_sizes(other, start) for other in others)):
            moved = start.moved(**{other.name: size for other, size in zip(others, sizes, strict=True)})
            line = _line(field, quantity, moved, axis)
            if line is None:
                continue
            offset, slope = line
            best = (middle - offset) // slope
            for value in (best, best + 1):
                if low < offset + slope * value < high and field.contains(axis, value):
                    point = moved.moved(**{axis.name: value})
                    if _is_inside(field, quantity, point, low, high):
                        yield point


def _sizes(axis: Numbers, start: Point) -> Iterator[int]:
    own = start[axis.name]
    assert isinstance(own, int)
    yield own
    yield from (size for size in _SMALL_SIZES if size != own and axis.least <= size <= axis.most)


def _line(field: Field, quantity: str, point: Point, axis: Numbers) -> tuple[int, int] | None:
    """Return offset and slope of the quantity along an axis, from two of its values; None if it does not grow."""
    one, two = (axis.most // 4, axis.most // 2) if axis.most > 64 else (axis.least, axis.least + 1)
    first = field.number(quantity, point.moved(**{axis.name: one}))
    second = field.number(quantity, point.moved(**{axis.name: two}))
    if first is None or second is None or (second - first) < (two - one) or (second - first) % (two - one):
        return None
    slope = (second - first) // (two - one)
    return first - slope * one, slope
