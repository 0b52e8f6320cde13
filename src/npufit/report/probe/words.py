"""Limits in words: `w*c <= 16384 where padding is SAME`, and what happens beyond them."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import plural, printable
from npufit.report.probe.document import ANY_OPERATOR, ConditionEntry, CrashEntry, LimitEntry, SeparatorEntry
from npufit.stacks.probed import Beyond, Confidence, Kept, Relation, Scope, Value

_MOST_VALUES = 12

BEYOND = {
    Beyond.REFUSED: "stays on the CPU",
    Beyond.ERROR: "the tool ends with an error",
    Beyond.CRASH: "the tool crashes",
    Beyond.TIMEOUT: "the tool does not end",
}

_SURE = {
    Confidence.CONFIRMED: "confirmed",
    Confidence.TESTED: "tested",
    Confidence.AMBIGUOUS: "ambiguous",
}

_GROUPS = {
    Scope.OPERATOR: "each operator",
    Scope.SEGMENT: "segments",
    Scope.GRAPH: "the whole graph",
}

_KEPT = {
    Kept.NOTHING: "nothing stays on the NPU",
    Kept.SUFFIX: "the last operators that fit stay on the NPU",
    Kept.PREFIX: "the first operators that fit stay on the NPU",
    Kept.OTHERS: "the other operators stay on the NPU",
}

_SEPARATORS = {
    Kept.NOTHING: "takes everything around it off the NPU",
    Kept.SUFFIX: "takes everything before it off the NPU",
    Kept.PREFIX: "takes everything after it off the NPU",
    Kept.OTHERS: "is lost alone",
}


def limit_words(limit: LimitEntry) -> str:
    """Return what is accepted, with where: `stride_h <= 3 where padding is SAME`."""
    return bound_words(limit) + where_words(limit.when)


def bound_words(limit: LimitEntry) -> str:
    """Return what is accepted, without where."""
    if limit.relation is Relation.NONE_OF:
        return f"{printable(limit.quantity)} is not {values_words(limit.refused)}"
    return _relation_words(limit.quantity, limit.relation, limit.limit, limit.accepted)


def where_words(when: Sequence[ConditionEntry]) -> str:
    """Return where a limit holds, beginning with a space; empty if it holds everywhere."""
    conditions = [_relation_words(it.quantity, it.relation, it.limit, it.accepted) for it in when]
    return f" where {' and '.join(conditions)}" if conditions else ""


def refused_words(limit: LimitEntry) -> str:
    """Return the nearest refused values; for sets of words those that were refused."""
    if limit.next_refused is not None:
        return str(limit.next_refused)
    return values_words(limit.refused, "")


def subject_words(limit: LimitEntry) -> str:
    """Return what a limit is on: the operator's type, or the group."""
    return _GROUPS[limit.scope] if limit.operator == ANY_OPERATOR else printable(limit.operator)


def consequence_words(limit: LimitEntry) -> str:
    """Return what happens beyond a limit."""
    return _KEPT[limit.kept] if limit.kept is not None and limit.beyond is Beyond.REFUSED else BEYOND[limit.beyond]


def certainty_words(limit: LimitEntry) -> str:
    """Return how sure a limit is, with the quantities that explain the answers as well."""
    others = f": or {', '.join(map(printable, limit.alternatives))}" if limit.alternatives else ""
    return _SURE[limit.confidence] + others


def separator_words(separator: SeparatorEntry) -> str:
    """Return what an operator that is never taken does to its neighbours."""
    return f"{printable(separator.operator)} {_SEPARATORS[separator.kept]}"


def crash_words(crash: CrashEntry) -> str:
    """Return the model of a crash by its values, and what happens."""
    values = ", ".join(f"{printable(name)} {printable(str(value))}" for name, value in crash.values.items())
    return f"{printable(crash.operator)} with {values}: {BEYOND[crash.beyond]}"


def values_words(values: Sequence[Value], last: str = " or ") -> str:
    """Return values as a list, `int8, uint8 or int16`; at most so many that a reader takes in."""
    words = [printable(str(value)) for value in values]
    if len(words) > _MOST_VALUES:
        words = [*words[: _MOST_VALUES - 1], f"{len(words) - _MOST_VALUES + 1} more"]
    if len(words) < 2 or not last:
        return ", ".join(words)
    return f"{', '.join(words[:-1])}{last}{words[-1]}"


def tool_words(tool: str, version: str) -> str:
    """Return a tool with its version."""
    return printable(f"{tool} {version}".strip())


def duration_words(seconds: float) -> str:
    """Return a time as `3 min 10 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count_words(count: int, noun: str) -> str:
    """Return a count with its noun, thousands apart: `1,043 questions`."""
    return f"{count:,} {plural(count, noun).partition(' ')[2]}"


def _relation_words(quantity: str, relation: Relation, limit: int | None, accepted: Sequence[Value]) -> str:
    name = printable(quantity)
    match relation:
        case Relation.AT_MOST | Relation.AT_LEAST:
            return f"{name} {relation} {limit}"
        case Relation.MULTIPLE_OF:
            return f"{name} is a multiple of {limit}"
        case Relation.NONE_OF:
            return f"{name} is not {values_words(accepted)}"
        case Relation.ONE_OF:
            return f"{name} is {values_words(accepted)}"
