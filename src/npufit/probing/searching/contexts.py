"""Contexts: other words and sizes around a limit, so that nothing holds only where it was found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, islice, pairwise
from math import exp, log

from npufit.probing.questions import Numbers, Point
from npufit.probing.searching.field import Field
from npufit.probing.searching.knowledge import Knowledge
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.probing.searching.steering import solve
from npufit.stacks.probed import Beyond, Value

_TRIES = 24
_MOST_CORNERS, _MOST_WORDS, _MOST_PAIRS = 8, 48, 12
_MAP_SIDES = ("h", "w", "c")
_MOST_BYTES = 1 << 24
"""Fresh questions stay below this tensor size, so that a converter answers them fast."""


def accepted_words(known: Knowledge, base: Point) -> dict[str, list[str]]:
    """Return the words of each axis that were accepted at the base."""
    return {
        axis.name: [
            word for word in axis.words if known.ledger.is_accepted(known.field.moved(base, **{axis.name: word}))
        ]
        for axis in known.field.choices
    }


def word_pairs(known: Knowledge, base: Point) -> list[Point]:
    """Return few points in which every pair of accepted words of different axes occurs, as far as models allow."""
    words = accepted_words(known, base)
    field = known.field
    left: set[frozenset[tuple[str, str]]] = {
        frozenset([(one, first), (two, second)])
        for one, two in combinations(words, 2)
        for first in words[one]
        for second in words[two]
    }
    rows: list[Point] = []
    failures = 0
    while left and failures < _TRIES:
        candidates = [_random_row(field, base, words) for _ in range(_TRIES)]
        seeds = sorted(left, key=sorted)
        chosen = dict(field.random.choice(seeds))
        candidates += [row.moved(**chosen) for row in candidates[:8]]
        candidates = [row for row in candidates if field.exists(row)]
        best: Point | None = max(candidates, key=lambda row: len(_pairs(row, words) & left), default=None)
        if best is None or not _pairs(best, words) & left:
            failures += 1
            continue
        rows.append(best)
        left -= _pairs(best, words)
    return rows


def changes_under_words(known: Knowledge, base: Point) -> Iterator[Point]:
    """Yield, under each accepted word, the values of sizes and counts at which the answers change at the base."""
    field, words = known.field, accepted_words(known, base)
    for axis in field.numbers:
        for name, some in words.items():
            for value in _changes(known, base, axis):
                for word in some:
                    point = field.moved(base, **{name: word, axis.name: value})
                    if is_small(field, point):
                        yield point


def _changes(known: Knowledge, base: Point, axis: Numbers) -> list[int]:
    """Return the values of an axis on both sides of where the answers change, with all else at the base."""
    asked: dict[int, Beyond | None] = {}
    for point, outcome in known.ledger.outcomes.items():
        value = point[axis.name]
        if isinstance(value, int) and base.moved(**{axis.name: value}) == point:
            asked[value] = outcome
    values = sorted(asked)
    changes = [pair for pair in pairwise(values) if asked[pair[0]] is not asked[pair[1]]]
    return sorted({value for pair in changes for value in pair})


def _random_row(field: Field, base: Point, words: Mapping[str, Sequence[str]]) -> Point:
    return base.moved(**{name: field.random.choice(some) for name, some in words.items() if some})


def _pairs(row: Point, words: Mapping[str, Sequence[str]]) -> set[frozenset[tuple[str, str]]]:
    items = [(name, str(row[name])) for name in words]
    return {frozenset(pair) for pair in combinations(items, 2)}


def few_rows(known: Knowledge, rows: Sequence[Point]) -> list[Point]:
    """Return few of the accepted rows in which every word that they have occurs."""
    accepted = [row for row in rows if known.ledger.is_accepted(row)]
    chosen: list[Point] = []
    seen: set[tuple[str, object]] = set()
    while accepted:
        best = max(accepted, key=lambda row: len(set(row.values) - seen))
        if not set(best.values) - seen:
            break
        chosen.append(best)
        seen |= set(best.values)
    return chosen


def both_sides(known: Knowledge, refusal: Refusal, rows: Sequence[Point]) -> Iterator[Point]:
    """Yield fresh points just outside and just inside a refusal, other values varied in each row; the base is first."""
    yield from _corners(known, refusal)
    yield from _one_larger(known, refusal)
    yield from _pairs_of_numbers(known, refusal, rows[0])
    for side in refusal.sides:
        for row in rows:
            context = _fresh_context(known, refusal, side, row)
            if context is not None:
                yield from _beside(known, refusal, side, context)


def _corners(known: Knowledge, refusal: Refusal) -> Iterator[Point]:
    """Yield what a refusal explains with one other size at its least, and with all of them, for each of its words.

    There it shows if a converter takes a model because any size is small, or because several are.
    """
    field = known.field
    seen: set[tuple[Value | None, ...]] = set()
    for inside in sorted(known.inside(refusal), key=_sum):
        values = tuple(field.value(side.quantity, inside) for side in refusal.sides if not side.is_number)
        if values in seen or len(seen) >= _MOST_WORDS:
            continue
        involved = _involved(field, refusal, inside)
        smaller = [
            point
            for axis in field.numbers
            if axis.name not in involved
            and known.is_only_in(refusal, point := field.moved(inside, **{axis.name: axis.least}))
        ]
        smallest = inside
        for axis in field.numbers:
            point = smallest.moved(**{axis.name: axis.least})
            if axis.name not in involved and refusal.covers(field, point):
                smallest = point
        smaller = [point for point in dict.fromkeys((smallest, *smaller)) if known.is_only_in(refusal, point)]
        if smaller:
            seen.add(values)
            yield from smaller if len(seen) <= _MOST_CORNERS else smaller[:1]


def _one_larger(known: Knowledge, refusal: Refusal) -> Iterator[Point]:
    """Yield what is accepted where one condition does not hold, with one other number above its least.

    What several conditions allow, each of them alone may forbid.
    """
    field = known.field
    for side in refusal.sides if len(refusal.sides) > 1 else ():
        accepted = [point for point in known.outside(refusal, side) if known.ledger.is_accepted(point)]
        for start in sorted(accepted, key=_sum)[:1]:
            for axis in field.numbers:
                if start[axis.name] == axis.least:
                    point = field.moved(start, **{axis.name: axis.least + 1})
                    if known.is_free(point):
                        yield point


def _pairs_of_numbers(known: Knowledge, refusal: Refusal, base: Point) -> Iterator[Point]:
    """Yield, around each pair of numbers that a refusal spares, those at which the answers change at the base.

    A pair is spared because it was met: that an operator enlarges one side by 2 says nothing of 8.
    """
    field = known.field
    for side in refusal.sides:
        if not field.is_open(side.quantity) or side.shape is not Shape.OUTSIDE:
            continue
        changes = {axis.name: _changes(known, base, axis) for axis in field.numbers if axis.name not in _MAP_SIDES}
        smallest: dict[Value | None, Point] = {}
        for point in sorted(known.outside(refusal, side), key=_sum):
            smallest.setdefault(field.value(side.quantity, point), point)
        for point in islice(smallest.values(), _MOST_PAIRS):
            for axis in field.movers(side.quantity, point):
                for value in changes.get(axis.name, ()):
                    other = field.moved(point, **{axis.name: value})
                    if is_small(field, other):
                        yield other


def _sum(point: Point) -> int:
    return sum(value for _, value in point.values if isinstance(value, int))


def _involved(field: Field, refusal: Refusal, point: Point) -> set[str]:
    """Return the axes that the quantities of a refusal depend on."""
    movers = {axis.name for side in refusal.sides for axis in field.movers(side.quantity, point)}
    return movers | {side.quantity for side in refusal.sides}


def _fresh_context(known: Knowledge, refusal: Refusal, side: Side, row: Point) -> Point | None:
    """Return the row with random sizes, in which only what the refusal is about is as where it was refused.

    That is where it was refused nearest to what was accepted, if such a model may be asked about.
    """
    field = known.field
    inside = known.inside(refusal)
    nearest = [point for point in inside if side.is_number and field.value(side.quantity, point) == side.bound]
    for witness in (*nearest[:1], *known.witnesses(refusal)[:1]):
        involved = _involved(field, refusal, witness)
        fixed = {name: value for name, value in witness.values if name in involved}
        for attempt in range(_TRIES):
            point = with_fresh_sizes(field, row, involved, attempt / _TRIES).moved(**fixed)
            if is_small(field, point) and known.is_only_in(refusal, point):
                return point
    return None


def with_fresh_sizes(field: Field, row: Point, kept: set[str], share_of_base: float) -> Point:
    """Return the row with random numbers, small ones more often, on the axes that are not `kept`."""
    values = {
        axis.name: _fresh_size(field, axis)
        for axis in field.numbers
        if axis.name not in kept and field.random.random() >= max(share_of_base, 0.3)
    }
    return row.moved(**values)


def _fresh_size(field: Field, axis: Numbers) -> int:
    least = max(axis.least, 1)
    most = min(axis.most, max(64 * least, 4 * axis.base))
    return max(axis.least, min(axis.most, round(exp(field.random.uniform(log(least), log(most + 1))))))


def is_small(field: Field, point: Point) -> bool:
    """Return whether a model is small enough to be asked about without need."""
    size = field.number("io_bytes", point)
    return field.exists(point) and (size is None or size <= _MOST_BYTES)


def _beside(known: Knowledge, refusal: Refusal, side: Side, inside: Point) -> Iterator[Point]:
    field = known.field
    good = known.last_good(refusal, side)
    if side.shape is Shape.ABOVE and good is not None:
        for axis in field.movers(side.quantity, inside):
            point = solve(field, side.quantity, inside, axis, good)
            if point is None:
                continue
            value = point[axis.name]
            assert isinstance(value, int)
            beyond = point.moved(**{axis.name: value + 1})
            if value < axis.most and refusal.covers(field, beyond):
                yield point
                yield beyond
                return
    yield inside
    axis = field.axes.get(side.quantity)
    if isinstance(axis, Numbers):
        for step in (1, -1, 2):
            value = inside[axis.name]
            assert isinstance(value, int)
            near = inside.moved(**{axis.name: value + step})
            if field.contains(axis, value + step) and known.is_clear(near):
                yield near
                return


def ends(known: Knowledge, rows: Sequence[Point], all_rows: Sequence[Point]) -> Iterator[Point]:
    """Yield each axis of sizes at its largest accepted value in each of few rows, and pairs of axes at large values.

    Two sizes of the feature map are large together under any two words, as what a converter counts depends on types and
    axes; everything else is as small as it can be, so that both get far.
    """
    field = known.field
    for axis in field.numbers:
        for row in rows:
            for start in (row, _smallest(field, row, {axis.name})):
                point = _largest(known, start, axis)
                if point is not None:
                    yield point
    for one, two in combinations(field.numbers, 2):
        is_map = one.name in _MAP_SIDES and two.name in _MAP_SIDES
        for row in all_rows if is_map else rows[:1]:
            start = _smallest(field, row, {one.name, two.name}) if is_map else row
            first = _largest(known, start, one)
            point = None if first is None else _largest(known, first, two)
            if point is not None:
                yield point


def _smallest(field: Field, point: Point, kept: Collection[str]) -> Point:
    """Return a point with every size at its least that is not `kept`, as far as models allow."""
    for axis in field.numbers:
        smaller = point.moved(**{axis.name: axis.least})
        if axis.name not in kept and field.exists(smaller):
            point = smaller
    return point


def _largest(known: Knowledge, row: Point, axis: Numbers) -> Point | None:
    """Return the row at the largest value of an axis at which nothing is known to refuse it and the model is small."""
    field = known.field

    def is_fine(value: int) -> bool:
        point = field.moved(row, **{axis.name: value})
        return is_small(field, point) and known.is_clear(point)

    start = row[axis.name]
    assert isinstance(start, int)
    low, high = start, axis.most
    if is_fine(high):
        return field.moved(row, **{axis.name: high})
    if not is_fine(low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_fine(middle) else (low, middle)
    return field.moved(row, **{axis.name: low})


def fresh_points(known: Knowledge, rows: Sequence[Point], count: int) -> Iterator[Point]:
    """Yield random points that nothing is known to refuse."""
    field = known.field
    for _ in range(count):
        for attempt in range(_TRIES):
            row = field.random.choice(rows)
            point = with_fresh_sizes(field, row, set(), attempt / _TRIES)
            if known.is_free(point) and is_small(field, point):
                yield point
                break
