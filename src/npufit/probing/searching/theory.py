"""A theory: the fewest and simplest refusals that explain every answer so far. A pure function of the answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from npufit.probing.questions import Point
from npufit.probing.searching.columns import Columns
from npufit.probing.searching.field import Field
from npufit.probing.searching.ledger import Ledger
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.probing.searching.widest_box import Appraisal, Box, Star, fitted
from npufit.stacks.probed import Beyond

_MANY_WORDS = 3
"""After so many refused words of a quantity without a list of words, every word counts as refused unless accepted."""
_SEEDS = 3
"""Around how many answers a box is looked for before the best of them is taken."""


@dataclass(frozen=True, slots=True)
class Theory:
    """The refusals of one kind of outcome; `unexplained` are the points that none of them covers."""

    refusals: tuple[Refusal, ...]
    unexplained: tuple[Point, ...]


def explain(
    ledger: Ledger,
    beyond: Beyond,
    columns: Columns,
    believed: Sequence[Refusal] = (),
    hopeless: Collection[Point] = (),
    *,
    is_plain: bool = False,
) -> Theory:
    """Return the theory of one outcome; `columns` are those of what contradicts it.

    Refusals that were `believed` are taken up again where nothing contradicts them. Around `hopeless` points, which no
    box explained, none is looked for: there are fewer boxes with every answer. A plain theory is about one axis
    at a time.
    """
    positives = [point for point, outcome in ledger.outcomes.items() if outcome is beyond]
    if not positives:
        return Theory((), ())
    explaining = _Explaining(ledger.field, positives, columns, beyond)
    return explaining.plain_theory() if is_plain else explaining.theory(believed, hopeless)


class _Explaining:
    """Explains `positives`, all answers of one kind, without what is in `columns`; sets of positives are bits."""

    def __init__(self, field: Field, positives: Sequence[Point], columns: Columns, beyond: Beyond) -> None:
        self.field, self.positives, self.columns, self.beyond = field, positives, columns, beyond
        self.own = Columns(field, positives)
        self.appraisal = Appraisal(field)

    def theory(self, believed: Sequence[Refusal], hopeless: Collection[Point]) -> Theory:
        """Return the refusals: what was believed, boxes around what that does not explain, and as few of them as do."""
        kept = [refusal.sides for refusal in believed if not self._is_contradicted(refusal.sides)]
        boxes = {box: self._covered(box) for box in kept}
        left = self.own.everything & ~_union(boxes.values())
        boxes |= {(side,): self._covered((side,)) for side, _ in self.columns.excluding(self.positives)}
        star = Star(self.field, self.own, self.columns, self.appraisal)
        unexplained = left & _union(1 << index for index, point in enumerate(self.positives) if point in hopeless)
        left &= ~unexplained
        while left:
            found = self._stars(star, left)
            boxes |= found
            missed = left & ~_union(found.values())
            unexplained |= left & -left if missed == left else 0
            left = missed & ~unexplained
        return self._theory(self._cover(boxes), boxes, unexplained & ~_union(boxes.values()))

    def plain_theory(self) -> Theory:
        """Return only refusals with one side, on an axis."""
        sides = (side for side, _ in self.columns.excluding(self.positives) if side.quantity in self.field.axes)
        boxes: dict[Box, int] = {(side,): self._covered((side,)) for side in sides}
        return self._theory(self._cover(boxes), boxes, self.own.everything & ~_union(boxes.values()))

    def _cover(self, boxes: Mapping[Box, int]) -> list[Box]:
        """Return the boxes that explain everything that any does: always the one that explains most for its cost."""
        chosen: list[Box] = []
        left = _union(boxes.values())
        while left:
            best = max(boxes, key=lambda box: (boxes[box] & left).bit_count() / self.appraisal.cost(box))
            chosen.append(best)
            left &= ~boxes[best]
        return chosen

    def _theory(self, chosen: list[Box], boxes: dict[Box, int], unexplained: int) -> Theory:
        for box in sorted(chosen, key=lambda one: -self.appraisal.cost(one)):
            if not boxes[box] & ~_union(boxes[one] for one in chosen if one != box):
                chosen.remove(box)
        fitting = (self._fitted(box, boxes, chosen) for box in chosen)
        refusals = (Refusal(self._generalized(box), self.beyond) for box in fitting)
        return Theory(tuple(dict.fromkeys(refusals)), tuple(self._points(unexplained)))

    def _fitted(self, box: Box, boxes: Mapping[Box, int], chosen: Sequence[Box]) -> Box:
        """Return a box drawn close around what it explains; its bounds on numbers around what it alone explains."""
        alone = boxes[box] & ~_union(boxes[other] for other in chosen if other != box)
        return fitted(box, self.field, list(self._points(boxes[box])), list(self._points(alone)))

    def _stars(self, star: Star, left: int) -> dict[Box, int]:
        """Return the widest boxes around some answers that are left, spread over them."""
        indices = [index for index in range(len(self.positives)) if left >> index & 1]
        seeds = indices[:: max(1, -(-len(indices) // _SEEDS))]
        found = (star.widest(self.positives[index], left) for index in seeds)
        return dict(box for box in found if box is not None)

    def _covered(self, box: Iterable[Side]) -> int:
        mask = self.own.everything
        for side in box:
            mask &= self.own.on(side)
        return mask

    def _points(self, mask: int) -> Iterator[Point]:
        return (point for index, point in enumerate(self.positives) if mask >> index & 1)

    def _is_contradicted(self, box: Iterable[Side]) -> bool:
        mask = self.columns.everything
        for side in box:
            mask &= self.columns.on(side)
        return bool(mask)

    def _generalized(self, box: Box) -> Box:
        """Return the box with "no accepted word" in place of refused ones, where an axis does not list all words."""
        return tuple(self._outside(side, box) if self._is_open(side) else side for side in box)

    def _is_open(self, side: Side) -> bool:
        is_listed = side.quantity in self.field.axes or side.shape is not Shape.AMONG
        is_of_words = all(isinstance(value, str) for value in side.values)
        return not is_listed and is_of_words and len(side.values) >= _MANY_WORDS

    def _outside(self, side: Side, box: Box) -> Side:
        mask = self.columns.everything
        for other in box:
            if other is not side:
                mask &= self.columns.on(other)
        accepted = [point for index, point in enumerate(self.columns.points) if mask >> index & 1]
        words = {self.field.value(side.quantity, point) for point in accepted}
        return Side(side.quantity, Shape.OUTSIDE, values=frozenset(word for word in words if word is not None))


def _union(masks: Iterable[int]) -> int:
    joint = 0
    for mask in masks:
        joint |= mask
    return joint
