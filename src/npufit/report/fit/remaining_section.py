"""What a fit left off the NPU, and what may be wrong on it, with ways out."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.checking import CheckResult
from npufit.formatting import plural, ranges, shorten
from npufit.report.findings import group_by_rule, remedy_words
from npufit.report.terminal_page import Page
from npufit.stacks import OperatorPlacement, Rule, Unit

_GROUPS = 6


def remaining_lines(result: CheckResult, page: Page, everything: bool) -> list[str]:
    """Return what is off the NPU, and what may be wrong on it, each with its way out."""
    left = [placed for placed in result.placement.operators if placed.unit is not Unit.NPU]
    hazards: dict[str, list[str]] = {}
    for hazard in result.placement.hazards:
        name = result.model.operator(hazard.culprit).name
        hazards.setdefault(hazard.rule.id, []).append(f"{hazard.operators[0]} {shorten(name, 40)}")
    lines: list[str] = []
    if hazards:
        lines += ["", page.ink("bold", f"Remaining hazards: {result.summary.hazards}")]
        for rule, names in hazards.items():
            text = next(found.rule.statement for found in result.placement.hazards if found.rule.id == rule)
            lines += page.wrap(f"{rule}  {text} Here: {_few(names)}.", "  ", "    ")
    if not left:
        return lines
    groups = group_by_rule(left)
    lines += ["", page.ink("bold", f"Not on the NPU: {plural(len(left), 'operator')}")]
    for rule, group in groups if everything else groups[:_GROUPS]:
        lines += _group(result, rule, group, page, everything)
    hidden = groups[_GROUPS:]
    if hidden and not everything:
        count = plural(sum(len(group) for _, group in hidden), "operator")
        lines.append(page.ink("dim", f"  … {count} more for {plural(len(hidden), 'other reason')} (--all)"))
    return lines


def _group(
    result: CheckResult, rule: Rule | None, group: Sequence[OperatorPlacement], page: Page, everything: bool
) -> list[str]:
    stories: dict[tuple[str, str], list[int]] = {}
    for placed in group:
        found = placed.finding.found if placed.finding is not None else placed.note
        stories.setdefault((result.operator(placed).name, found), []).append(placed.id.index)
    title = rule.id if rule is not None else "no reason given"
    lines = page.wrap(f"{title}  {rule.statement if rule is not None else ''}", "  ", "    ")
    rows = list(stories.items())
    for (name, found), indices in rows if everything else rows[:_GROUPS]:
        which = f"{ranges(indices, 6)} {shorten(name, 40)}"
        lines += page.wrap(f"{which}{f': {shorten(found)}' if found and found != name else ''}", "      ", "        ")
    if len(rows) > _GROUPS and not everything:
        hidden = sum(len(indices) for _, indices in rows[_GROUPS:])
        lines.append(page.ink("dim", f"      … {plural(hidden, 'operator')} more (--all)"))
    remedies = dict.fromkeys(
        remedy for placed in group for remedy in (placed.finding.remedies if placed.finding else ())
    )
    for remedy in list(remedies)[: None if everything else 2]:
        lines += page.wrap(f"way out: {remedy_words(remedy)}", "      ", "        ")
    return lines


def _few(names: Sequence[str], most: int = 6) -> str:
    more = f", … {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
