"""Whether an operator keeps to a limit, by its measured quantities."""

from __future__ import annotations

from npufit.stacks.probed.limit import Condition, Limit, Relation, Value
from npufit.stacks.probed.quantities import Measured, value_of


def keeps_to(limit: Limit, measured: Measured) -> bool | None:
    """Return whether an operator keeps to `limit`; True where the limit does not hold, None if nobody asked.

    None is the answer for a value of a set that was neither accepted nor refused, and for a quantity that the operator
    does not have.
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
            return True if value in accepted else False if value in refused else None
        case Relation.NONE_OF:
            return value not in (refused or accepted)
        case _ if not isinstance(value, int) or limit is None:
            return None
        case Relation.AT_MOST:
            return value <= limit
        case Relation.AT_LEAST:
            return value >= limit
        case Relation.MULTIPLE_OF:
            return value % limit == 0
