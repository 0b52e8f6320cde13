"""What a search knows at one moment: the answers, and the refusals that explain them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from npufit.probing.questions import Point
from npufit.probing.searching.columns import Columns
from npufit.probing.searching.field import Field
from npufit.probing.searching.ledger import Ledger
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.probing.searching.theory import explain
from npufit.stacks.probed import Beyond

_MOST_RULES = 12
"""A tool that seems to fail for more reasons than this fails for none that the quantities of a model show."""
_CAUTION = 4
"""How much smaller than a model that took too long one must be to be asked about."""


class Knowledge:
    """The answers of one search and the theory of each outcome."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.field: Field = ledger.field
        self.refusals: tuple[Refusal, ...] = ()
        self.unexplained: tuple[Point, ...] = ()
        self._slow: tuple[Refusal, ...] = ()
        self.settled: set[Hashable] = set()
        """What no model can decide, so that it is not looked for again."""
        self.erratic: set[Beyond] = set()
        """Failures that come and go with no pattern, such as those of a heuristic: only the plainest limits count."""
        self._columns: dict[Beyond, Columns] = {}
        self._inside: dict[Refusal, tuple[list[Point], list[Point]]] = {}
        self._known_at = 0

    def update(self, *, anew: bool = False) -> None:
        """Explain all answers: keep the refusals that nothing contradicts, or think of all of them `anew`."""
        believed = () if anew else self.refusals
        hopeless = () if anew else frozenset(self.unexplained)
        self.refusals, self.unexplained = (), ()
        self._slow = ()
        self._forget()
        for beyond in self.ledger.seen:
            own = [refusal for refusal in believed if refusal.beyond is beyond]
            theory = explain(self.ledger, beyond, self.columns(beyond), own, hopeless, is_plain=beyond in self.erratic)
            if beyond is not Beyond.REFUSED and len(theory.refusals) > _MOST_RULES:
                self.erratic.add(beyond)
                theory = explain(self.ledger, beyond, self.columns(beyond), is_plain=True)
            self.refusals += theory.refusals
            self.unexplained += theory.unexplained
        self._inside.clear()
        slow = [refusal for refusal in self.refusals if refusal.beyond is Beyond.TIMEOUT]
        self._slow = tuple(self._widened(refusal) for refusal in slow)

    def contradicting(self, beyond: Beyond) -> list[Point]:
        """Return the points that no refusal with this outcome may contain.

        A tool that refuses a model for one reason never came to where it would have failed for another: such points
        say nothing about failures. What is refused may be refused fast, so it says nothing about time.
        """
        outcomes = self.ledger.outcomes
        if beyond in (Beyond.REFUSED, Beyond.TIMEOUT):
            return self.ledger.accepted
        failed = [point for point, outcome in outcomes.items() if outcome is beyond]
        earlier = [
            refusal
            for refusal in self.refusals
            if refusal.beyond is Beyond.REFUSED and not any(refusal.covers(self.field, point) for point in failed)
        ]
        return [
            point
            for point, outcome in outcomes.items()
            if outcome is None
            or (outcome is Beyond.REFUSED and not any(refusal.covers(self.field, point) for refusal in earlier))
        ]

    @property
    def limits(self) -> list[Refusal]:
        """The refusals that are worth questions: not those that only took too long."""
        return [refusal for refusal in self.refusals if refusal.beyond is not Beyond.TIMEOUT]

    def columns(self, beyond: Beyond) -> Columns:
        """Return the columns of all answers so far that no refusal with this outcome may contain."""
        self._keep_up()
        if beyond not in self._columns:
            self._columns[beyond] = Columns(self.field, self.contradicting(beyond))
        return self._columns[beyond]

    def covering(self, point: Point, apart_from: Refusal | None = None) -> Iterator[Refusal]:
        """Yield the refusals that contain a point."""
        others = (refusal for refusal in self.limits if refusal is not apart_from)
        return (refusal for refusal in others if refusal.covers(self.field, point))

    def is_clear(self, point: Point, apart_from: Refusal | None = None) -> bool:
        """Return whether no other refusal contains a point, and its answer may be expected in time."""
        return not self.is_slow(point) and next(self.covering(point, apart_from), None) is None

    def is_slow(self, point: Point) -> bool:
        """Return whether the tool is too slow for models such as this one."""
        return any(refusal.covers(self.field, point) for refusal in self._slow)

    def is_only_in(self, refusal: Refusal, point: Point) -> bool:
        """Return whether a refusal contains a point, and no other does."""
        return refusal.covers(self.field, point) and self.is_clear(point, refusal)

    def is_free(self, point: Point, apart_from: Refusal | None = None) -> bool:
        """Return whether no other refusal contains a point that has a model and was not asked about."""
        return point not in self.ledger.outcomes and self.field.exists(point) and self.is_clear(point, apart_from)

    def inside(self, refusal: Refusal) -> Sequence[Point]:
        """Return the points that a refusal explains."""
        return self._explained(refusal)[0]

    def witnesses(self, refusal: Refusal) -> Sequence[Point]:
        """Return the points that only this refusal explains, or all of it if there are none."""
        inside, own = self._explained(refusal)
        return own or inside

    def _explained(self, refusal: Refusal) -> tuple[list[Point], list[Point]]:
        """Return the points that a refusal explains, and those that no other does."""
        self._keep_up()
        if refusal not in self._inside:
            points = [point for point, outcome in self.ledger.outcomes.items() if outcome is refusal.beyond]
            inside = [point for point in points if refusal.covers(self.field, point)]
            own = [point for point in inside if next(self.covering(point, refusal), None) is None]
            self._inside[refusal] = inside, own
        return self._inside[refusal]

    def _keep_up(self) -> None:
        """Forget what was derived from fewer answers."""
        if self._known_at != len(self.ledger.asked):
            self._forget()

    def _forget(self) -> None:
        self._columns.clear()
        self._inside.clear()
        self._known_at = len(self.ledger.asked)

    def outside(self, refusal: Refusal, side: Side) -> list[Point]:
        """Return the points that contradict a refusal without one of its sides."""
        others = [other for other in refusal.sides if other is not side]
        points = self.columns(refusal.beyond).points
        return [
            point for point in points if all(other.holds(self.field.value(other.quantity, point)) for other in others)
        ]

    def last_good(self, refusal: Refusal, side: Side) -> int | None:
        """Return the value of a side's quantity that is nearest to its bound and not refused, None if there is none."""
        if side.shape not in (Shape.ABOVE, Shape.BELOW):
            return None
        values = [self.field.number(side.quantity, point) for point in self.outside(refusal, side)]
        if side.shape is Shape.ABOVE:
            return max((value for value in values if value is not None and value < side.bound), default=None)
        return min((value for value in values if value is not None and value > side.bound), default=None)

    def _widened(self, refusal: Refusal) -> Refusal:
        """Return where a tool may be too slow: not only as far out as it was, but nowhere where it was not.

        What one number format takes time for may be refused at once in another.
        """
        sides = (
            replace(side, bound=max(side.bound // _CAUTION, (self.last_good(refusal, side) or 0) + 1))
            if side.shape is Shape.ABOVE
            else side
            for side in refusal.sides
        )
        types = frozenset(it for point in self.inside(refusal) if (it := self.field.value("dtype", point)) is not None)
        return replace(refusal, sides=(*sides, *([Side("dtype", Shape.AMONG, values=types)] if types else [])))
