"""Whether an operator keeps to a limit, by its measured quantities."""

from __future__ import annotations

import re
from fractions import Fraction

from npufit.stacks.probed.limit import Condition, Limit, Relation, Value
from npufit.stacks.probed.quantities import Measured, value_of

_RATIO = re.compile(r"([0-9]{1,9})/([1-9][0-9]{0,8})")


def keeps_to(limit: Limit, measured: Measured) -> bool | None:
    """Return whether an operator keeps to `limit`; True where the limit does not hold, None if nobody asked.

    None is the answer for a value of a set that is neither accepted nor among refused ones, and for a quantity that the
    operator does not have.
    """
    applies = holds_for(limit, measured)
    if applies is False:
        return True
    value = value_of(limit.quantity, measured)
    if value is None or applies is None:
        return None
    return _is_accepted(value, limit.relation, limit.limit, limit.accepted, limit.refused)


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
    """A number between two that were refused, or beyond the last of them, counts as refused."""
    if value in accepted or value in refused:
        return value in accepted
    number = _number(value)
    asked = dict.fromkeys(map(_number, refused), False) | dict.fromkeys(map(_number, accepted), True)
    known = sorted((entry, is_accepted) for entry, is_accepted in asked.items() if entry is not None)
    if number is None or not known:
        return None
    neighbours = [*(it for it in known if it[0] < number)][-1:] + [it for it in known if it[0] > number][:1]
    return None if any(is_accepted for _, is_accepted in neighbours) else False


def _number(value: Value) -> Fraction | None:
    """Return a number, also a scale such as 5/2; None for a word."""
    if isinstance(value, int):
        return Fraction(value)
    ratio = _RATIO.fullmatch(value)
    return Fraction(int(ratio[1]), int(ratio[2])) if ratio is not None else None
