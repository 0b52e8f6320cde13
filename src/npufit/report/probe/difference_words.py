"""Differences of two converters in words."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import plural, printable
from npufit.probing.differences import Outcome
from npufit.report.probe.difference_document import DifferenceDocument, DifferenceEntry, SideEntry
from npufit.report.probe.document import LimitEntry
from npufit.report.probe.words import count_words, limit_words, tool_words, values_words
from npufit.stacks.probed import is_wide_gap

OUTCOMES = {
    Outcome.NPU: "NPU",
    Outcome.CPU: "CPU",
    Outcome.ERROR: "error",
    Outcome.CRASH: "crash",
    Outcome.TIMEOUT: "no end",
}

_IN_SHAPES = ("h", "w", "c", "batch", "rank")
"""What the shapes of inputs say already."""

_NO_LIMIT = "no such limit"
_UNKNOWN = "no limit found"


def side_words(side: SideEntry) -> str:
    """Return what a converter is called, with its version."""
    named = side.name.rpartition("@")[2]
    return printable(side.name) if named and side.version.startswith(named) else tool_words(side.name, side.version)


def difference_headline(document: DifferenceDocument) -> str:
    """Return the answer: how many differences on how many operators, and which converter takes more."""
    first, second = side_words(document.first), side_words(document.second)
    asked = f"{plural(len(document.operators), 'operator type')} ({count_words(document.questions, 'question')})"
    found = document.differences
    if not found and document.ended_by:
        return f"No difference between {first} and {second} was found on {asked}."
    if not found:
        return f"{first} and {second} take the same models of {asked}."
    operators = {entry.operator for entry in found}
    text = f"{first} and {second} differ in {plural(len(found), 'rule')} on {len(operators)} of {asked}."
    gained = _types(document.second.taken, document.first.taken)
    lost = _types(document.first.taken, document.second.taken)
    text += f" Types that only {second} takes: {values_words(gained, ', ')}." if gained else ""
    return text + (f" Types that only {first} takes: {values_words(lost, ', ')}." if lost else "")


def _types(taken: Sequence[str], other: Sequence[str]) -> list[str]:
    return [operator for operator in taken if operator not in other]


def limits_in_words(entry: DifferenceEntry) -> tuple[str, str]:
    """Return what each converter accepts."""
    if entry.kind == "type":
        return _type_words(entry.example.first), _type_words(entry.example.second)
    if entry.kind == "unexplained":
        return _UNKNOWN, _UNKNOWN
    return _limit_words(entry.first_limit), _limit_words(entry.second_limit)


def difference_words(document: DifferenceDocument, entry: DifferenceEntry) -> str:
    """Return a difference in one sentence: `batch <= 1 in imx93/vela@3.8 only`."""
    first, second = side_words(document.first), side_words(document.second)
    one, other = limits_in_words(entry)
    match entry.kind:
        case "only-first":
            return f"{one} in {first} only"
        case "only-second":
            return f"{other} in {second} only"
        case "unexplained":
            return f"{_UNKNOWN} that explains it"
        case _:
            return f"{one} in {first}, {other} in {second}"


def _type_words(outcome: Outcome) -> str:
    return "taken" if outcome is Outcome.NPU else "never taken"


def _limit_words(limit: LimitEntry | None) -> str:
    if limit is None:
        return _NO_LIMIT
    end = limit.next_refused
    if limit.limit is None or end is None or not is_wide_gap(limit.limit, end):
        return limit_words(limit)
    return f"{limit_words(limit)}; unknown up to {end:,}"


def heading_words(document: DifferenceDocument, first: Outcome, second: Outcome) -> str:
    """Return what models have in common that end as `first` and `second`."""
    names = side_words(document.first), side_words(document.second)
    if Outcome.CPU in (first, second) and Outcome.NPU in (first, second):
        return f"Only {names[first is not Outcome.NPU]} takes"
    return f"{names[0]}: {OUTCOMES[first]}; {names[1]}: {OUTCOMES[second]}"


def example_words(entry: DifferenceEntry) -> str:
    """Return the smallest model: its inputs, and what is unusual about it."""
    example = entry.example
    values = ", ".join(
        f"{printable(name)} {printable(str(value))}" for name, value in example.values.items() if name not in _IN_SHAPES
    )
    inputs = " and ".join(map(printable, example.inputs))
    return f"{inputs}: {values}" if values else inputs
