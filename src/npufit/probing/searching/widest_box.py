"""The widest box around an answer that holds none of another kind: a star in the sense of Michalski's AQ.

Rules are learned from the general to the special: a box begins as everything, and each answer of the other kind that it
still holds is shut out by one side more, or by a tighter one. A beam keeps the boxes that explain most for what they
cost, so that one rule with three sides is preferred to thirty with two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from npufit.probing.questions import Numbers, Point
from npufit.probing.searching.columns import DIVISORS, Columns, cost_of_side
from npufit.probing.searching.field import Field
from npufit.probing.searching.quantities_at_stake import WORD_NAMES, is_derived
from npufit.probing.searching.refusal import Shape, Side
from npufit.stacks.probed import Value

Box = tuple[Side, ...]

_MOST_SIDES, _MOST_ODD_SIDES = 4, 2
_SECOND_SIDE_COST = 0.8
_ODD_CONDITION_COST = 1.0
_RESULT_SIDES = ("ofm_h", "ofm_w")
_COUNTS_OF_DIMENSIONS = ("rank", "ofm_rank")
_BEAM = 24
_MOST_STEPS = 60
_PENALTY = 0.02
"""How much less a box is worth if it still holds all answers of the other kind, in answers that it explains."""


@dataclass(frozen=True, slots=True)
class _Appraised:
    """What counts of a side: its cost, and whether it is about a size, an odd number, or one derived from sizes."""

    cost: float
    is_number: bool
    is_odd: bool
    is_derived: bool


class Appraisal:
    """How far-fetched boxes are, as long as no new words are met."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._sides: dict[Side, _Appraised] = {}

    def cost(self, box: Box) -> float:
        """Return the cost of a box: its sides, and what a further side costs.

        A condition on a number is nearly always that it is one, or more than one; other bounds cost more.
        """
        sides = [self._side(side) for side in box]
        odd = sum(side.is_odd for side in sides)
        costs = sum(side.cost for side in sides)
        return costs + (len(box) - 1) * _SECOND_SIDE_COST + _ODD_CONDITION_COST * max(0, odd - 1)

    def is_plausible(self, box: Box) -> bool:
        """Return whether a rule may be about these together: a product or a sum of bytes only with words.

        How many dimensions there are counts as a word: it says what kind of tensor it is, not how large. Two products
        side by side, or three numbers that are odd, explain any answers at all, and nothing that a converter was ever
        seen to check.
        """
        sides = [self._side(side) for side in box]
        if len(box) > _MOST_SIDES or sum(side.is_odd for side in sides) > _MOST_ODD_SIDES:
            return False
        return sum(side.is_number for side in sides) < 2 or not any(side.is_derived for side in sides)

    def _side(self, side: Side) -> _Appraised:
        try:
            return self._sides[side]
        except KeyError:
            field = self._field
            is_odd = side.is_number and not _is_natural(side, field)
            known = self._sides[side] = _Appraised(
                cost_of_side(side, field),
                side.is_number and side.quantity not in _COUNTS_OF_DIMENSIONS,
                is_odd or field.is_open(side.quantity),
                is_odd and is_derived(side.quantity, field.axes),
            )
            return known


def _is_natural(side: Side, field: Field) -> bool:
    """Return whether a side says that a size is one, or more than one."""
    axis = field.axes.get(side.quantity)
    least = axis.least if isinstance(axis, Numbers) else 1 if side.quantity in _RESULT_SIDES else None
    return least is not None and side.bound == (least + 1 if side.shape is Shape.ABOVE else least)


@dataclass(frozen=True, slots=True)
class _Partial:
    """A box that may still hold answers of the other kind: those in `others`; in `own` are those to explain."""

    box: Box
    own: int
    others: int
    cost: float


class Star:
    """Finds boxes among `own` answers and `others`; sets of answers are bits."""

    def __init__(self, field: Field, own: Columns, others: Columns, appraisal: Appraisal) -> None:
        self.field, self.own, self.others, self.appraisal = field, own, others, appraisal
        self._words = {name: own.words(name) for name in WORD_NAMES}

    def widest(self, seed: Point, wanted: int) -> tuple[Box, int] | None:
        """Return the box around `seed` that explains most of `wanted` for its cost, and what it explains.

        None if no box tells it from the others, or if there are none.
        """
        if not self.others.everything:
            return None
        beam = [_Partial((), self.own.everything, self.others.everything, 0.0)]
        best: tuple[float, _Partial] | None = None
        for _ in range(_MOST_STEPS):
            found = self._apart(partial for one in beam for partial in self._narrower(one, seed))
            open_ones: list[tuple[float, _Partial]] = []
            for partial in found:
                worth = (partial.own & wanted).bit_count() / partial.cost
                if partial.others:
                    open_ones.append((worth, partial))
                elif best is None or worth > best[0]:
                    best = worth, partial
            if best is not None:
                open_ones = [(worth, partial) for worth, partial in open_ones if worth > best[0]]
            beam = self._best(open_ones)
            if not beam:
                break
        return None if best is None else (best[1].box, best[1].own)

    def _apart(self, partials: Iterable[_Partial]) -> Collection[_Partial]:
        """Return the cheapest of those boxes that the answers do not tell apart."""
        cheapest: dict[tuple[int, int], _Partial] = {}
        for partial in partials:
            known = cheapest.setdefault((partial.own, partial.others), partial)
            if partial.cost < known.cost:
                cheapest[partial.own, partial.others] = partial
        return cheapest.values()

    def _best(self, open_ones: Sequence[tuple[float, _Partial]]) -> list[_Partial]:
        share = _PENALTY * self.own.everything.bit_count() / max(1, self.others.everything.bit_count())

        def rank(scored: tuple[float, _Partial]) -> tuple[float, float]:
            worth, partial = scored
            return partial.others.bit_count() * share - worth, partial.cost

        return [partial for _, partial in sorted(open_ones, key=rank)[:_BEAM]]

    def _narrower(self, partial: _Partial, seed: Point) -> Iterator[_Partial]:
        """Yield the box with each side that shuts out the first answer of the other kind in it, but not `seed`."""
        first = self.others.points[(partial.others & -partial.others).bit_length() - 1]
        for side in self._between(seed, first):
            box = _with(partial.box, side)
            if box is None or not self.appraisal.is_plausible(box):
                continue
            own, others = partial.own & self.own.on(side), partial.others & self.others.on(side)
            yield _Partial(box, own, others, self.appraisal.cost(box))

    def _between(self, seed: Point, other: Point) -> Iterator[Side]:
        """Yield the widest sides on which `seed` lies and `other` does not."""
        own, barring = self.field.reading(seed), self.field.reading(other)
        assert own is not None
        assert barring is not None
        for name, value in own.numbers.items():
            barred = barring.numbers.get(name, value)
            if value == barred:
                continue
            yield Side(name, Shape.ABOVE, barred + 1) if value > barred else Side(name, Shape.BELOW, barred - 1)
            if name in self.field.axes:
                for divisor in DIVISORS:
                    if value % divisor and not barred % divisor:
                        yield Side(name, Shape.NOT_MULTIPLE, divisor)
        for name, value in own.words.items():
            word = barring.words.get(name, value)
            if value != word:
                yield Side(name, Shape.AMONG, values=self._words[name] - {word})


def _with(box: Box, side: Side) -> Box | None:
    """Return `box` with one side more, which tightens one of its kind; None if it has another divisor already."""
    own = next((one for one in box if one.kind == side.kind), None)
    if own is None:
        return tuple(sorted((*box, side), key=lambda one: one.kind))
    match side.shape:
        case Shape.ABOVE:
            joint = Side(side.quantity, side.shape, max(own.bound, side.bound))
        case Shape.BELOW:
            joint = Side(side.quantity, side.shape, min(own.bound, side.bound))
        case Shape.AMONG:
            joint = Side(side.quantity, side.shape, values=own.values & side.values)
        case _:
            return None
    return tuple(joint if one is own else one for one in box)


def fitted(box: Box, field: Field, points: Sequence[Point], alone: Sequence[Point]) -> Box:
    """Return `box` drawn close around `points`, which lie in it: bounds on numbers around those that are in it `alone`.

    A point that another box explains as well may not say where this one begins.
    """
    return tuple(_fitted(side, field, (alone or points) if side.is_number else points) for side in box)


def _fitted(side: Side, field: Field, points: Sequence[Point]) -> Side:
    if side.shape in (Shape.NOT_MULTIPLE, Shape.OUTSIDE):
        return side
    values = [value for point in points if (value := field.value(side.quantity, point)) is not None]
    if side.shape is Shape.AMONG:
        return Side(side.quantity, side.shape, values=frozenset[Value](values))
    numbers = [value for value in values if isinstance(value, int)]
    return Side(side.quantity, side.shape, min(numbers) if side.shape is Shape.ABOVE else max(numbers))
