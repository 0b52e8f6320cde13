"""Tables of named columns that give way on a narrow page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from npufit.report.terminal_page import Page, columns

Table = Mapping[str, Sequence[str]]
"""The cells of each column, by the column's name."""


def fitted_table(table: Table, page: Page, flush_left: Iterable[str], give_way: Iterable[str]) -> list[str]:
    """Return a table as lines that fit `page`: columns are left out in the order of `give_way`, and named at the end.

    The columns in `flush_left` are flush left, all others flush right.
    """
    kept, left_out = dict(table), list[str]()
    lines = _lines(kept, frozenset(flush_left))
    for name in give_way:
        if max(map(len, lines)) <= page.width:
            break
        if kept.pop(name, None) is not None:
            left_out.append(name)
            lines = _lines(kept, frozenset(flush_left))
    more = [page.ink("dim", f"on a wider page: {', '.join(left_out)}")] if left_out else []
    return [page.ink("bold", lines[0]), *lines[1:], *more]


def _lines(table: Table, flush_left: frozenset[str]) -> list[str]:
    rows = list(zip(*([name, *cells] for name, cells in table.items()), strict=True))
    return columns(rows, right=[position for position, name in enumerate(table) if name not in flush_left])
