"""Narrowing: the questions that close the gap between the last accepted and the first refused value of a side."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.probing.questions import Choices, Numbers, Point
from npufit.probing.searching.knowledge import Knowledge
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.probing.searching.steering import find_between


def narrow(known: Knowledge, refusal: Refusal) -> Iterator[Point]:
    """Yield points whose answers bring the sides of a refusal nearer to what is accepted; none if they touch."""
    for side in refusal.sides:
        match side.shape:
            case Shape.ABOVE | Shape.BELOW:
                yield from _between(known, refusal, side)
            case Shape.NOT_MULTIPLE:
                yield from _multiples(known, refusal, side)
            case Shape.OUTSIDE:
                yield from _words_accepted_elsewhere(known, refusal, side)
            case Shape.AMONG:
                yield from _neighbours(known, refusal, side)


def _between(known: Knowledge, refusal: Refusal, side: Side) -> Iterator[Point]:
    field = known.field
    witnesses = [
        point for point in known.witnesses(refusal) if field.number(side.quantity, point) == side.bound
    ] or known.witnesses(refusal)
    good = known.last_good(refusal, side)
    if good is None:
        good = _farthest(known, side, witnesses[0])
    gap = refusal.kind, side.quantity, good, side.bound
    if gap in known.settled:
        return
    low, high = sorted((good, side.bound))
    others = [other for other in refusal.sides if other is not side]
    starts = [*witnesses[:2], *_at(known, refusal, side, good)[:2]]

    def is_allowed(point: Point) -> bool:
        return known.is_free(point, refusal) and all(
            other.holds(field.value(other.quantity, point)) for other in others
        )

    point = find_between(field, side.quantity, low, high, starts, is_allowed)
    if point is None:
        known.settled.add(gap)
    else:
        yield point


def _at(known: Knowledge, refusal: Refusal, side: Side, value: int) -> list[Point]:
    points = known.outside(refusal, side)
    return [point for point in points if known.field.number(side.quantity, point) == value]


def _farthest(known: Knowledge, side: Side, witness: Point) -> int:
    """Return a value beyond everything that can be drawn on the accepted side."""
    if side.shape is Shape.ABOVE:
        return 0 if side.bound > 0 else side.bound - 1
    ends = [
        known.field.number(side.quantity, witness.moved(**{axis.name: axis.most}))
        for axis in known.field.movers(side.quantity, witness)
    ]
    return max([side.bound, *(end for end in ends if end is not None)]) + 1


def _multiples(known: Knowledge, refusal: Refusal, side: Side) -> Iterator[Point]:
    divisor = side.bound
    smaller = {divisor // prime for prime in (2, 3, 5, 7) if divisor % prime == 0 and divisor > prime}
    values = {3 * divisor, 5 * divisor, divisor + 1} | {part * (divisor // part + 1) for part in smaller}
    values |= {part * (2 * divisor // part + 1) for part in smaller}
    yield from _with_values(known, refusal, side, sorted(values))


def _neighbours(known: Knowledge, refusal: Refusal, side: Side) -> Iterator[Point]:
    numbers = [value for value in side.values if isinstance(value, int)]
    if numbers:
        beside = sorted({value + step for value in numbers for step in (-1, 1)} - set(numbers))
        yield from _with_values(known, refusal, side, beside)
    elif len(refusal.sides) > 1:
        yield from _other_words(known, refusal, side)


def _with_values(known: Knowledge, refusal: Refusal, side: Side, values: list[int]) -> Iterator[Point]:
    axis = known.field.axes.get(side.quantity)
    if not isinstance(axis, Numbers):
        return
    outside = known.outside(refusal, side)
    asked = {known.field.value(side.quantity, point) for point in (*outside, *known.witnesses(refusal))}
    witness = known.witnesses(refusal)[0]
    for value in values:
        if value not in asked and known.field.contains(axis, value):
            point = witness.moved(**{axis.name: value})
            if known.is_free(point, refusal):
                yield point


def _words_accepted_elsewhere(known: Knowledge, refusal: Refusal, side: Side) -> Iterator[Point]:
    """Yield, for each word that is accepted where a refusal does not hold, a model with it where it does."""
    field, witness = known.field, known.witnesses(refusal)[0]
    asked = {field.value(side.quantity, point) for point in known.inside(refusal)} | side.values
    conditions = {it.quantity: witness[it.quantity] for it in refusal.sides if it.quantity in field.axes}
    for accepted in known.ledger.accepted:
        word = field.value(side.quantity, accepted)
        point = accepted.moved(**conditions)
        is_same = word not in asked and field.value(side.quantity, point) == word
        if is_same and known.is_free(point, refusal) and refusal.covers(field, point):
            asked.add(word)
            yield point


def _other_words(known: Knowledge, refusal: Refusal, side: Side) -> Iterator[Point]:
    """Yield the first witness with the other words of the axis that a condition is about."""
    axis = known.field.axes.get(side.quantity)
    if not isinstance(axis, Choices):
        return
    witness = known.witnesses(refusal)[0]
    for word in axis.words:
        point = witness.moved(**{axis.name: word})
        if known.is_free(point, refusal):
            yield point
