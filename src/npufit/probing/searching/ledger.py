"""What was asked and answered in one search, and how a search asks."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence

from npufit.probing.asking import Answer, End
from npufit.probing.questions import Point
from npufit.probing.searching.field import Field
from npufit.probing.searching.findings import Asked
from npufit.stacks.probed import Beyond

_BEYOND = {End.ERROR: Beyond.ERROR, End.CRASH: Beyond.CRASH, End.TIMEOUT: Beyond.TIMEOUT, End.FINE: Beyond.REFUSED}

FRESH = ("contexts", "confirm", "fresh")
"""The reasons of questions that test what is believed rather than look for something new."""

_AT_ONCE = 32
"""Questions that are asked together: enough for many workers, few enough for a small budget."""

Asking = Generator[Sequence[Point], Sequence[Answer], None]


class Ledger:
    """All answers of one search, in the order in which they came, each with the reason of its question."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.asked: list[Asked] = []
        self.outcomes: dict[Point, Beyond | None] = {}
        """What happened at each point: None if it was accepted."""
        self.reasons: dict[Point, str] = {}

    def ask(self, points: Iterable[Point], reason: str) -> Asking:
        """Ask about those of `points` that have a model and no answer yet."""
        yield from self.ask_all(dict.fromkeys(points, reason))

    def ask_all(self, reasons: Mapping[Point, str]) -> Asking:
        """Ask about points, each with its reason, as `ask` does."""
        new = [point for point in reasons if point not in self.outcomes and self.field.exists(point)]
        for start in range(0, len(new), _AT_ONCE):
            points = new[start : start + _AT_ONCE]
            answers = yield points
            for point, answer in zip(points, answers, strict=True):
                self._note(point, answer, reasons[point])

    def _note(self, point: Point, answer: Answer, reason: str) -> None:
        is_accepted = answer.end is End.FINE and all(answer.takes(index) for index in self.field.space.tested)
        self.asked.append(Asked(point, answer, is_accepted))
        self.outcomes[point] = None if is_accepted else _BEYOND[answer.end]
        self.reasons[point] = reason
        self.field.meet(point)

    def is_accepted(self, point: Point) -> bool:
        """Return whether `point` was asked about and accepted."""
        return point in self.outcomes and self.outcomes[point] is None

    @property
    def seen(self) -> list[Beyond]:
        """The outcomes apart from acceptance that were met."""
        met = set(self.outcomes.values())
        return [beyond for beyond in Beyond if beyond in met]

    @property
    def accepted(self) -> list[Point]:
        """All accepted points."""
        return [point for point, outcome in self.outcomes.items() if outcome is None]
