"""Ways out of a rule or a hazard as lines: remedies, and the commands that try the passes against it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from npufit import formatting
from npufit.checking import CheckResult
from npufit.report.findings import remedy_words
from npufit.report.terminal_page import Page
from npufit.rewrite import cures_of
from npufit.stacks import Remedy, Rule


def title_lines(page: Page, text: str) -> list[str]:
    """Return the title of a section after an empty line."""
    return ["", page.ink("bold", text)]


def remedy_lines(remedies: Sequence[Remedy], page: Page) -> list[str]:
    """Return `remedies`, labelled; or that none is known."""
    if not remedies:
        return page.labelled("way out", "none known")
    lines: list[str] = []
    for position, remedy in enumerate(remedies):
        lines += page.labelled("way out" if position == 0 else "", remedy_words(remedy))
    return lines


def attempt_lines(result: CheckResult, rule: Rule, page: Page) -> list[str]:
    """Return the commands that try the passes that cure a rule."""
    lines: list[str] = []
    for cure in cures_of(rule.id):
        lines += page.labelled(
            "" if lines else "try", f"npufit fit MODEL -t {shlex.quote(result.spelling)} {cure.fit_options}"
        )
    return lines


def shorten_names(text: str, width: int = 64) -> str:
    """Return `text` with quoted tensor names cut to `width`: converters' fused names have hundreds of letters."""
    parts = text.split("'")
    return "'".join(
        part if position % 2 == 0 else formatting.shorten(part, width) for position, part in enumerate(parts)
    )
