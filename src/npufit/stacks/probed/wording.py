"""Limits and values in words: `w*c <= 16,384 where padding is SAME`, `w*c is 32,768 (w 512, c 64)`."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import shorten
from npufit.stacks.probed.limit import Condition, Limit, Relation, Value
from npufit.stacks.probed.probed_rules import AskedRange
from npufit.stacks.probed.quantities import Measured, value_of

_MOST_VALUES = 8


def limit_words(limit: Limit) -> str:
    """Return what is accepted, and where the limit holds."""
    values = limit.refused if limit.relation is Relation.NONE_OF else limit.accepted
    said = bound_words(limit.quantity, limit.relation, limit.limit, values)
    return f"{said} where {' and '.join(map(_condition_words, limit.when))}" if limit.when else said


def bound_words(quantity: str, relation: Relation, limit: int | None, values: Sequence[Value]) -> str:
    """Return what is accepted of `quantity`; `values` are those of a set."""
    match relation:
        case Relation.AT_MOST | Relation.AT_LEAST:
            return f"{quantity} {relation} {_text(limit)}"
        case Relation.MULTIPLE_OF:
            return f"{quantity} is a multiple of {_text(limit)}"
        case Relation.ONE_OF:
            return f"{quantity} is {values_words(values)}"
        case Relation.NONE_OF:
            return f"{quantity} is not {values_words(values)}"


def values_words(values: Sequence[Value], last: str = " or ") -> str:
    """Return values as a list, `int8, uint8 or int16`; of many the first ones, and how many more there are.

    Values that have a comma, such as the axes `h,w`, are parted by semicolons.
    """
    comma = "; " if any("," in value for value in values if isinstance(value, str)) else ", "
    words = [_text(value) for value in values]
    if len(words) > _MOST_VALUES:
        words = [*words[: _MOST_VALUES - 1], f"{len(words) - _MOST_VALUES + 1} more"]
    *first, final = words or ["none"]
    return f"{comma.join(first)}{comma if last == ', ' else last}{final}" if first else final


def found_words(quantity: str, measured: Measured) -> str:
    """Return the value of `quantity`; of a product also those of its parts."""
    parts = quantity.split("*")
    said = f"{quantity} is {_text(value_of(quantity, measured))}"
    return f"{said} ({', '.join(f'{name} {_text(measured[name])}' for name in parts)})" if len(parts) > 1 else said


def gap_words(limit: Limit) -> str:
    """Return the numbers that nobody asked about: `h*w between 4,096, which was taken, and 65,536, which was not`."""
    taken, refused = _text(limit.limit), _text(limit.next_refused)
    return f"{limit.quantity} between {taken}, which was taken, and {refused}, which was not"


def range_words(asked: AskedRange) -> str:
    """Return what was asked about and accepted: `h from 1 to 4,096`."""
    if asked.least is None or asked.most is None:
        return f"{asked.quantity} {values_words(asked.words)}"
    ends = _text(asked.least) if asked.least == asked.most else f"from {_text(asked.least)} to {_text(asked.most)}"
    return f"{asked.quantity} {ends}{f', or {values_words(asked.words)}' if asked.words else ''}"


def _condition_words(condition: Condition) -> str:
    return bound_words(condition.quantity, condition.relation, condition.limit, condition.accepted)


def _text(value: Value | None) -> str:
    return f"{value:,}" if isinstance(value, int) else shorten(str(value), 60)
