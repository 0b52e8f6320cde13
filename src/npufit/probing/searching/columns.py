"""Which answers lie on which side of a value: one column for each quantity, answers as bits of an integer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate

from npufit.probing.questions import Point
from npufit.probing.searching.field import Field
from npufit.probing.searching.quantities_at_stake import NUMBER_NAMES, WORD_NAMES, cost_of
from npufit.probing.searching.refusal import Shape, Side
from npufit.stacks.probed import Value

DIVISORS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 128, 256)
_BELOW_COST = 0.15
_DIVISOR_COST = 0.5
_SINGLE_NUMBER_COST = 1.5
_FEW_WORDS, _FURTHER_WORD_COST, _PAIR_COST = 3, 0.05, 0.15
"""A list of words costs more the longer it is: a number that grows beyond a bound says the same in one."""
_MOST_HOLES = 4
"""More refused numbers between accepted ones than this are no holes, but a limit on something else."""

Scored = tuple[Side, int, float]
"""A side, the points on it that contradict it (bits), and its cost."""


class _NumberColumn:
    __slots__ = ("_at_least", "_at_most", "_points", "_values", "everything")

    def __init__(self, values: Sequence[tuple[int, int]]) -> None:
        ordered = sorted(values)
        self._values = [value for value, _ in ordered]
        self._points = [bit for _, bit in ordered]
        self._at_most = [0, *accumulate(self._points, int.__or__)]
        self._at_least = [*reversed([0, *accumulate(reversed(self._points), int.__or__)])]
        self.everything = self._at_most[-1]

    def at_least(self, value: int) -> int:
        return self._at_least[bisect_left(self._values, value)]

    def at_most(self, value: int) -> int:
        return self._at_most[bisect_right(self._values, value)]

    def not_multiple(self, divisor: int) -> int:
        mask = 0
        for value, bit in zip(self._values, self._points, strict=True):
            if value % divisor:
                mask |= bit
        return mask

    def equal(self, value: int) -> int:
        return self.at_least(value) & self.at_most(value)


def _cost_of_words(name: str, count: int, field: Field) -> float:
    """Return the cost of a list of words: those that are refused or those that are not, whichever are fewer."""
    own = 0.9 if name in field.axes else 1.3
    listed = min(count, field.words_met(name) - count) if field.is_open(name) else count
    price = _PAIR_COST if field.is_open(name) else _FURTHER_WORD_COST
    return own + price * max(0, listed - _FEW_WORDS)


def cost_of_side(side: Side, field: Field) -> float:
    """Return how far-fetched a side is."""
    axes = field.axes
    numbers = sum(isinstance(value, int) for value in side.values)
    match side.shape:
        case Shape.ABOVE:
            return cost_of(side.quantity, axes)
        case Shape.BELOW:
            return cost_of(side.quantity, axes) + _BELOW_COST
        case Shape.NOT_MULTIPLE:
            return cost_of(side.quantity, axes) + _DIVISOR_COST + DIVISORS.index(side.bound) / 1000
        case Shape.AMONG if numbers:
            return cost_of(side.quantity, axes) + _SINGLE_NUMBER_COST * numbers
        case _:
            return _cost_of_words(side.quantity, len(side.values), field)


class Columns:
    """The values of all quantities at some points, which no refusal may contain."""

    def __init__(self, field: Field, points: Iterable[Point]) -> None:
        self.field = field
        self.points = list(points)
        readings = [field.reading(point) for point in self.points]
        self._readings = [reading for reading in readings if reading is not None]
        self.everything = (1 << len(self.points)) - 1
        self._numbers: dict[str, _NumberColumn] = {}
        self._words: dict[str, dict[Value, int]] = {}
        self._divided: dict[tuple[str, int], int] = {}
        self._on: dict[Side, int] = {}

    def excluding(self, others: Sequence[Point]) -> Iterator[tuple[Side, float]]:
        """Yield the widest sides on which some of `others` lie and none of the points do, with their costs."""
        readings = [reading for point in others if (reading := self.field.reading(point)) is not None]
        for name in WORD_NAMES:
            words = {value for reading in readings if isinstance(value := reading.value(name), str)}
            new = frozenset(word for word in words if not self.with_word(name, word))
            if new:
                yield Side(name, Shape.AMONG, values=new), _cost_of_words(name, len(new), self.field)
        for name in NUMBER_NAMES:
            numbers = {value for reading in readings if isinstance(value := reading.value(name), int)}
            if numbers:
                yield from self._excluding_numbers(name, numbers)

    def _excluding_numbers(self, name: str, numbers: Collection[int]) -> Iterator[tuple[Side, float]]:
        column, cost = self._number(name), cost_of(name, self.field.axes)
        above = [value for value in numbers if not column.at_least(value)]
        below = [value for value in numbers if not column.at_most(value)]
        if above:
            yield Side(name, Shape.ABOVE, min(above)), cost
        if below:
            yield Side(name, Shape.BELOW, max(below)), cost + _BELOW_COST
        if "*" in name or name not in self.field.axes:
            return
        for place, divisor in enumerate(DIVISORS):
            if any(value % divisor for value in numbers) and not self._not_multiple(name, divisor):
                yield Side(name, Shape.NOT_MULTIPLE, divisor), cost + _DIVISOR_COST + place / 1000
        alone = frozenset(value for value in numbers if not column.at_least(value) & column.at_most(value))
        if 0 < len(alone) <= _MOST_HOLES:
            yield Side(name, Shape.AMONG, values=alone), cost + _SINGLE_NUMBER_COST * len(alone)

    def _not_multiple(self, name: str, divisor: int) -> int:
        key = name, divisor
        if key not in self._divided:
            self._divided[key] = self._number(name).not_multiple(divisor)
        return self._divided[key]

    def sides_at(self, point: Point) -> Iterator[Scored]:
        """Yield the sides on which `point` just lies, but not all of the points."""
        axes, reading = self.field.axes, self.field.reading(point)
        if reading is None:
            return
        for name in WORD_NAMES:
            value = reading.value(name)
            if isinstance(value, str):
                mask = self.with_word(name, value)
                if mask != self.everything:
                    yield Side(name, Shape.AMONG, values=frozenset([value])), mask, _cost_of_words(name, 1, self.field)
        for name in NUMBER_NAMES:
            value = reading.value(name)
            if isinstance(value, int):
                yield from self._number_sides(name, value, cost_of(name, axes))

    def _number_sides(self, name: str, value: int, cost: float) -> Iterator[Scored]:
        column = self._number(name)
        above, below = column.at_least(value), column.at_most(value)
        if above != self.everything:
            yield Side(name, Shape.ABOVE, value), above, cost
        if below != self.everything:
            yield Side(name, Shape.BELOW, value), below, cost + _BELOW_COST
        if "*" in name or name not in self.field.axes:
            return
        for place, divisor in enumerate(DIVISORS):
            if value % divisor:
                mask = self._not_multiple(name, divisor)
                if mask != self.everything:
                    extra = _DIVISOR_COST + place / 1000
                    yield Side(name, Shape.NOT_MULTIPLE, divisor), mask, cost + extra
        yield Side(name, Shape.AMONG, values=frozenset([value])), above & below, cost + _SINGLE_NUMBER_COST

    def on(self, side: Side) -> int:
        """Return the points on a side, as bits."""
        if side.shape is Shape.ABOVE:
            return self._number(side.quantity).at_least(side.bound)
        if side.shape is Shape.BELOW:
            return self._number(side.quantity).at_most(side.bound)
        if side not in self._on:
            readings = enumerate(self._readings)
            self._on[side] = sum(1 << index for index, it in readings if side.holds(it.value(side.quantity)))
        return self._on[side]

    def words(self, name: str) -> frozenset[Value]:
        """Return the words that a quantity is at these points."""
        self.with_word(name, "")
        return frozenset(value for value in self._words[name] if isinstance(value, str))

    def with_word(self, name: str, value: Value) -> int:
        """Return the points at which a quantity is a word, as bits."""
        if name not in self._words:
            masks: dict[Value, int] = {}
            for index, reading in enumerate(self._readings):
                found = reading.value(name)
                if found is not None:
                    masks[found] = masks.get(found, 0) | 1 << index
            self._words[name] = masks
        return self._words[name].get(value, 0)

    def _number(self, name: str) -> _NumberColumn:
        if name not in self._numbers:
            numbers = [reading.numbers for reading in self._readings]
            values = [(some[name], 1 << index) for index, some in enumerate(numbers) if name in some]
            self._numbers[name] = _NumberColumn(values)
        return self._numbers[name]
