"""Whether an operator keeps to a limit, by its measured quantities."""

from __future__ import annotations

import re
from fractions import Fraction

from npufit.stacks.probed.limit import Condition, Limit, Relation, Value
from npufit.stacks.probed.quantities import Measured, value_of

_NARROW = 0.02
_WHOLE = re.compile(r"[0-9]{1,9}")
_RATIO = re.compile(r"([0-9]{1,9})/([1-9][0-9]{0,8})")


def keeps_to(limit: Limit, measured: Measured) -> bool | None:
    """Return whether an operator keeps to `limit`; True where the limit does not hold, None if nobody asked.

    None is the answer for a value of a set that is neither accepted nor among refused ones, for a number in a wide gap
    between what was accepted and what was refused, and for a quantity that the operator does not have.
    """
    applies = holds_for(limit, measured)
    if applies is False:
        return True
    value = value_of(limit.quantity, measured)
    if value is None or applies is None:
        return None
    if is_between(limit, measured):
        return None
    return _is_accepted(value, limit.relation, limit.limit, limit.accepted, limit.refused)


def is_wide_gap(limit: int, next_refused: int) -> bool:
    """Return whether so many numbers between two answers were not asked about that they count as unknown.

    Sums and products do not take every value; what little lies between their two sides counts as refused.
    """
    return abs(next_refused - limit) > max(1, limit * _NARROW)


def is_between(limit: Limit, measured: Measured) -> bool:
    """Return whether the quantity of `limit` lies in a wide gap between what was accepted and refused."""
    if limit.limit is None or limit.next_refused is None or not is_wide_gap(limit.limit, limit.next_refused):
        return False
    value = value_of(limit.quantity, measured)
    number = None if value is None else _number(value)
    low, high = sorted((limit.limit, limit.next_refused))
    return number is not None and low < number < high


def holds_for(limit: Limit, measured: Measured) -> bool | None:
    """Return whether all conditions of `limit` are satisfied; None if a quantity is missing."""
    conditions = [_satisfies(condition, measured) for condition in limit.when]
    if False in conditions:
        return False
    return None if None in conditions else True


def _satisfies(condition: Condition, measured: Measured) -> bool | None:
    value = value_of(condition.quantity, measured)
    if value is None:
        return None
    return _is_accepted(value, condition.relation, condition.limit, condition.accepted, ()) is True


def _is_accepted(
    value: Value, relation: Relation, limit: int | None, accepted: tuple[Value, ...], refused: tuple[Value, ...]
) -> bool | None:
    match relation:
        case Relation.ONE_OF:
            return _is_one_of(value, accepted, refused)
        case Relation.NONE_OF:
            return value not in (refused or accepted)
        case _:
            number = _number(value)
            return None if number is None or limit is None else _is_within(number, relation, limit)


def _is_within(number: Fraction, relation: Relation, limit: int) -> bool:
    if relation is Relation.MULTIPLE_OF:
        return number % limit == 0
    return number <= limit if relation is Relation.AT_MOST else number >= limit


def _is_one_of(value: Value, accepted: tuple[Value, ...], refused: tuple[Value, ...]) -> bool | None:
    """A number between two that were refused, or beyond the last of them, counts as refused.

    A pair lies on three lines: others of its height, of its width, and those of equal sides; one with a single answer
    says nothing, nor do they about a side that some accepted pair has.
    """
    if value in accepted or value in refused:
        return value in accepted
    asked = dict.fromkeys(refused, False) | dict.fromkeys(accepted, True)
    number = _number(value)
    if number is not None:
        line = [(other, is_accepted) for entry, is_accepted in asked.items() if (other := _number(entry)) is not None]
        return _is_between_refused(number, line)
    pair = _pair(value)
    if pair is None:
        return None
    pairs = [(other, is_accepted) for entry, is_accepted in asked.items() if (other := _pair(entry)) is not None]
    taken = {side for sides, is_accepted in pairs if is_accepted for side in sides}
    lines = [
        [(first, is_accepted) for (first, second), is_accepted in pairs if second == pair[1]],
        [(second, is_accepted) for (first, second), is_accepted in pairs if first == pair[0]],
        [(first, is_accepted) for (first, second), is_accepted in pairs if first == second],
    ]
    places = pair[0], pair[1], pair[0] if pair[0] == pair[1] else None
    verdicts = [
        _is_between_refused(place, line)
        for place, line in zip(places, lines, strict=True)
        if place is not None and place not in taken and len(line) > 1
    ]
    return False if False in verdicts else None


def _is_between_refused(number: Fraction, asked: list[tuple[Fraction, bool]]) -> bool | None:
    """Return False if the nearest numbers on a line that were asked about were refused, None otherwise."""
    known = sorted(asked)
    neighbours = [*(it for it in known if it[0] < number)][-1:] + [it for it in known if it[0] > number][:1]
    return None if not neighbours or any(is_accepted for _, is_accepted in neighbours) else False


def _pair(value: Value) -> tuple[Fraction, Fraction] | None:
    """Return the two numbers of a word such as 2x1 or 5/2x2, None if it is no such word."""
    first, separator, second = str(value).partition("x")
    one, two = _number_of(first), _number_of(second)
    return None if not separator or one is None or two is None else (one, two)


def _number_of(text: str) -> Fraction | None:
    return Fraction(int(text)) if _WHOLE.fullmatch(text) else _number(text)


def _number(value: Value) -> Fraction | None:
    """Return a number, also a scale such as 5/2; None for a word."""
    if isinstance(value, int):
        return Fraction(value)
    ratio = _RATIO.fullmatch(value)
    return Fraction(int(ratio[1]), int(ratio[2])) if ratio is not None else None
