"""Rules for people: `npufit rules`, and the same text as pages of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from npufit.report.findings import remedy_words
from npufit.report.hazards import effects_words
from npufit.report.markdown import template_environment
from npufit.report.terminal_page import Page
from npufit.rewrite import cures_of
from npufit.stacks import Rule, RuleKind, Stage, former_ids

_DECIDERS = {
    Stage.FRONTEND_UNMAPPED: "the delegate: it has no translation for the type",
    Stage.FRONTEND_CHECK: "the delegate: it refuses this form",
    Stage.DRIVER_CHECK: "the driver behind the delegate",
    Stage.COMPILER: "the compiler",
    Stage.EXECUTION: "none: the operator is accepted",
    Stage.UNDECIDED: "closed software that was not run",
    Stage.UNASKED: "a probe that did not ask",
}
_TITLES = {
    RuleKind.HAZARD: "Hazards: accepted, but the process crashes, the inference fails or the answer may be wrong",
    RuleKind.REFUSAL: "Refusals: the operator stays on the CPU",
    RuleKind.UNKNOWN: "Unknown: no available source says what happens",
}


def rule_text(rule: Rule, page: Page) -> str:
    """Return everything about one rule."""
    lines = [
        f"{page.ink('cyan', rule.id)}  {rule.kind}",
        *page.wrap(rule.statement),
        "",
        *page.labelled("decided", _DECIDERS[rule.stage], "", 10),
        *page.labelled("safe" if rule.kind is RuleKind.HAZARD else "passes", rule.limit, "", 10),
        *page.labelled("why", rule.why, "", 10),
        *page.labelled("example", rule.example, "", 10),
    ]
    for position, remedy in enumerate(rule.remedies):
        lines += page.labelled("way out" if position == 0 else "", remedy_words(remedy), "", 10)
    if not rule.remedies:
        lines += page.labelled("way out", "none known", "", 10)
    for position, cure in enumerate(cures_of(rule.id)):
        lines += page.labelled("try" if position == 0 else "", f"npufit fit MODEL -t TARGET {cure.fit_options}", "", 10)
    if rule.effects:
        lines += page.labelled("effect", effects_words(rule.effects), "", 10)
    lines += page.labelled("versions", rule.versions, "", 10)
    if formerly := former_ids(rule.id):
        lines += page.labelled("formerly", ", ".join(formerly), "", 10)
    lines += page.labelled("known", f"{rule.evidence}: {rule.source}", "", 10)
    return "\n".join(lines)


def rules_text(rules: Sequence[Rule], page: Page) -> str:
    """Return a list of rules with their statements."""
    lines: list[str] = []
    for kind, title in _TITLES.items():
        chosen = [rule for rule in rules if rule.kind is kind]
        width = max((len(rule.id) for rule in chosen), default=0) + 2
        lines += ["", page.ink("bold", title)] if chosen else []
        for rule in chosen:
            lines += page.labelled(rule.id, rule.statement, "  ", width)
    lines += ["", "npufit rules ID explains one of them."]
    return "\n".join(lines).lstrip("\n")


def rule_page(rule: Rule) -> str:
    """Return the documentation page of a rule, as Markdown."""
    return (
        template_environment()
        .get_template("rules/rule.md.j2")
        .render(
            rule=rule,
            formerly=", ".join(former_ids(rule.id)),
            stage=_DECIDERS[rule.stage],
            words=remedy_words,
            effects=effects_words(rule.effects),
            attempts=[cure.fit_options for cure in cures_of(rule.id)],
        )
    )


def rule_index(rules: Sequence[Rule]) -> str:
    """Return the page that lists all rules, as Markdown."""
    lines = ["# Rules and hazards", "", "Generated from the rules themselves by `npufit rules --write docs/rules`."]
    for kind, title in _TITLES.items():
        chosen = [rule for rule in rules if rule.kind is kind]
        if chosen:
            lines += ["", f"## {title}", "", *_index_table(chosen)]
    return "\n".join(lines) + "\n"


def _index_table(rules: Sequence[Rule]) -> list[str]:
    if not any(rule.effects for rule in rules):
        rows = [f"| [{rule.id}]({rule.id}.md) | {rule.statement} | {rule.versions} |" for rule in rules]
        return ["| id | statement | versions |", "|---|---|---|", *rows]
    rows = [
        f"| [{rule.id}]({rule.id}.md) | {', '.join(rule.effects)} | {rule.statement} | {rule.versions} |"
        for rule in rules
    ]
    return ["| id | effect | statement | versions |", "|---|---|---|---|", *rows]


def write_rule_pages(rules: Sequence[Rule], folder: Path) -> list[Path]:
    """Write the page of every rule and their index into `folder`; return what was written.

    Pages of rules that no longer exist are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = {folder / f"{rule.id}.md": rule_page(rule) for rule in rules}
    pages[folder / "README.md"] = rule_index(rules)
    for stale in set(folder.glob("*.md")) - set(pages):
        stale.unlink()
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return sorted(pages)
