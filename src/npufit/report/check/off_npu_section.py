"""Operators off the NPU in the full report, grouped by rule, with the values found."""

from __future__ import annotations

from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.report.check.way_out import attempt_lines, remedy_lines, shorten_names, title_lines
from npufit.report.findings import group_by_rule
from npufit.report.terminal_page import Page
from npufit.stacks import OperatorPlacement, Remedy, RemedyKind, Rule, Unit

_ROWS = 6


def off_npu_lines(result: CheckResult, unit: Unit, title: str, page: Page, everything: bool) -> list[str]:
    """Return the operators on `unit` by rule: statement, limit, values found, way out; no lines if there are none."""
    placed = result.on(unit)
    if not placed:
        return []
    lines = title_lines(page, f"{title}: {formatting.plural(len(placed), 'operator')}")
    for rule, group in group_by_rule(placed):
        lines += ["", *_group(result, rule, group, page, everything)]
    return lines


def _group(
    result: CheckResult, rule: Rule | None, group: list[OperatorPlacement], page: Page, everything: bool
) -> list[str]:
    name = rule.id if rule else "no reason given"
    lines = [f"  {page.ink('cyan', name)}  {formatting.plural(len(group), 'operator')}"]
    if rule is None:
        lines += _found_rows(result, group, page, everything)
        return lines
    lines += page.wrap(rule.statement, "    ")
    limits = list(dict.fromkeys(placed.finding.limit for placed in group if placed.finding))
    for limit in limits[: None if everything else 3]:
        lines += page.labelled("limit", formatting.printable(limit))
    lines += _found_rows(result, group, page, everything)
    remedies = _common_remedies(group)
    lines += remedy_lines(remedies, page)
    lines += attempt_lines(result, rule, page)
    finding = group[0].finding
    if finding is not None:
        lines += page.labelled("known", f"{finding.evidence}: {finding.source}")
    return lines


def _common_remedies(group: Sequence[OperatorPlacement]) -> tuple[Remedy, ...]:
    """Return the remedies of a group; a version that helps only some of it says how many."""
    counts: dict[Remedy, int] = {}
    for placed in group:
        for remedy in placed.finding.remedies if placed.finding else ():
            counts[remedy] = counts.get(remedy, 0) + 1
    remedies: list[Remedy] = []
    for remedy, count in sorted(counts.items(), key=lambda item: item[0].kind is not RemedyKind.VERSION):
        partly = remedy.kind is RemedyKind.VERSION and count < len(group)
        text = f"{remedy.text} ({count} of {len(group)})" if partly else remedy.text
        remedies.append(Remedy(remedy.kind, text, remedy.target))
    return tuple(remedies)


def _found_rows(result: CheckResult, group: Sequence[OperatorPlacement], page: Page, everything: bool) -> list[str]:
    """Return the values found, with operators of the same value on one row."""
    by_value: dict[tuple[str, str], list[OperatorPlacement]] = {}
    for placed in group:
        found = placed.finding.found if placed.finding else placed.note
        by_value.setdefault((result.operator(placed).name, found), []).append(placed)
    lines: list[str] = []
    rows = list(by_value.items())
    shown = rows if everything else rows[:_ROWS]
    for position, ((kind, found), members) in enumerate(shown):
        label = "found" if position == 0 else ""
        value = "" if found == kind or found.endswith(kind) else f": {shorten_names(found)}"
        if len(members) == 1:
            tensor = formatting.shorten(next(iter(result.output_names(members[0])), ""), 64)
            text = f"{members[0].id.index} {kind} '{tensor}'{value}"
        else:
            text = (
                f"{len(members)} {kind}{value}, operators {formatting.ranges([placed.id.index for placed in members])}"
            )
        lines += page.labelled(label, formatting.printable(text))
    if len(rows) > len(shown):
        hidden = sum(len(members) for _, members in rows[len(shown) :])
        lines += page.labelled("", f"… {formatting.plural(hidden, 'operator')} more (--all)")
    return lines
