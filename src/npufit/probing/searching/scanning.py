"""The first questions: every word and every size alone, everything else at the base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from npufit.probing.questions import Numbers, Point
from npufit.probing.searching.field import Field

_SMALL = range(1, 10)
_SMALLEST = range(1, 5)
_ODD = (17, 24, 33, 100)


def scan(field: Field, base: Point) -> Iterator[Point]:
    """Yield the base moved along one axis at a time, and along others as far as a model needs it.

    Then the same in small, with every size at its least: there a converter often takes what it refuses elsewhere.
    """
    yield base
    yield from _words(field, base)
    for axis in field.numbers:
        yield from (field.moved(base, **{axis.name: value}) for value in scanned(axis))
    yield from _squares(field, base, _SMALL)
    corner = field.moved(base, **{axis.name: axis.least for axis in field.numbers})
    yield corner
    yield from _words(field, corner)
    for axis in field.numbers:
        values = (*(axis.least - 1 + value for value in _SMALLEST), axis.most - 1, axis.most)
        yield from (field.moved(corner, **{axis.name: value}) for value in values if field.contains(axis, value))
    yield from _squares(field, corner, _SMALLEST)


def _words(field: Field, base: Point) -> Iterator[Point]:
    for axis in field.choices:
        yield from (field.moved(base, **{axis.name: word}) for word in axis.words)


def _squares(field: Field, base: Point, diagonal: Iterable[int]) -> Iterator[Point]:
    """Yield two axes at equal sizes, and at any two of the smallest."""
    for one, two in pairs(field):
        for first, second in (*((size, size) for size in diagonal), *product(_SMALLEST, repeat=2)):
            if field.contains(one, first) and field.contains(two, second):
                yield field.moved(base, **{one.name: first, two.name: second})


def pairs(field: Field) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the axes that are about height and width of the same thing: converters often ask for equal ones."""
    names = {axis.name: axis for axis in field.numbers}
    for axis in field.numbers:
        stem = axis.name.removesuffix("h")
        if stem != axis.name and f"{stem}w" in names:
            yield axis, names[f"{stem}w"]


def scanned(axis: Numbers) -> list[int]:
    """Return the values of an axis that are asked first: small ones, doubled ones, landmarks and both ends."""
    doubled: list[int] = []
    value = 16
    while value < axis.most:
        doubled.append(value)
        value *= 2
    least = {axis.least, axis.most, axis.base}
    values = {*least, *(axis.least - 1 + value for value in _SMALL), *doubled, *_ODD, *axis.landmarks}
    return sorted(value for value in values if axis.least <= value <= axis.most)
