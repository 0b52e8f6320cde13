"""The comparison of two measurements for people."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.comparing import MeasuredComparison, Verdict
from npufit.formatting import shorten
from npufit.report.compare.measured_words import (
    circumstances,
    measured_headline,
    measured_remarks,
    measured_rows,
    measured_side,
    operator_cells,
)
from npufit.report.terminal_page import Page, columns

_STYLES = {Verdict.WORSE: "red", Verdict.MIXED: "yellow", Verdict.BETTER: "green", Verdict.SAME: "bold"}
_OPERATORS = 5


def measured_text(comparison: MeasuredComparison, page: Page, *, everything: bool = False) -> str:
    """Return the report on two measurements; the first line answers, `everything` lists all operators."""
    lines = [page.ink(_STYLES[comparison.verdict], line) for line in page.wrap(measured_headline(comparison), "", "  ")]
    before = measured_side(comparison.before, comparison.before_file)
    after = measured_side(comparison.after, comparison.after_file)
    lines += [page.ink("dim", line) for line in page.wrap(f"before: {before}", "", "        ")]
    lines += [page.ink("dim", line) for line in page.wrap(f"after:  {after}", "", "        ")]
    rows = measured_rows(comparison)
    table = columns([["", "before", "after"], *([row.label, row.before, row.after] for row in rows)], right=(1, 2))
    lines += ["", page.ink("bold", table[0])]
    lines += [line if row.differs else page.ink("dim", line) for row, line in zip(rows, table[1:], strict=True)]
    found = circumstances(comparison)
    if found:
        lines += ["", page.ink("bold", "What else differs")]
        cells = [[row.label, shorten(row.before or "-", 50), "→", shorten(row.after or "-", 50)] for row in found]
        lines += [f"  {line}" for line in columns(cells)]
    lines += _operators(comparison, page, None if everything else _OPERATORS)
    remarks = measured_remarks(comparison)
    lines += ["", *(line for remark in remarks for line in page.wrap(remark, "- ", "  "))] if remarks else []
    return "\n".join(lines)


def _operators(comparison: MeasuredComparison, page: Page, most: int | None) -> Iterator[str]:
    cells = operator_cells(comparison, most)
    if not cells:
        return
    yield ""
    yield page.ink("bold", "Largest changes of an operator's time, ms")
    yield from (f"  {line}" for line in columns([[*row[:-1], "→", row[-1]] for row in cells], right=(3,)))
    hidden = len(comparison.operators) - len(cells)
    if hidden:
        yield f"  … {hidden} more (--all)"
