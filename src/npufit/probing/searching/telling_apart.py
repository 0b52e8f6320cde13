"""Telling quantities apart: which other quantities explain a refusal as well, and the question that decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from npufit.probing.questions import Choices, Numbers, Point
from npufit.probing.searching.knowledge import Knowledge
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.probing.searching.steering import solve

_MOST_RIVALS = 40
_MOST_WITNESSES = 3


@dataclass(frozen=True, slots=True)
class Rival:
    """A side that could stand in place of `own` in a refusal, so far as the answers say, at `witness`.

    `own_good` and `good` are the values of both that are nearest to their bounds and not refused.
    """

    own: Side
    own_good: int | None
    side: Side
    good: int | None
    witness: Point


def rivals_of(known: Knowledge, refusal: Refusal) -> list[Rival]:
    """Return the other sides that explain the nearest refused points as well, the simplest first."""
    columns = known.columns(refusal.beyond)
    found: dict[tuple[str, Shape], tuple[float, Rival]] = {}
    for own in refusal.sides:
        rest = columns.everything
        for other in refusal.sides:
            if other is not own:
                rest &= columns.on(other)
        own_good = known.last_good(refusal, own)
        for witness in _nearest(known, refusal, own):
            for side, mask, cost in columns.sides_at(witness):
                if side.quantity != own.quantity and not mask & rest and _is_comparable(own, side):
                    sides = tuple(side if one is own else one for one in refusal.sides)
                    good = known.last_good(Refusal(sides, refusal.beyond), side)
                    found.setdefault(side.kind, (cost, Rival(own, own_good, side, good, witness)))
    ordered = sorted(found.values(), key=lambda scored: scored[0])
    return [rival for _, rival in ordered[:_MOST_RIVALS]]


def _is_comparable(own: Side, side: Side) -> bool:
    numbers = {Shape.ABOVE, Shape.BELOW, Shape.NOT_MULTIPLE}
    if own.shape in numbers:
        return side.shape in (Shape.ABOVE, Shape.BELOW, Shape.NOT_MULTIPLE)
    return side.shape in (Shape.ABOVE, Shape.BELOW, Shape.AMONG)


def _nearest(known: Knowledge, refusal: Refusal, side: Side) -> Sequence[Point]:
    witnesses = known.witnesses(refusal)
    if side.shape in (Shape.ABOVE, Shape.BELOW):
        at_bound = [point for point in witnesses if known.field.number(side.quantity, point) == side.bound]
        witnesses = at_bound or witnesses
    return witnesses[:_MOST_WITNESSES]


def tell_apart(known: Knowledge, refusal: Refusal, rivals: Sequence[Rival], most: int = 3) -> Iterator[Point]:
    """Yield up to `most` points about which a refusal and its rivals disagree, each deciding on as many as it can."""
    left = [rival for rival in rivals if (refusal, rival.side, rival.good) not in known.settled]
    while left and most:
        rival, *left = left
        point = _deciding(known, refusal, rival)
        if point is None:
            known.settled.add((refusal, rival.side, rival.good))
        else:
            yield point
            most -= 1
            left = [other for other in left if _disagreement(known, refusal, other, point) is None]


def undecided(known: Knowledge, refusal: Refusal) -> list[Rival]:
    """Return the rivals of a refusal that no answer spoke against and that no model can tell from it."""
    return [rival for rival in rivals_of(known, refusal) if not _is_refuted(known, refusal, rival)]


def _is_refuted(known: Knowledge, refusal: Refusal, rival: Rival) -> bool:
    """Return whether something that only this refusal explains would be accepted if the rival held in its place."""
    return any(_disagreement(known, refusal, rival, point) is True for point in known.witnesses(refusal))


def _deciding(known: Knowledge, refusal: Refusal, rival: Rival) -> Point | None:
    """Return a point that only the rival refuses, or one that only the refusal does.

    The first decides if it is accepted. The second decides only if the first cannot be drawn: it may be refused for
    both reasons.
    """
    second: Point | None = None
    is_second_needed = not _is_refuted(known, refusal, rival)
    for point in _candidates(known, refusal, rival):
        disagreement = _disagreement(known, refusal, rival, point)
        if disagreement is None or not known.is_free(point, refusal):
            continue
        if not disagreement:
            return point
        second = second or point
    return second if is_second_needed else None


def _disagreement(known: Knowledge, refusal: Refusal, rival: Rival, point: Point) -> bool | None:
    """Return True if certainly only the refusal contains `point`, False if only the rival; None otherwise."""
    others = [side for side in refusal.sides if side is not rival.own]
    if not all(side.holds(known.field.value(side.quantity, point)) for side in others):
        return None
    one = _verdict(known, rival.own, rival.own_good, point)
    two = _verdict(known, rival.side, rival.good, point)
    return one if one is not None and two is not None and one != two else None


def _verdict(known: Knowledge, side: Side, good: int | None, point: Point) -> bool | None:
    """Return whether a side certainly holds at a point, None between what is known to be accepted and refused."""
    value = known.field.value(side.quantity, point)
    if side.holds(value):
        return True
    if side.shape in (Shape.ABOVE, Shape.BELOW) and isinstance(value, int):
        if good is None:
            return None
        return False if (value <= good if side.shape is Shape.ABOVE else value >= good) else None
    return False


def _candidates(known: Knowledge, refusal: Refusal, rival: Rival) -> Iterator[Point]:
    own, other = rival.own, rival.side
    starts = [rival.witness]
    if rival.own_good is not None:
        points = known.outside(refusal, own)
        starts = [point for point in points if known.field.number(own.quantity, point) == rival.own_good][:1] + starts
    for start in starts:
        if own.shape is Shape.ABOVE and other.shape is Shape.ABOVE:
            yield from _crossing(known, start, over=other, under=own)
            yield from _crossing(known, start, over=own, under=other)
    for start in starts:
        yield from _single_moves(known, start)


def _crossing(known: Knowledge, start: Point, over: Side, under: Side) -> Iterator[Point]:
    """Yield points that just exceed `over`, with other axes smaller so that `under` is not reached."""
    field = known.field
    shrinking = field.movers(under.quantity, start)
    for axis in field.movers(over.quantity, start):
        for smaller in _shrunk(start, shrinking, axis):
            point = solve(field, over.quantity, smaller, axis, over.bound - 1)
            if point is not None:
                value = point[axis.name]
                assert isinstance(value, int)
                if value < axis.most:
                    yield point.moved(**{axis.name: value + 1})


def _shrunk(start: Point, axes: Sequence[Numbers], kept: Numbers) -> Iterator[Point]:
    yield start
    for axis in axes:
        value = start[axis.name]
        assert isinstance(value, int)
        if axis is not kept:
            for smaller in dict.fromkeys((value // 2, value // 4, axis.least)):
                if axis.least <= smaller < value:
                    yield start.moved(**{axis.name: smaller})


def _single_moves(known: Knowledge, start: Point) -> Iterator[Point]:
    for axis in known.field.axes.values():
        value = start[axis.name]
        if isinstance(axis, Choices):
            yield from (start.moved(**{axis.name: word}) for word in axis.words if word != value)
        elif isinstance(value, int):
            for other in dict.fromkeys((value // 2, 2 * value, value // 4, 4 * value, axis.least)):
                if other != value and axis.least <= other <= axis.most:
                    yield start.moved(**{axis.name: other})


def balanced(known: Knowledge, refusal: Refusal) -> Iterator[Point]:
    """Yield points where a refused product comes from factors that are all small.

    One limit on each factor explains the same as long as only one of them was large at a time.
    """
    for side in refusal.sides:
        factors = side.quantity.split("*")
        if side.shape is not Shape.ABOVE or len(factors) == 1 or side.bound < 2:
            continue
        if not all(isinstance(known.field.axes.get(factor), Numbers) for factor in factors):
            continue
        equal = next(size for size in count(1) if size ** len(factors) >= side.bound)
        point = known.field.moved(known.witnesses(refusal)[0], **dict.fromkeys(factors, equal))
        if known.is_free(point, refusal) and refusal.covers(known.field, point):
            yield point
