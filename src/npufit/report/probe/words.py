"""Limits in words: `w*c <= 16384 where padding is SAME`, and what happens beyond them."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import plural, printable, shorten
from npufit.report.probe.document import ANY_OPERATOR, ConditionEntry, CrashEntry, LimitEntry, SeparatorEntry
from npufit.stacks.probed import Beyond, Confidence, Kept, Relation, Scope, Value, bound_words, values_words

BEYOND = {
    Beyond.REFUSED: "stays on the CPU",
    Beyond.ERROR: "the tool ends with an error",
    Beyond.CRASH: "the tool crashes",
    Beyond.TIMEOUT: "the tool does not end",
}

_MOST_ALTERNATIVES = 3
_TOOL_WIDTH = 60
_PLACES = ("{input}", "{output}")

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
    return accepted_words(limit) + where_words(limit.when)


def accepted_words(limit: LimitEntry) -> str:
    """Return what is accepted, without where."""
    values = limit.refused if limit.relation is Relation.NONE_OF else limit.accepted
    return bound_words(printable(limit.quantity), limit.relation, None if values else limit.limit, values)


def where_words(when: Sequence[ConditionEntry]) -> str:
    """Return where a limit holds, beginning with a space; empty if it holds everywhere."""
    conditions = [bound_words(printable(it.quantity), it.relation, it.limit, it.accepted) for it in when]
    return f" where {' and '.join(conditions)}" if conditions else ""


def refused_words(limit: LimitEntry) -> str:
    """Return the nearest refused values; for sets of words those that were refused."""
    if limit.next_refused is not None:
        return f"{limit.next_refused:,}"
    return listed(limit.refused)


def subject_words(limit: LimitEntry) -> str:
    """Return what a limit is on: the operator's type, or the group."""
    return _GROUPS[limit.scope] if limit.operator == ANY_OPERATOR else printable(limit.operator)


def consequence_words(limit: LimitEntry) -> str:
    """Return what happens beyond a limit."""
    return _KEPT[limit.kept] if limit.kept is not None and limit.beyond is Beyond.REFUSED else BEYOND[limit.beyond]


def certainty_words(limit: LimitEntry) -> str:
    """Return how sure a limit is, with the first quantities that explain the answers as well."""
    names = [printable(name) for name in limit.alternatives[:_MOST_ALTERNATIVES]]
    more = len(limit.alternatives) - len(names)
    names += [f"{more} more"] if more else []
    return f"{_SURE[limit.confidence]}: or {', '.join(names)}" if names else _SURE[limit.confidence]


def separator_words(separator: SeparatorEntry) -> str:
    """Return what an operator that is never taken does to its neighbours."""
    return f"{printable(separator.operator)} {_SEPARATORS[separator.kept]}"


def crash_words(crash: CrashEntry) -> str:
    """Return the model of a crash by its values, and what happens."""
    values = ", ".join(f"{printable(name)} {printable(str(value))}" for name, value in crash.values.items())
    return f"{printable(crash.operator)} with {values}: {BEYOND[crash.beyond]}"


def listed(values: Sequence[Value]) -> str:
    """Return values as a list without a last word; empty if there are none."""
    return values_words(values, ", ") if values else ""


def tool_words(tool: str, version: str) -> str:
    """Return a tool with its version, unless its name has one; of a command without the places of the files."""
    words = [word for word in tool.split() if word not in _PLACES]
    return shorten(" ".join(words if "@" in tool else [*words, version]).strip(), _TOOL_WIDTH)


def duration_words(seconds: float) -> str:
    """Return a time as `3 min 10 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count_words(count: int, noun: str) -> str:
    """Return a count with its noun, thousands apart: `1,043 questions`."""
    return f"{count:,} {plural(count, noun).partition(' ')[2]}"
