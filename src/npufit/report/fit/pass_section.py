"""Every pass that a fit tried, what became of it and where; and the list of all passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from npufit.fitting import FitResult, option_text, pass_text
from npufit.fitting.search import PassOutcome, PassVerdict
from npufit.formatting import plural, printable, ranges, shorten
from npufit.report.terminal_page import Page
from npufit.rewrite import Pass

_SITES = 3
_STYLES = {PassOutcome.TAKEN: "green", PassOutcome.OFFERED: "green", PassOutcome.FAILED: "red"}


def pass_lines(fit: FitResult, page: Page, everything: bool) -> list[str]:
    """Return a line per pass; passes that were left out for the same reason share one."""
    lines = ["", page.ink("bold", "Passes")]
    alike: dict[tuple[PassOutcome, str], list[PassVerdict]] = {}
    for verdict in fit.verdicts:
        if verdict.outcome in _STYLES:
            lines += _verdict(fit, verdict, page, everything)
        else:
            alike.setdefault((verdict.outcome, verdict.why), []).append(verdict)
    for (outcome, why), verdicts in alike.items():
        names = ", ".join(printable(pass_text(verdict.pass_)) for verdict in verdicts)
        lines += page.wrap(f"{names}: {outcome}: {printable(why)}", "  ", "    ")
    return lines


def _verdict(fit: FitResult, verdict: PassVerdict, page: Page, everything: bool) -> list[str]:
    name = printable(pass_text(verdict.pass_))
    where = f" ({plural(len(verdict.sites), 'place')})" if verdict.sites else ""
    kind = f", {verdict.pass_.exactness}" if fit.is_survey or verdict.pass_.exactness != "exact" else ""
    text = page.wrap(f"{name}{kind}: {verdict.outcome}: {printable(verdict.why)}{where}", "  ", "    ")
    lines = [page.ink(_STYLES[verdict.outcome], line) for line in text]
    shown = verdict.sites if everything else verdict.sites[: _SITES if fit.is_survey else 0]
    for site in shown:
        lines += page.wrap(f"{ranges(site.operators, 6)}: {shorten(site.what, 300)}", "      ", "        ")
    if fit.is_survey and len(shown) < len(verdict.sites):
        lines.append(page.ink("dim", f"      … {len(verdict.sites) - len(shown)} more (--all)"))
    notes = verdict.notes if everything else verdict.notes[:_SITES]
    for note in notes:
        lines += page.wrap(f"note: {shorten(note, 300)}", "      ", "        ")
    if len(notes) < len(verdict.notes):
        lines.append(page.ink("dim", f"      … {plural(len(verdict.notes) - len(notes), 'note')} more (--all)"))
    return lines


def passes_text(passes: Sequence[type[Pass]], page: Page) -> str:
    """Return every pass with its exactness and its options, from its class."""
    lines: list[str] = []
    for pass_ in passes:
        lines += [] if not lines else [""]
        lines += page.wrap(f"{pass_.name} ({pass_.exactness}): {pass_.summary}", "", "  ")
        for field in fields(pass_):
            name = field.name.replace("_", "-")
            said = field.metadata.get("help", "")
            lines += page.wrap(f"{name}={option_text(field.default)}  {said}", "    ", "        ")
    lines += ["", *page.wrap("Written NAME or NAME:OPTION=VALUE,OPTION=VALUE with --only. cut is an option, --cut.")]
    return "\n".join(lines)
