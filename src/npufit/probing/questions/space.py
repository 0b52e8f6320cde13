"""A space of models: what can be varied in a model of one operator, and how such a model is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from npufit.graph import Model
from npufit.stacks.probed import Value


class ImpossibleError(Exception):
    """No model has these values: a VALID window larger than its input, say. A space raises it, a search goes round.

    `needed` are values on other axes with which the model can be drawn (`h=257` for that window), empty if the space
    knows none. They may meet another obstacle, so a search that follows them asks again.
    """

    def __init__(self, message: str, **needed: Value) -> None:
        """Store what is in the way, and the values that would clear it."""
        super().__init__(message)
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Numbers:
    """An axis of whole numbers from `least` to `most`; `base` is where the other axes are searched.

    `landmarks` are asked besides the doubled values: sizes that networks have, so that a single bad one is met.
    """

    name: str
    base: int
    least: int = 1
    most: int = 1 << 16
    landmarks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """An axis of words, such as the padding; the first is where the other axes are searched."""

    name: str
    words: tuple[str, ...]

    @property
    def base(self) -> str:
        """The first word."""
        return self.words[0]


Axis = Numbers | Choices
Values = Mapping[str, Value]
"""A value for each axis of a space, by name."""


@dataclass(frozen=True, slots=True)
class Space:
    """All models of one operator, or of one pattern of a chain.

    `name` finds it (`space_of`); `operator` is the type under test. `draw` makes the model of some values, all axes
    given, and raises ImpossibleError. `tested` are the indices in the main subgraph of the operators that the
    question is about: the answer is yes if all of them are on the NPU.
    """

    name: str
    operator: str
    axes: tuple[Axis, ...]
    draw: Callable[[Values], Model]
    tested: tuple[int, ...] = (0,)

    @property
    def base(self) -> dict[str, Value]:
        """The values where the search starts."""
        return {axis.name: axis.base for axis in self.axes}


@dataclass(frozen=True, slots=True)
class Point:
    """A question: the model of a space with these values, in the order of its axes."""

    space: str
    values: tuple[tuple[str, Value], ...]
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        """Compute the hash once: a search keeps all that it knows by points."""
        object.__setattr__(self, "_hash", hash((self.space, self.values)))

    def __hash__(self) -> int:
        """Return the hash."""
        return self._hash

    def __reduce__(self) -> tuple[type[Point], tuple[str, tuple[tuple[str, Value], ...]]]:
        """Return how another process makes the point: hashes of words are its own."""
        return Point, (self.space, self.values)

    def __getitem__(self, name: str) -> Value:
        """Return the value on the axis called `name`."""
        return dict(self.values)[name]

    def moved(self, **values: Value) -> Point:
        """Return the point with other values on some axes."""
        return Point(self.space, tuple((name, values.get(name, value)) for name, value in self.values))
