"""Findings of what a search knows: refusals as limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.probing.questions import Point
from npufit.probing.searching.findings import OperatorFindings, Reach
from npufit.probing.searching.knowledge import Knowledge
from npufit.probing.searching.ledger import FRESH
from npufit.probing.searching.refusal import Refusal, Shape, Side
from npufit.probing.searching.telling_apart import undecided
from npufit.stacks.probed import Beyond, Condition, Confidence, Crash, Limit, Relation, Value

_MOST_TOLD = 8


def findings_of(known: Knowledge, base: Point | None, is_complete: bool) -> OperatorFindings:
    """Return what is known as findings; `base` is None if nothing was accepted."""
    ledger, space = known.ledger, known.field.space
    asked = tuple(ledger.asked)
    if base is None:
        return OperatorFindings(space.operator, False, (), (), (), asked, (), is_complete)
    limits: list[Limit] = []
    crashes: list[Crash] = []
    alone: list[Point] = []
    """What only a rule with conditions explains, made for it: no rule follows from one answer."""
    for refusal in known.refusals:
        if _is_failure(refusal):
            crashes += _crashes(known, refusal)
        elif len(refusal.sides) > 1 and len(known.witnesses(refusal)) == 1:
            alone += known.witnesses(refusal)
        else:
            limits.append(_limit(known, refusal, is_complete))
    unexplained = tuple(_unexplained(known, base, (*known.unexplained, *alone)))
    return OperatorFindings(
        space.operator, True, tuple(limits), tuple(crashes), _reaches(known, base), asked, unexplained, is_complete
    )


def _unexplained(known: Knowledge, base: Point, points: Sequence[Point]) -> Iterator[str]:
    """Yield a sentence on each of the first points with each outcome, and on how many more there are."""
    for beyond in Beyond:
        some = [point for point in points if known.ledger.outcomes[point] is beyond]
        yield from (f"{_describe(point, base)}: {beyond}" for point in some[:_MOST_TOLD])
        if len(some) > _MOST_TOLD:
            where = "with no pattern that these quantities show" if beyond in known.erratic else "not explained either"
            yield f"{len(some) - _MOST_TOLD} more: {beyond}, {where}"


def _is_failure(refusal: Refusal) -> bool:
    """Return whether the refusal is no limit: a tool that is only slow breaks off at no exact size."""
    if refusal.beyond is Beyond.TIMEOUT:
        return True
    return refusal.beyond is not Beyond.REFUSED and _is_single_value(refusal)


def _is_single_value(refusal: Refusal) -> bool:
    return all(side.shape is Shape.AMONG and _is_number(side) for side in refusal.sides)


def _is_number(side: Side) -> bool:
    return all(isinstance(value, int) for value in side.values)


def _crashes(known: Knowledge, refusal: Refusal) -> list[Crash]:
    answers = {asked.point: asked.answer for asked in known.ledger.asked}
    found: list[Crash] = []
    for point in known.witnesses(refusal)[:1]:
        values = tuple(
            (name, value) for name, _ in point.values if (value := known.field.value(name, point)) is not None
        )
        found.append(Crash(known.field.space.operator, refusal.beyond, values, answers[point].message))
    return found


def _limit(known: Knowledge, refusal: Refusal, is_complete: bool) -> Limit:
    main = _main_side(known, refusal)
    conditions = tuple(_condition(side) for side in refusal.sides if side is not main)
    good = known.last_good(refusal, main)
    rivals = [rival for rival in undecided(known, refusal) if rival.own is main and rival.side.shape is main.shape]
    names = [rival.side.quantity for rival in rivals if not _is_same_thing(main.quantity, rival.side.quantity)]
    alternatives = tuple(names) if main.shape is Shape.ABOVE else ()
    confidence = Confidence.CONFIRMED if is_complete and _is_confirmed(known, refusal) else Confidence.TESTED
    if alternatives:
        confidence = Confidence.AMBIGUOUS
    relation, limit, accepted, refused, next_refused = _bounds(known, refusal, main, good)
    return Limit(
        known.field.space.operator,
        main.quantity,
        relation,
        limit,
        _questions(known, refusal),
        accepted=accepted,
        refused=refused,
        next_refused=next_refused,
        when=conditions,
        beyond=refusal.beyond,
        confidence=confidence,
        alternatives=alternatives,
    )


def _is_same_thing(quantity: str, other: str) -> bool:
    """Return whether `other` only repeats `quantity`: as a product with more parts, or of the result."""
    parts = [part.removeprefix("ofm_") for part in other.split("*")]
    return all(part.removeprefix("ofm_") in parts for part in quantity.split("*"))


def _is_confirmed(known: Knowledge, refusal: Refusal) -> bool:
    """Return whether fresh questions on both sides, with other values elsewhere, were answered as expected."""
    inside = outside = False
    for point, reason in known.ledger.reasons.items():
        if reason not in FRESH:
            continue
        if refusal.covers(known.field, point):
            inside = inside or known.ledger.outcomes[point] is refusal.beyond
        else:
            outside = outside or known.ledger.is_accepted(point)
    return inside and outside


def _main_side(known: Knowledge, refusal: Refusal) -> Side:
    """Return the side that the limit is about: the one that is no word and no size of a feature map."""
    sizes = ("h", "w", "c", "batch", "ofm_h", "ofm_w", "ofm_c")

    def rank(side: Side) -> tuple[bool, bool]:
        return side.shape is Shape.AMONG and not _is_number(side), side.quantity in sizes or "*" in side.quantity

    return min(refusal.sides, key=rank)


def _bounds(
    known: Knowledge, refusal: Refusal, side: Side, good: int | None
) -> tuple[Relation, int | None, tuple[Value, ...], tuple[Value, ...], int | None]:
    match side.shape:
        case Shape.ABOVE:
            return Relation.AT_MOST, good if good is not None else side.bound - 1, (), (), side.bound
        case Shape.BELOW:
            return Relation.AT_LEAST, good if good is not None else side.bound + 1, (), (), side.bound
        case Shape.NOT_MULTIPLE:
            return Relation.MULTIPLE_OF, side.bound, (), (), None
        case Shape.OUTSIDE:
            found = {known.field.value(side.quantity, point) for point in known.inside(refusal)}
            names = frozenset(value for value in found if value is not None)
            return Relation.ONE_OF, None, _in_order(side.values), _in_order(names), None
        case Shape.AMONG if _is_number(side) or known.field.is_open(side.quantity):
            return Relation.NONE_OF, None, (), _in_order(side.values), None
        case Shape.AMONG:
            outside = known.outside(refusal, side)
            values = {known.field.value(side.quantity, point) for point in outside}
            accepted = frozenset(value for value in values if value is not None)
            return Relation.ONE_OF, None, _in_order(accepted), _in_order(side.values), None


def _in_order(values: frozenset[Value]) -> tuple[Value, ...]:
    return tuple(sorted(values, key=lambda value: (isinstance(value, str), value)))


def _condition(side: Side) -> Condition:
    match side.shape:
        case Shape.ABOVE:
            return Condition(side.quantity, Relation.AT_LEAST, side.bound)
        case Shape.BELOW:
            return Condition(side.quantity, Relation.AT_MOST, side.bound)
        case Shape.NOT_MULTIPLE:
            return Condition(side.quantity, Relation.NONE_OF, side.bound)
        case Shape.AMONG:
            return Condition(side.quantity, Relation.ONE_OF, None, _in_order(side.values))
        case Shape.OUTSIDE:
            return Condition(side.quantity, Relation.NONE_OF, None, _in_order(side.values))


def _questions(known: Knowledge, refusal: Refusal) -> int:
    """Return how many questions were about the quantities of a refusal: those of its axes' scans and those for it."""
    witness = known.witnesses(refusal)[0]
    names = {side.quantity for side in refusal.sides}
    axes = names | {axis.name for side in refusal.sides for axis in known.field.movers(side.quantity, witness)}
    base = next(iter(known.ledger.outcomes))
    count = 0
    for point, reason in known.ledger.reasons.items():
        moved = [name for (name, value), (_, start) in zip(point.values, base.values, strict=True) if value != start]
        count += reason in names or (reason == "scan" and bool(moved) and moved[0] in axes)
    return count


def _reaches(known: Knowledge, base: Point) -> tuple[Reach, ...]:
    found: list[Reach] = []
    for name in known.field.axes:
        accepted: list[Value] = []
        refused: list[Value] = []
        for point, outcome in known.ledger.outcomes.items():
            if known.field.moved(base, **{name: point[name]}) == point:
                (accepted if outcome is None else refused).append(point[name])
        if accepted or refused:
            found.append(Reach(name, _in_order(frozenset(accepted)), _in_order(frozenset(refused))))
    return tuple(found)


def _describe(point: Point, base: Point) -> str:
    return ", ".join(f"{name} {value}" for name, value in point.values if value != base[name]) or "the base"
