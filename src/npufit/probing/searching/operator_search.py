"""The search of one operator's limits: scan, explain, narrow, tell apart, and test in other contexts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from itertools import combinations

from npufit.probing.asking import Answer, Unanswered
from npufit.probing.questions import Point, Space
from npufit.probing.searching.contexts import both_sides, changes_under_words, ends, few_rows, fresh_points, word_pairs
from npufit.probing.searching.field import Field
from npufit.probing.searching.findings import OperatorFindings
from npufit.probing.searching.findings_of import findings_of
from npufit.probing.searching.inquiry import Inquiry
from npufit.probing.searching.knowledge import Knowledge
from npufit.probing.searching.ledger import Asking, Ledger
from npufit.probing.searching.narrowing import narrow
from npufit.probing.searching.reducing import reduce_difference
from npufit.probing.searching.refusal import Refusal
from npufit.probing.searching.scanning import scan
from npufit.probing.searching.telling_apart import balanced, rivals_of, tell_apart
from npufit.stacks.probed import Beyond

_AT_ONCE = 16
_MOST_ROUNDS = 80
_MOST_REVISIONS = 6
_FRESH_POINTS = 24
_MOST_UNEXPLAINED = 8
_MOST_QUESTIONS = 2000
"""A converter whose answers are that hard to explain is left with what explains most of them."""


def search_operator(space: Space, seed: int) -> Inquiry[OperatorFindings]:
    """Return what a converter takes of one operator: its limits, each tested on both sides in other contexts."""
    known = Knowledge(Ledger(Field(space, seed)))
    base: Point | None = None
    is_complete = True
    try:
        base = yield from _find_base(known.ledger)
        if base is not None:
            yield from _search(known, base)
            is_complete = len(known.ledger.asked) <= _MOST_QUESTIONS
    except Unanswered:
        is_complete = False
    known.update(anew=True)
    return findings_of(known, base, is_complete)


def _find_base(ledger: Ledger) -> Generator[Sequence[Point], Sequence[Answer], Point | None]:
    """Return an accepted point: the base of the space, or one that differs in one or two words or in one size."""
    base = ledger.field.base
    for points in (
        lambda: [base],
        lambda: _other_bases(ledger.field, base, 1),
        lambda: _other_bases(ledger.field, base, 2),
    ):
        asked = points()
        yield from ledger.ask(asked, "base")
        accepted = next((point for point in asked if ledger.is_accepted(point)), None)
        if accepted is not None:
            return accepted
    return None


def _other_bases(field: Field, base: Point, changes: int) -> list[Point]:
    moves: list[tuple[str, int | str]] = [
        (axis.name, word) for axis in field.choices for word in axis.words if word != axis.base
    ]
    if changes == 1:
        for axis in field.numbers:
            sizes = {axis.least, axis.least + 1, 2, 8, 16, 64} - {axis.base}
            moves += [(axis.name, size) for size in sorted(sizes) if field.contains(axis, size)]
    return [base.moved(**dict(some)) for some in combinations(moves, changes) if len(dict(some)) == changes]


def _search(known: Knowledge, base: Point) -> Asking:
    ledger = known.ledger
    yield from _scan(known, base)
    yield from _settle(known)
    rows = word_pairs(known, base)
    yield from _explore(known, [*rows, *changes_under_words(known, base)], "contexts")
    all_rows = [base, *(row for row in rows if ledger.is_accepted(row))]
    rows = [base, *few_rows(known, rows)]
    tested: set[Refusal] = set()
    for _ in range(_MOST_REVISIONS):
        known.update(anew=True)
        yield from _settle(known)
        new = [refusal for refusal in known.limits if refusal not in tested]
        tested |= set(new)
        points = [point for refusal in new for point in both_sides(known, refusal, rows)]
        surprises = yield from _explore(known, points, "confirm")
        more = yield from _explore(
            known, [*ends(known, rows, all_rows), *fresh_points(known, rows, _FRESH_POINTS)], "fresh"
        )
        if (not new and not surprises and not more) or len(ledger.asked) > _MOST_QUESTIONS:
            break


def _scan(known: Knowledge, base: Point) -> Asking:
    """Ask the first questions, small models first: where a tool is too slow, larger ones are left out."""
    points = sorted(scan(known.field, base), key=lambda point: known.field.number("io_bytes", point) or 0)
    yield from _ask_in_time(known, points, "scan")


def _ask_in_time(known: Knowledge, points: Sequence[Point], reason: str) -> Asking:
    """Ask a few questions at a time, and leave out those for which the tool turns out to be too slow."""
    for start in range(0, len(points), _AT_ONCE):
        late = _count_late(known.ledger)
        some = points[start : start + _AT_ONCE]
        yield from known.ledger.ask([point for point in some if not known.is_slow(point)], reason)
        if _count_late(known.ledger) > late:
            known.update()


def _count_late(ledger: Ledger) -> int:
    return sum(1 for outcome in ledger.outcomes.values() if outcome is Beyond.TIMEOUT)


def _settle(known: Knowledge) -> Asking:
    """Narrow every refusal and tell its quantity from others, until no question is left that would."""
    for _ in range(_MOST_ROUNDS):
        known.update()
        points: dict[Point, str] = {}
        for refusal in known.limits:
            nearer = list(narrow(known, refusal))
            if not nearer:
                nearer = list(tell_apart(known, refusal, rivals_of(known, refusal)))
            if not nearer:
                nearer = list(balanced(known, refusal))
            points |= dict.fromkeys(nearer, refusal.sides[0].quantity)
        if not points or len(known.ledger.asked) > _MOST_QUESTIONS:
            return
        yield from known.ledger.ask_all(points)


def _explore(
    known: Knowledge, points: Iterable[Point], reason: str
) -> Generator[Sequence[Point], Sequence[Answer], int]:
    """Ask, and look into every answer that the theory does not expect; return how many there were."""
    ledger = known.ledger
    points = list(points)
    yield from _ask_in_time(known, points, reason)
    surprises = 0
    for point in points:
        if point not in ledger.outcomes or len(ledger.asked) > _MOST_QUESTIONS:
            continue
        is_same = _surprise(known, point)
        if is_same is not None:
            surprises += 1
            others = [
                other
                for other, outcome in ledger.outcomes.items()
                if (outcome is None) != (ledger.outcomes[point] is None)
            ]
            yield from reduce_difference(ledger, point, others, is_same)
            yield from _settle(known)
    return surprises


def _surprise(known: Knowledge, point: Point) -> Callable[[Point], bool] | None:
    """Return what points surprise as `point` does, None if its answer was expected."""
    outcome = known.ledger.outcomes[point]
    if outcome is Beyond.TIMEOUT:
        return None  # its like would cost a time limit each
    if sum(1 for other in known.unexplained if known.ledger.outcomes[other] is outcome) >= _MOST_UNEXPLAINED:
        return None  # no rule explains them; one more of them tells nothing
    covering = list(known.covering(point))
    if outcome is not None:
        is_expected = any(refusal.beyond is outcome for refusal in covering)
        return None if is_expected else lambda other: next(known.covering(other), None) is None
    return partial(covering[0].covers, known.field) if covering else None
