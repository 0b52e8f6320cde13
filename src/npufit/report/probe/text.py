"""A probe for people: the answer, the limits, what breaks the tool, and what to do with them."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.formatting import plural, printable, shorten
from npufit.report.probe.document import OperatorEntry, ProbeDocument
from npufit.report.probe.headline import probe_headline, tells_of_groups
from npufit.report.probe.rows import LimitRow, limit_rows
from npufit.report.probe.words import count_words, crash_words, listed
from npufit.report.terminal_page import Page

_MOST_ROWS = 20
"""The rows of limits, and the lines of the other parts, that the default shows."""
_MOST_OTHERS = 4
_MESSAGE_WIDTH = 160
_MOST_OPERATORS = 3


def probe_text(
    document: ProbeDocument, page: Page, *, everything: bool = False, seconds: float = 0.0, rules: str = ""
) -> str:
    """Return what a probe found; `everything` lists every limit, axis and sentence, `rules` is the written rule file.

    `seconds` is how long it took.
    """
    return "\n".join(
        [
            *page.wrap(probe_headline(document, seconds), hanging="  "),
            *(page.ink("dim", line) for line in page.wrap(_asked_line(document))),
            *_limit_lines(document, page, everything=everything),
            *_statement_lines(document, page, everything=everything),
            *_crash_lines(document, page, everything=everything),
            *_unexplained_lines(document, page, everything=everything),
            *(_operator_lines(document.operators, page) if everything else []),
            "",
            *page.wrap(_next_step(rules), hanging="  "),
        ]
    )


def _asked_line(document: ProbeDocument) -> str:
    kept = f"{document.kept} answers kept from before" if document.kept else "all answers are new"
    words = [printable(document.name), kept, f"seed {document.seed}"]
    unfinished = [entry.operator for entry in document.operators if not entry.complete]
    words += [f"not finished: {listed(unfinished)}"] if unfinished else []
    return "; ".join(words)


def _limit_lines(document: ProbeDocument, page: Page, *, everything: bool) -> list[str]:
    rows = limit_rows(document.limits)
    if not rows:
        return []
    shown = rows if everything else rows[:_MOST_ROWS]
    lines = ["", page.ink("bold", "Limits: accepted while")]
    width = min(max(len(_on(row)) for row in shown), page.width // 3)
    for row in shown:
        lines += _row_lines(row, width, page, everything=everything)
    if len(rows) > len(shown):
        lines.append(page.ink("dim", f"  {len(rows) - len(shown)} more limits: -v"))
    return lines


def _row_lines(row: LimitRow, width: int, page: Page, *, everything: bool) -> list[str]:
    notes = [f"refused: {row.refused}"] if row.refused else []
    notes += [] if row.is_confirmed and not everything else [row.certainty]
    notes += [] if row.is_plain else [f"beyond it {row.beyond}"]
    notes += [plural(row.questions, "question")] if everything else []
    text = f"{row.limit} ({'; '.join(notes)})" if notes else row.limit
    on, margin = _on(row), " " * (width + 4)
    if len(on) > width:
        return [f"  {on}", *page.wrap(text, margin, f"{margin}  ")]
    return page.wrap(text, f"  {on.ljust(width)}  ", f"{margin}  ")


def _on(row: LimitRow) -> str:
    if len(row.operators) <= _MOST_OPERATORS:
        return row.on
    return f"{', '.join(row.operators[: _MOST_OPERATORS - 1])}, {len(row.operators) - _MOST_OPERATORS + 1} more"


def _statement_lines(document: ProbeDocument, page: Page, *, everything: bool) -> list[str]:
    told = 1 if tells_of_groups(document) else 0
    return _part("Groups of operators", [*map(printable, document.statements[told:])], page, everything=everything)


def _crash_lines(document: ProbeDocument, page: Page, *, everything: bool) -> list[str]:
    texts = [
        f"{crash_words(crash)}: {shorten(crash.message, _MESSAGE_WIDTH)}" if crash.message else crash_words(crash)
        for crash in document.crashes
    ]
    return _part("Breaks the tool", texts, page, everything=everything, style="red")


def _unexplained_lines(document: ProbeDocument, page: Page, *, everything: bool) -> list[str]:
    texts = [
        f"{printable(entry.operator)}: {printable(text)}" for entry in document.operators for text in entry.unexplained
    ]
    return _part("Not explained by a limit", texts, page, everything=everything, style="yellow")


def _part(title: str, texts: Sequence[str], page: Page, *, everything: bool, style: str = "bold") -> list[str]:
    if not texts:
        return []
    shown = texts if everything else texts[:_MOST_OTHERS]
    lines = ["", page.ink(style, title), *(line for text in shown for line in page.wrap(text, "  ", "    "))]
    return lines if len(shown) == len(texts) else [*lines, page.ink("dim", f"  {len(texts) - len(shown)} more: -v")]


def _operator_lines(operators: Sequence[OperatorEntry], page: Page) -> list[str]:
    """Return what was asked of each operator along each axis."""
    lines = ["", page.ink("bold", "What was asked, one axis at a time")]
    for entry in operators:
        taken = "taken" if entry.taken else "never taken"
        lines.append(f"  {printable(entry.operator)}: {taken}, {count_words(entry.questions, 'question')}")
        for axis in entry.axes:
            accepted = listed(axis.accepted) or "nothing"
            refused = f"; refused: {listed(axis.refused)}" if axis.refused else ""
            lines += page.wrap(f"{printable(axis.axis)}: accepted: {accepted}{refused}", "    ", "      ")
    return lines


def _next_step(rules: str) -> str:
    if rules:
        return f"Written to {printable(rules)}. Next: npufit check MODEL -t {printable(rules)}"
    return "Next: --rules FILE writes the limits as a target for check, fit and sweep (-t FILE); --html FILE draws them"
