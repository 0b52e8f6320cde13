"""A theory: the fewest and simplest refusals that explain every answer so far. A pure function of the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from npufit.probing.questions import Point
from npufit.probing.searching.columns import Columns, Scored
from npufit.probing.searching.field import Field
from npufit.probing.searching.ledger import Ledger
from npufit.probing.searching.quantities_at_stake import is_derived
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.stacks.probed import Beyond

_SECOND_SIDE_COST = 0.8
_MOST_SIDES = 4
_MANY_WORDS = 3
"""After so many refused words of a quantity without a list of words, every word counts as refused unless accepted."""
_MOST_JOINED = 32
"""Of how many sides every combination is tried."""
_MOST_FAMILIES = 40
_MOST_STARTED = 600

_Box = tuple[Side, ...]
_Families = dict[tuple[tuple[str, Shape, int], ...], tuple[float, list[tuple[Point, _Box]]]]
"""Boxes with their costs and the points that they were made for, by what they are about."""


@dataclass(frozen=True, slots=True)
class Theory:
    """The refusals of one kind of outcome; `unexplained` are the points that none of them covers."""

    refusals: tuple[Refusal, ...]
    unexplained: tuple[Point, ...]


def explain(ledger: Ledger, beyond: Beyond, columns: Columns) -> Theory:
    """Return the theory of one outcome; `columns` are those of what contradicts it."""
    positives = [point for point, outcome in ledger.outcomes.items() if outcome is beyond]
    if not positives:
        return Theory((), ())
    return _Explaining(ledger.field, positives, columns, beyond).theory()


def contradicting(ledger: Ledger, beyond: Beyond) -> list[Point]:
    """Return the points that no refusal with this outcome may contain."""
    if beyond is Beyond.REFUSED:
        return ledger.accepted
    return [point for point, outcome in ledger.outcomes.items() if outcome in (None, Beyond.REFUSED)]


class _Explaining:
    def __init__(self, field: Field, positives: Sequence[Point], columns: Columns, beyond: Beyond) -> None:
        self.field = field
        self.positives = positives
        self.columns = columns
        self._covers: dict[Refusal, frozenset[Point]] = {}
        self.beyond = beyond

    def theory(self) -> Theory:
        """Return the refusals: those with one side first, more sides only for what these leave."""
        boxes: dict[_Box, float] = {(side,): cost for side, cost in self.columns.excluding(self.positives)}
        covered = self._union(boxes)
        left = [point for point in self.positives if point not in covered]
        boxes |= self._boxes(self._joint_families(left, self._deciding_sides))
        covered |= self._union(boxes)
        left = [point for point in left if point not in covered]
        boxes |= self._boxes(self._joint_families(left, self._strong_sides))
        return self._cover(boxes)

    def _joint_families(self, points: Iterable[Point], sides_of: Callable[[Point], list[Scored]]) -> _Families:
        families: _Families = {}
        found: list[Refusal] = []
        for point in points:
            if any(box.covers(self.field, point) for box in found):
                continue
            for box, cost in _joint(sides_of(point), self.columns.everything, self.columns.beside(point)):
                if not self._is_plausible(box):
                    continue
                _add(families, box, cost, point)
                found.append(Refusal(box, self.beyond))
        return families

    def _is_plausible(self, box: _Box) -> bool:
        """Return whether a rule may be about these together: a product or a sum of bytes only with conditions of words.

        Two products side by side explain any answers at all, and nothing that a converter was ever seen to check.
        """
        derived = [side for side in box if side.is_number and is_derived(side.quantity, self.field.axes)]
        return not derived or (len(derived) == 1 and sum(side.is_number for side in box) == 1)

    def _deciding_sides(self, point: Point) -> list[Scored]:
        """Return the cheapest sides that contradicting points with a single other value are not on."""
        beside = self.columns.beside(point)
        sides = [scored for scored in self._joinable(point) if beside & ~scored[1]]
        return sorted(_telling(sides), key=lambda scored: scored[2])[:_MOST_JOINED]

    def _joinable(self, point: Point) -> Iterator[Scored]:
        """Yield the sides at a point that a condition may be about: no single numbers, of which any set would do."""
        for side, mask, cost in self.columns.sides_at(point):
            if side.shape is not Shape.AMONG or all(isinstance(value, str) for value in side.values):
                yield side, mask, cost

    def _strong_sides(self, point: Point) -> list[Scored]:
        """Return the sides that the fewest points contradict."""
        sides = _telling(list(self._joinable(point)))
        return sorted(sides, key=lambda scored: (scored[1].bit_count(), scored[2]))[:_MOST_JOINED]

    def _boxes(self, families: _Families) -> dict[_Box, float]:
        boxes: dict[_Box, float] = {}
        for cost, members in families.values():
            for box in self._widened(members):
                boxes[box] = cost
        return boxes

    def _widened(self, members: Sequence[tuple[Point, _Box]]) -> Iterable[_Box]:
        """Yield the boxes that the members of a family form: as few as nothing contradicts."""
        waiting: list[_Box] = [box for _, box in members]
        while waiting:
            box, *others = waiting
            waiting: list[_Box] = []
            for other in others:
                wider = tuple(_join(one, two) for one, two in zip(box, other, strict=True))
                if wider == box:
                    continue
                if self._is_contradicted(wider):
                    waiting.append(other)
                else:
                    box = wider
            yield box

    def _merged(self, boxes: Sequence[_Box]) -> list[_Box]:
        """Return the boxes with one and the same condition for all words of a quantity, if that explains as much."""
        merged = list(boxes)
        for one, two in permutations(boxes, 2):
            if one in merged and two in merged and len(one) == 1 and len(two) > 1 and one[0].shape is Shape.AMONG:
                points = self._covered(one) | self._covered(two)
                wider = next((box for box in self._in_place(one[0], two, points) if points <= self._covered(box)), None)
                if wider is not None:
                    merged = [box for box in merged if box not in (one, two)] + [wider]
        return merged

    def _in_place(self, words: Side, box: _Box, points: Iterable[Point]) -> Iterable[_Box]:
        """Yield the box with all words of `points` in place of one of its sides."""
        found = [self.field.value(words.quantity, point) for point in points]
        side = replace(words, values=frozenset(word for word in found if word is not None))
        for own in box:
            wider = (side, *(other for other in box if other is not own and other.quantity != side.quantity))
            if len(wider) > 1 and not self._is_contradicted(wider):
                yield wider

    def _generalized(self, box: _Box) -> _Box:
        """Return the box with "no accepted word" in place of refused ones, where an axis does not list all words."""
        return tuple(self._outside(side, box) if self._is_open(side) else side for side in box)

    def _is_open(self, side: Side) -> bool:
        is_listed = side.quantity in self.field.axes or side.shape is not Shape.AMONG
        return not is_listed and len(side.values) >= _MANY_WORDS

    def _outside(self, side: Side, box: _Box) -> Side:
        mask = self.columns.everything
        for other in box:
            if other is not side:
                mask &= self.columns.on(other)
        accepted = [point for index, point in enumerate(self.columns.points) if mask >> index & 1]
        words = {self.field.value(side.quantity, point) for point in accepted}
        return Side(side.quantity, Shape.OUTSIDE, values=frozenset(word for word in words if word is not None))

    def _is_contradicted(self, box: Iterable[Side]) -> bool:
        mask = self.columns.everything
        for side in box:
            mask &= self.columns.on(side)
            if not mask:
                return False
        return True

    def _union(self, boxes: Iterable[_Box]) -> set[Point]:
        return {point for box in boxes for point in self._covered(box)}

    def _covered(self, box: _Box) -> frozenset[Point]:
        key = Refusal(box, self.beyond)
        if key not in self._covers:
            self._covers[key] = frozenset(point for point in self.positives if key.covers(self.field, point))
        return self._covers[key]

    def _cover(self, boxes: dict[_Box, float]) -> Theory:
        left = set(self.positives)
        chosen: list[_Box] = []
        while left:
            best = max(
                boxes, key=lambda box: (len(self._covered(box) & left) / boxes[box] ** 2, -boxes[box]), default=None
            )
            if best is None or not self._covered(best) & left:
                break
            chosen.append(best)
            left -= self._covered(best)
        for box in sorted(chosen, key=lambda box: -boxes[box]):
            others = self._union(one for one in chosen if one != box)
            if self._covered(box) <= others:
                chosen.remove(box)
        chosen = [self._generalized(box) for box in self._merged(chosen)]
        order = {point: place for place, point in enumerate(self.positives)}
        return Theory(
            tuple(Refusal(box, self.beyond) for box in chosen), tuple(sorted(left, key=lambda point: order[point]))
        )


def _add(families: _Families, box: _Box, cost: float, point: Point) -> None:
    box = tuple(sorted(box, key=lambda side: (side.quantity, side.shape)))
    kind = tuple((side.quantity, side.shape, side.bound if side.shape is Shape.NOT_MULTIPLE else 0) for side in box)
    families.setdefault(kind, (cost, []))[1].append((point, box))


def _joint(sides: Sequence[Scored], everything: int, beside: int) -> list[tuple[_Box, float]]:
    """Return the cheapest boxes of as few of `sides` as possible that nothing contradicts.

    Each step excludes one point that the sides so far do not: one of `beside` first, which the fewest sides exclude.
    """
    level: dict[frozenset[int], int] = {frozenset(): everything}
    for _ in range(_MOST_SIDES):
        wider: dict[frozenset[int], int] = {}
        for places, left in level.items():
            bit = (left & beside or left) & -(left & beside or left)
            for place, (_, mask, _) in enumerate(sides):
                if not mask & bit:
                    wider[places | {place}] = left & mask
        found = [places for places, left in wider.items() if not left]
        if found:
            boxes = [_box([sides[place] for place in sorted(places)]) for places in found]
            return sorted(boxes, key=lambda box: box[1])[:_MOST_FAMILIES]
        level = dict(sorted(wider.items(), key=lambda item: item[1].bit_count())[:_MOST_STARTED])
    return []


def _box(sides: Sequence[Scored]) -> tuple[_Box, float]:
    cost = sum(cost for _, _, cost in sides) + (len(sides) - 1) * _SECOND_SIDE_COST
    return tuple(side for side, _, _ in sides), cost


def _telling(sides: Sequence[Scored]) -> list[Scored]:
    """Return the two cheapest of those sides that the same points contradict."""
    alike: dict[int, list[Scored]] = {}
    for scored in sorted(sides, key=lambda scored: scored[2]):
        alike.setdefault(scored[1], []).append(scored)
    return [scored for group in alike.values() for scored in group[:2]]


def _join(side: Side, other: Side) -> Side:
    """Return the side that contains both."""
    if side.shape is Shape.ABOVE:
        return side if side.bound <= other.bound else other
    if side.shape is Shape.BELOW:
        return side if side.bound >= other.bound else other
    return replace(side, values=side.values | other.values)
