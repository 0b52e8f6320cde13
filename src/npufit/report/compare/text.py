"""A comparison for people: the answer, both sides in numbers, what moved and why, hazards, rules, times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npufit.comparing import CompareResult, Comparison, OperatorPair, SnapshotHazard, SnapshotOperator, Verdict
from npufit.formatting import plural, printable, shorten, significant
from npufit.report.check import gates_text
from npufit.report.compare.before_after import (
    comparison_rows,
    has_subgraphs,
    hazard_groups,
    hazard_lists,
    moved_groups,
    moved_lists,
    one_sided,
    operators_in_words,
    place_words,
    remarks,
    rule_words,
    side_words,
)
from npufit.report.compare.headline import comparison_headline, result_headline
from npufit.report.terminal_page import Page, columns
from npufit.stacks import Unit

_STYLES = {Verdict.WORSE: "red", Verdict.MIXED: "yellow", Verdict.BETTER: "green", Verdict.SAME: "bold"}
_HAZARDS, _RULES, _TIMES = 8, 8, 5
_RANGES = 12
_EVERYTHING = 1_000_000
_UNITS = {Unit.CPU: "on the CPU", Unit.UNKNOWN: "unknown", Unit.NPU: "on the NPU"}


def compare_text(result: CompareResult, page: Page, *, everything: bool = False) -> str:
    """Return the report on a comparison; the first line answers."""
    parts: list[str] = []
    if result.measured is not None:
        from npufit.report.compare.measured_text import measured_text

        parts.append(measured_text(result.measured, page, everything=everything))
    if len(result.comparisons) > 1:
        parts.append("\n".join(page.wrap(result_headline(result), hanging="  ")))
    parts += ["\n".join(_comparison(comparison, page, everything)) for comparison in result.comparisons]
    parts += [f"Only {side}: {targets} (nothing to compare with)" for side, targets in one_sided(result)]
    if result.gates:
        parts.append(gates_text(result.gates, page))
    return "\n\n".join(parts)


def _comparison(comparison: Comparison, page: Page, everything: bool) -> Iterator[str]:
    style = _STYLES[comparison.verdict]
    yield from (page.ink(style, line) for line in page.wrap(comparison_headline(comparison), hanging="  "))
    yield page.ink("dim", f"before: {side_words(comparison.before)}")
    yield page.ink("dim", f"after:  {side_words(comparison.after)}")
    yield ""
    rows = comparison_rows(comparison)
    lines = columns([["", "before", "after"], *([row.label, row.before, row.after] for row in rows)], right=(1, 2))
    yield page.ink("bold", lines[0])
    yield from (line if row.differs else page.ink("dim", line) for row, line in zip(rows, lines[1:], strict=True))
    several = has_subgraphs(comparison)
    most = _EVERYTHING if everything else _HAZARDS
    for title, pairs in moved_lists(comparison):
        yield from _moved(title, pairs, page, several)
    for title, hazards in hazard_lists(comparison):
        yield from _hazards(title, hazards, page, several, most)
    yield from _rules(comparison, page, _EVERYTHING if everything else _RULES)
    yield from _times(comparison, page, several, _EVERYTHING if everything else _TIMES)
    yield from _without_counterpart("Only before", comparison.matching.removed, page, several, everything)
    yield from _without_counterpart("Only after", comparison.matching.added, page, several, everything)
    found = remarks(comparison)
    if found:
        yield ""
        yield from (line for remark in found for line in page.wrap(remark, "- ", "  "))


def _moved(title: str, pairs: Sequence[OperatorPair], page: Page, several: bool) -> Iterator[str]:
    yield ""
    yield page.ink("bold", f"{title}: {plural(len(pairs), 'operator')}")
    for group in moved_groups(pairs, several):
        name = group.rule or "no reason given"
        yield from page.wrap(f"{name}, {plural(group.count, 'operator')}: {group.members}", "  ", "    ")
        if group.statement:
            yield from page.wrap(f"{group.statement} Found: {group.found}" if group.found else group.statement, "    ")


def _hazards(title: str, hazards: Sequence[SnapshotHazard], page: Page, several: bool, most: int) -> Iterator[str]:
    yield ""
    yield page.ink("bold", f"{title}: {len(hazards)}")
    groups = hazard_groups(hazards, several)
    for group in groups[:most]:
        where = f"{plural(group.count, 'operator')} ({group.places})"
        yield from page.wrap(f"{group.rule}, {group.effect}: {where}. {group.statement}", "  ", "    ")
        yield from page.wrap(f"First: {group.message}", "    ")
    yield from _more(len(groups), most)


def _rules(comparison: Comparison, page: Page, most: int) -> Iterator[str]:
    if not comparison.rules:
        return
    yield ""
    yield page.ink("bold", "Operators that a rule keeps off the NPU")
    shown = comparison.rules[:most]
    rows = [
        [printable(change.rule), str(change.before), "→", str(change.after), rule_words(change)] for change in shown
    ]
    yield from (f"  {line}" for line in columns(rows, right=(1,)))
    yield from _more(len(comparison.rules), most)


def _times(comparison: Comparison, page: Page, several: bool, most: int) -> Iterator[str]:
    pairs = comparison.operator_times
    if not pairs:
        return
    yield ""
    yield page.ink("bold", "Largest changes of an operator's predicted time, ms")
    rows = [
        [
            place_words(pair.after.id, several),
            shorten(pair.after.type, 32),
            significant(pair.before.ms or 0.0),
            pair.before.unit.upper(),
            "→",
            significant(pair.after.ms or 0.0),
            pair.after.unit.upper(),
        ]
        for pair in pairs[:most]
    ]
    yield from (f"  {line}" for line in columns(rows, right=(0, 2, 5)))
    yield from _more(len(pairs), most)


def _without_counterpart(
    title: str, operators: Sequence[SnapshotOperator], page: Page, several: bool, everything: bool
) -> Iterator[str]:
    if not operators:
        return
    yield ""
    yield page.ink("bold", f"{title}: {plural(len(operators), 'operator')} without a counterpart")
    for unit, where in _UNITS.items():
        members = [operator for operator in operators if operator.unit is unit]
        if members:
            words = operators_in_words(members, several, _EVERYTHING if everything else _RANGES)
            yield from page.wrap(f"{where}: {words}", "  ", "    ")


def _more(count: int, most: int) -> Iterator[str]:
    if count > most:
        yield f"  … {count - most} more (--all)"
