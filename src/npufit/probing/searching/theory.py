"""A theory: the fewest and simplest refusals that explain every answer so far. A pure function of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from npufit.probing.questions import Point
from npufit.probing.searching.columns import Columns, Scored
from npufit.probing.searching.field import Field
from npufit.probing.searching.ledger import Ledger
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.stacks.probed import Beyond

_SECOND_SIDE_COST = 0.8
_MOST_TRIPLED = 30
"""Of how many sides triples are tried: those that few points contradict."""
_MOST_FAMILIES = 400

_Box = tuple[Side, ...]
_Families = dict[tuple[tuple[str, Shape, int], ...], tuple[float, list[tuple[Point, _Box]]]]
"""Boxes with their costs and the points that they were made for, by what they are about."""


@dataclass(frozen=True, slots=True)
class Theory:
    """The refusals of one kind of outcome; `unexplained` are the points that none of them covers."""

    refusals: tuple[Refusal, ...]
    unexplained: tuple[Point, ...]


def explain(ledger: Ledger, beyond: Beyond) -> Theory:
    """Return the theory of one outcome."""
    positives = [point for point, outcome in ledger.outcomes.items() if outcome is beyond]
    if not positives:
        return Theory((), ())
    return _Explaining(ledger.field, positives, Columns(ledger.field, contradicting(ledger, beyond)), beyond).theory()


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
        families: _Families = {}
        for point in self.positives:
            for side, _, cost in self.columns.excluding_sides(point):
                _add(families, (side,), cost, point)
        boxes = self._boxes(families)
        covered = self._union(boxes)
        families = {}
        for point in self.positives:
            if point not in covered:
                for box, cost in _joint(list(self.columns.sides_at(point))):
                    _add(families, box, cost, point)
        boxes.update(self._boxes(families))
        return self._cover(boxes)

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
        order = {point: place for place, point in enumerate(self.positives)}
        return Theory(
            tuple(Refusal(box, self.beyond) for box in chosen), tuple(sorted(left, key=lambda point: order[point]))
        )


def _add(families: _Families, box: _Box, cost: float, point: Point) -> None:
    box = tuple(sorted(box, key=lambda side: (side.quantity, side.shape)))
    kind = tuple((side.quantity, side.shape, side.bound if side.shape is Shape.NOT_MULTIPLE else 0) for side in box)
    families.setdefault(kind, (cost, []))[1].append((point, box))


def _joint(sides: Sequence[Scored]) -> list[tuple[_Box, float]]:
    """Return the cheapest boxes of two or three sides that nothing contradicts."""
    sides = _telling(sides)
    found: list[tuple[_Box, float]] = []
    for place, (side, mask, cost) in enumerate(sides):
        for other, other_mask, other_cost in sides[:place]:
            if not mask & other_mask and side.quantity != other.quantity:
                found.append(((side, other), cost + other_cost + _SECOND_SIDE_COST))
    if not found:
        few = sorted(sides, key=lambda scored: (scored[1].bit_count(), scored[2]))[:_MOST_TRIPLED]
        for place, (side, mask, cost) in enumerate(few):
            for second, (other, other_mask, other_cost) in enumerate(few[:place]):
                for third, third_mask, third_cost in few[:second]:
                    if not mask & other_mask & third_mask:
                        found.append(((side, other, third), cost + other_cost + third_cost + 2 * _SECOND_SIDE_COST))
    return sorted(found, key=lambda box: box[1])[:_MOST_FAMILIES]


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
