"""A refusal: a box of quantities in which a converter does the same with every model. The limits follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.probing.questions import Point
from npufit.probing.searching.field import Field
from npufit.stacks.probed import Beyond, Value


class Shape(StrEnum):
    """How one quantity bounds a refusal."""

    ABOVE = "above"
    BELOW = "below"
    NOT_MULTIPLE = "not a multiple of"
    AMONG = "among"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a refusal: a quantity with `bound` (the nearest refused number, or the divisor) or `values`.

    AMONG holds for `values`, OUTSIDE for every other value: also for those that nobody asked about.
    """

    quantity: str
    shape: Shape
    bound: int = 0
    values: frozenset[Value] = frozenset()

    def holds(self, value: Value | None) -> bool:
        """Return whether a value of the quantity lies on this side; False if there is none."""
        if self.shape is Shape.AMONG:
            return value in self.values
        if self.shape is Shape.OUTSIDE:
            return value is not None and value not in self.values
        if not isinstance(value, int):
            return False
        if self.shape is Shape.ABOVE:
            return value >= self.bound
        return value <= self.bound if self.shape is Shape.BELOW else value % self.bound != 0

    @property
    def is_number(self) -> bool:
        """Whether it is about a number that may be too large, too small or no multiple."""
        return self.shape in (Shape.ABOVE, Shape.BELOW, Shape.NOT_MULTIPLE)

    @property
    def kind(self) -> tuple[str, Shape]:
        """The quantity and the shape, without its bound."""
        return self.quantity, self.shape


@dataclass(frozen=True, slots=True)
class Refusal:
    """What happens where all `sides` hold."""

    sides: tuple[Side, ...]
    beyond: Beyond

    def covers(self, field: Field, point: Point) -> bool:
        """Return whether `point` lies in it."""
        reading = field.reading(point)
        return reading is not None and all(side.holds(reading.value(side.quantity)) for side in self.sides)

    @property
    def kind(self) -> tuple[tuple[str, Shape], ...]:
        """What it is about, without its bounds."""
        return tuple(side.kind for side in self.sides)
