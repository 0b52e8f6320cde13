"""A sweep for people: the answer, what is affordable, cliffs, tables, and what has no answer."""

from __future__ import annotations

from npufit.report.sweep.document import SweepDocument
from npufit.report.sweep.headline import counts_line, sweep_headline
from npufit.report.sweep.sections import affordable_lines, change_lines, cliff_lines, report_lines, unanswered_lines
from npufit.report.sweep.tables import table_lines
from npufit.report.terminal_page import Page


def sweep_text(document: SweepDocument, page: Page, *, everything: bool = False, chart: bool = False) -> str:
    """Return what a sweep found; `everything` lists every point and cliff, `chart` draws the times."""
    charts: list[str] = []
    if chart:
        from npufit.report.sweep.terminal_chart import chart_lines

        charts = chart_lines(document, page)
    return "\n".join(
        [
            *page.wrap(sweep_headline(document), hanging="  "),
            *(page.ink("dim", line) for line in page.wrap(counts_line(document))),
            *affordable_lines(document, page),
            *cliff_lines(document, page, everything=everything),
            *table_lines(document, page, everything=everything),
            *change_lines(document, page),
            *charts,
            *report_lines(document, page),
            *unanswered_lines(document, page),
        ]
    )
