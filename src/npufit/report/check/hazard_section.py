"""Hazards in the full report: what may go wrong where, and the way out."""

from __future__ import annotations

from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.report.check.way_out import attempt_lines, remedy_lines, shorten_names
from npufit.report.hazards import effect_words, hazards_by_effect
from npufit.report.terminal_page import Page
from npufit.stacks import Effect, Hazard, Remedy

_ROWS = 6


def hazard_lines(result: CheckResult, page: Page, everything: bool) -> list[str]:
    """Return the hazards by effect and rule; `everything` shows each place."""
    lines: list[str] = []
    for effect, hazards in hazards_by_effect(result.placement.hazards).items():
        title = page.ink("red" if effect is Effect.CRASH else "bold", _hazard_title(effect, hazards))
        lines += ["", title, *_hazards_of_effect(result, hazards, page, everything)]
    return lines


def _hazard_title(effect: Effect, hazards: Sequence[Hazard]) -> str:
    return f"Hazards: accepted, but {effect_words(effect, hazards)} ({len(hazards)})"


def _hazards_of_effect(result: CheckResult, hazards: Sequence[Hazard], page: Page, everything: bool) -> list[str]:
    lines: list[str] = []
    by_rule: dict[str, list[Hazard]] = {}
    for hazard in hazards:
        by_rule.setdefault(hazard.rule.id, []).append(hazard)
    for group in by_rule.values():
        rule = group[0].rule
        lines += ["", *page.wrap(f"{rule.id}  {rule.statement}", "  ", " " * (len(rule.id) + 4))]
        lines += _hazard_rows(result, group, page, everything)
        lines += page.labelled("safe", rule.limit)
        lines += remedy_lines(_common(group), page)
        lines += attempt_lines(result, rule, page)
        lines += page.labelled("known", f"{group[0].evidence}: {rule.source}")
    return lines


def _hazard_rows(result: CheckResult, group: Sequence[Hazard], page: Page, everything: bool) -> list[str]:
    """Return what happens where, with operators of the same kind on one row."""
    stories: dict[tuple[str, str, str], list[Hazard]] = {}
    for hazard in group:
        name = result.model.operator(hazard.culprit).name
        stories.setdefault((name, hazard.message, hazard.found), []).append(hazard)
    rows = list(stories.items())
    shown = rows if everything else rows[:_ROWS]
    lines: list[str] = []
    for position, ((name, message, found), members) in enumerate(shown):
        indices = [hazard.operators[0] for hazard in members]
        who = (
            f"operator {indices[0]} ({name})"
            if len(members) == 1
            else f"{len(members)} {name} ({formatting.ranges(indices)})"
        )
        text = shorten_names(f"{who}: {message}; {found}")
        lines += page.labelled("here" if position == 0 else "", formatting.printable(text))
    if len(rows) > len(shown):
        hidden = sum(len(members) for _, members in rows[len(shown) :])
        lines += page.labelled("", f"… {hidden} more (--all)")
    return lines


def _common(hazards: Sequence[Hazard]) -> tuple[Remedy, ...]:
    """Return the remedies of all hazards of a rule, each once."""
    return tuple(dict.fromkeys(remedy for hazard in hazards for remedy in hazard.remedies))
