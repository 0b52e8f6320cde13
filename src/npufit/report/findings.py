"""Why operators are not on the NPU, in words, and the ways out."""

from __future__ import annotations

from collections.abc import Iterable

from npufit.stacks import OperatorPlacement, Remedy, RemedyKind, Rule


def remedy_words(remedy: Remedy) -> str:
    """Return a remedy, prefixed with its kind."""
    if remedy.kind is RemedyKind.NONE:
        return "none known"
    target = f" (-t {remedy.target})" if remedy.target else ""
    return f"{remedy.kind}: {remedy.text}{target}"


def group_by_rule(operators: Iterable[OperatorPlacement]) -> list[tuple[Rule | None, list[OperatorPlacement]]]:
    """Return operators grouped by the rule of their finding, the largest group first; None holds the unexplained.

    Limits that a probe found share a rule, but each makes a statement of its own and has a group of its own.
    """
    groups: dict[tuple[str, str], tuple[Rule | None, list[OperatorPlacement]]] = {}
    for placed in operators:
        rule = placed.finding.rule if placed.finding else None
        key = (rule.id, rule.statement) if rule else ("", "")
        groups.setdefault(key, (rule, []))[1].append(placed)
    return sorted(groups.values(), key=lambda group: -len(group[1]))
