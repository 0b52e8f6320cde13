"""The field that a search walks: points of a space, their models' quantities, and how axes move quantities."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from npufit.probing.questions import Axis, Choices, ImpossibleError, Numbers, Point, Space
from npufit.probing.searching.quantities_at_stake import NUMBER_NAMES, OPEN_WORDS, WORD_NAMES
from npufit.stacks.probed import Measured, Value, measure, value_of

_MOST_NEEDS = 3
"""How often what a model needs may need something itself."""

_LARGE_BYTES = 64 << 10
"""Weights from here on are not kept until somebody asks for their sum."""


class Reading:
    """The quantities and products of one model, each computed once."""

    __slots__ = ("_measured", "_numbers", "_values", "_words")

    def __init__(self, measured: Measured) -> None:
        self._measured = measured
        self._values: dict[str, Value | None] = {}
        self._numbers: dict[str, int] | None = None
        self._words: dict[str, str] | None = None

    @property
    def numbers(self) -> Mapping[str, int]:
        """All quantities and products that are numbers."""
        if self._numbers is None:
            values = {name: self.value(name) for name in NUMBER_NAMES}
            self._numbers = {name: value for name, value in values.items() if isinstance(value, int)}
        return self._numbers

    @property
    def words(self) -> Mapping[str, str]:
        """All quantities that are words."""
        if self._words is None:
            values = {name: self.value(name) for name in WORD_NAMES}
            self._words = {name: value for name, value in values.items() if isinstance(value, str)}
        return self._words

    def value(self, quantity: str) -> Value | None:
        """Return the value of a quantity or product, None if it has none."""
        try:
            return self._values[quantity]
        except KeyError:
            found = self._values[quantity] = value_of(quantity, self._measured)
            return found


class Field:
    """The points of one space. Models are drawn to be measured and dropped: only their quantities are kept."""

    def __init__(self, space: Space, seed: int) -> None:
        self.space = space
        self.random = Random(f"{seed} {space.name}")
        self.axes: Mapping[str, Axis] = {axis.name: axis for axis in space.axes}
        self.numbers = tuple(axis for axis in space.axes if isinstance(axis, Numbers))
        self.choices = tuple(axis for axis in space.axes if isinstance(axis, Choices))
        self._needs: dict[Point, Mapping[str, Value]] = {}
        self._readings: dict[Point, Reading | None] = {}
        self._words: dict[str, set[str]] = {name: set() for name in OPEN_WORDS}

    @property
    def base(self) -> Point:
        """The point where the space starts."""
        return Point(self.space.name, tuple(self.space.base.items()))

    def exists(self, point: Point) -> bool:
        """Return whether there is a model of `point`."""
        return self.reading(point) is not None

    def moved(self, point: Point, **values: Value) -> Point:
        """Return `point` with other values on some axes, and what these need on others to have a model."""
        moved = point.moved(**values)
        for _ in range(_MOST_NEEDS):
            needed = self._needed(moved)
            if not needed:
                break
            moved = moved.moved(**{**needed, **values})
        return moved

    def reading(self, point: Point) -> Reading | None:
        """Return the quantities of a point's model, None if it has no model."""
        if point not in self._readings:
            self._readings[point] = self._read(point)
        return self._readings[point]

    def is_open(self, quantity: str) -> bool:
        """Return whether a quantity is a word of which no axis lists all, such as a pair of strides."""
        return quantity in self._words

    def meet(self, point: Point) -> None:
        """Note the words of a point that is asked about."""
        reading = self.reading(point)
        if reading is not None:
            for name, words in self._words.items():
                words.update([reading.words[name]] if name in reading.words else ())

    def words_met(self, quantity: str) -> int:
        """Return how many different words an open quantity was at the points that were asked about."""
        return len(self._words[quantity])

    def value(self, quantity: str, point: Point) -> Value | None:
        """Return the value of a quantity or product at `point`, None if it has none."""
        reading = self.reading(point)
        return None if reading is None else reading.value(quantity)

    def number(self, quantity: str, point: Point) -> int | None:
        """Return the value of a quantity at `point` if it is a number."""
        value = self.value(quantity, point)
        return value if isinstance(value, int) else None

    def contains(self, axis: Numbers, value: int) -> bool:
        """Return whether `value` lies on `axis`."""
        return axis.least <= value <= axis.most

    def movers(self, quantity: str, point: Point) -> tuple[Numbers, ...]:
        """Return the axes of numbers along which `quantity` changes at `point`; those that it is named after first."""
        start = self.value(quantity, point)
        if start is None:
            return ()
        moving = [axis for axis in self.numbers if self._moves(axis, quantity, point, start)]
        parts = quantity.split("*")
        return tuple(sorted(moving, key=lambda axis: axis.name not in parts))

    def _moves(self, axis: Numbers, quantity: str, point: Point, start: Value) -> bool:
        value = point[axis.name]
        assert isinstance(value, int)
        for other in (value + 1, value - 1, 2 * value, value // 2, axis.least):
            if other != value and self.contains(axis, other):
                found = self.value(quantity, point.moved(**{axis.name: other}))
                if found is not None:
                    if found != start:
                        return True
                    if other == 2 * value:
                        return False
        return False

    def _needed(self, point: Point) -> Mapping[str, Value]:
        self.reading(point)
        return self._needs.get(point, {})

    def _read(self, point: Point) -> Reading | None:
        try:
            model = self.space.draw(dict(point.values))
        except ImpossibleError as error:
            self._needs[point] = error.needed
            return None
        graph = model.subgraphs[0]
        measured = measure(graph, graph.operators[self.space.tested[0]])
        weights = measured.get("weights_bytes")
        is_large = isinstance(weights, int) and weights > _LARGE_BYTES
        return Reading(dict(measured) if is_large else measured)
