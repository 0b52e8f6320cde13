"""Predicted against measured for people, and as the table of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from npufit import formatting
from npufit.report.markdown import escape
from npufit.report.terminal_page import Page, columns
from npufit.validating import AccuracyResult, AccuracyRow, GroupAccuracy, OwnAccuracy

_DIGITS = 6
_MODELS = 6
_WIDE = 130
CLASSES_TITLE = "Whole classes of networks left out"
GROUP_COLUMNS = (
    *("group", "rows", "networks", "median error", "mean", "in range", "range"),
    *("compiler's median", "mean"),
)
ROW_COLUMNS = (
    *("model", "threads", "measured ms", "predicted ms", "error", "in range", "compiler ms", "error"),
    "stack version",
)
LEFT_OUT_COLUMNS = ("rows", "why", "which")


def accuracy_text(result: AccuracyResult, page: Page, *, everything: bool = False) -> str:
    """Return the errors by chip and stack, all counted rows, and why others do not count; `everything` lists those."""
    rows = result.rows
    lines = page.wrap(accuracy_headline(rows))
    lines += [] if result.own is None else _own(result.own, page)
    for summaries, title in ((result.groups, ""), (result.classes, CLASSES_TITLE)):
        if summaries:
            table = columns([list(GROUP_COLUMNS), *map(group_cells, summaries)], right=range(1, len(GROUP_COLUMNS)))
            lines += ["", *([title] if title else []), page.ink("bold", table[0]), *table[1:]]
    for group in dict.fromkeys(row.group for row in rows if row.counts):
        lines += _rows(group, [row for row in rows if row.group == group and row.counts], page)
    return "\n".join(lines + _left_out(rows, page, everything))


def own_headline(own: OwnAccuracy) -> str:
    """Return a sentence on the user's own measurements: how many there are and count, and the predictions' error."""
    counted = [row for row in own.rows if row.counts]
    times = formatting.plural(len(own.rows), "time")
    if not counted:
        return f"{times}, of which none counts."
    error = formatting.percent(median(abs(row.error or 0.0) for row in counted))
    return f"{times}, {len(counted)} of them counted: median error {error}."


def own_row_cells(own: OwnAccuracy) -> list[tuple[str, list[list[str]]]]:
    """Return the user's own measurements by group, as cells in the order of ROW_COLUMNS."""
    groups = dict.fromkeys(row.group for row in own.rows)
    return [(group, [row_cells(row) for row in own.rows if row.group == group]) for group in groups]


def _own(own: OwnAccuracy, page: Page) -> list[str]:
    """Return the user's own measurements: the errors by group, every row, and what does not count."""
    lines = ["", *(page.ink("bold", line) for line in page.wrap(f"Your own measurements: {own_headline(own)}"))]
    if own.groups:
        table = columns([list(GROUP_COLUMNS), *map(group_cells, own.groups)], right=range(1, len(GROUP_COLUMNS)))
        lines += ["", page.ink("bold", table[0]), *table[1:]]
    for group in dict.fromkeys(row.group for row in own.rows):
        lines += _rows(f"{group}, your own", [row for row in own.rows if row.group == group], page)
    for reason, members in rows_left_out(own.rows).items():
        lines += page.wrap(f"not counted, {formatting.printable(reason)}: {_models(members)}", "  ", "    ")
    for problem in own.refused:
        lines += page.wrap(f"no time: {formatting.printable(problem)}", "  ", "    ")
    return [*lines, "", page.ink("bold", "Public measurements")]


def accuracy_headline(rows: Sequence[AccuracyRow]) -> str:
    """Return a sentence on how many measurements there are, and how many of them count."""
    counted = [row for row in rows if row.counts]
    return (
        f"{formatting.plural(len(rows), 'public measurement')}; {len(counted)} of them are predicted, each by a fit "
        f"that was neither trained nor chosen on its network; {len(rows) - len(counted)} are not counted, for the "
        "reasons below."
    )


def group_cells(group: GroupAccuracy) -> list[str]:
    """Return a group as cells of a table, in the order of GROUP_COLUMNS."""
    return [
        group_name(group),
        str(group.rows),
        str(group.networks),
        formatting.percent(group.median_error),
        formatting.percent(group.mean_error),
        "" if group.coverage is None else formatting.percent(group.coverage),
        _span(group),
        "" if group.compiler_median_error is None else formatting.percent(group.compiler_median_error),
        "" if group.compiler_mean_error is None else formatting.percent(group.compiler_mean_error),
    ]


def _span(group: GroupAccuracy) -> str:
    has_ranges = group.coverage is not None
    return f"{formatting.significant(group.low)} to {formatting.significant(group.high)}" if has_ranges else ""


def group_name(group: GroupAccuracy) -> str:
    """Return the name of a group with its part."""
    return formatting.printable(f"{group.group}, {group.part}" if group.part else group.group)


def _rows(group: str, rows: Sequence[AccuracyRow], page: Page) -> list[str]:
    """Return the rows of a group as a table; the version is left out on a narrow page."""
    cells = [list(ROW_COLUMNS), *(row_cells(row) for row in rows)]
    is_wide = page.width >= _WIDE
    keep = [any(line[column] for line in cells[1:]) for column in range(len(ROW_COLUMNS) - 1)] + [is_wide]
    chosen = [[cell for cell, kept in zip(line, keep, strict=True) if kept] for line in cells]
    flush = [column for column, name in enumerate(chosen[0]) if name not in ("model", "in range", "stack version")]
    table = columns(chosen, right=flush)
    return [
        "",
        page.ink("bold", formatting.printable(group)),
        "  " + page.ink("dim", table[0]),
        *("  " + line for line in table[1:]),
    ]


def row_cells(row: AccuracyRow) -> list[str]:
    """Return a row as cells of a table, in the order of ROW_COLUMNS."""
    return [
        formatting.shorten(f"{row.model} {row.size}", 42),
        row.threads.partition(" ")[0] if row.threads[:1].isdigit() else ("?" if row.threads else ""),
        f"{row.measured_ms:g}",
        "" if row.predicted_ms is None else formatting.significant(row.predicted_ms, 3),
        _signed(row.error),
        "" if row.in_band is None else "yes" if row.in_band else "NO",
        "" if row.compiler_ms is None else formatting.significant(row.compiler_ms, 3),
        _signed(row.compiler_error),
        formatting.shorten(row.stack_version, 40),
    ]


def _signed(share: float | None) -> str:
    return "" if share is None else f"{100 * share:+.0f} %"


def _left_out(rows: Sequence[AccuracyRow], page: Page, everything: bool) -> list[str]:
    by_reason = rows_left_out(rows)
    if not by_reason:
        return []
    lines = ["", page.ink("bold", f"Not counted: {sum(map(len, by_reason.values()))} rows")]
    for reason, members in by_reason.items():
        lines += [
            "",
            *page.wrap(f"{formatting.plural(len(members), 'row')}: {formatting.printable(reason)}", "  ", "    "),
        ]
        if everything:
            lines += [line for row in members for line in page.wrap(_in_words(row), "    ", "      ")]
        else:
            lines += page.wrap(_models(members), "    ")
    return lines if everything else [*lines, "", "--all lists every row with its source."]


def rows_left_out(rows: Sequence[AccuracyRow]) -> dict[str, list[AccuracyRow]]:
    """Return the rows that do not count by reason, the most frequent one first."""
    found: dict[str, list[AccuracyRow]] = {}
    for row in rows:
        if not row.counts:
            found.setdefault(row.left_out, []).append(row)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _models(rows: Sequence[AccuracyRow]) -> str:
    names = list(dict.fromkeys(f"{row.model} on {row.chip}" for row in rows))
    more = f", … {len(names) - _MODELS} more" if len(names) > _MODELS else ""
    return formatting.printable(", ".join(names[:_MODELS]) + more)


def _in_words(row: AccuracyRow) -> str:
    threads = f", {row.threads} threads" if row.threads.isdigit() else f", threads {row.threads}" if row.threads else ""
    predicted = "" if row.predicted_ms is None else f" (predicted {formatting.milliseconds(row.predicted_ms, 3)})"
    return formatting.printable(
        f"{row.group}: {row.model} @ {row.size}, {row.unit}{threads}, {row.stack}, {row.stack_version}: "
        f"{row.measured_ms:g} ms{predicted}; {row.source}"
    )


def accuracy_markdown(result: AccuracyResult) -> str:
    """Return the same as Markdown tables: groups, classes, rows that count, rows that do not."""
    rows = result.rows
    lines = [accuracy_headline(rows), ""]
    if result.own is not None:
        lines += ["### Your own measurements", "", own_headline(result.own), ""]
        lines += [*summary_markdown(result.own.groups).splitlines(), ""] if result.own.groups else []
        for group, cells in own_row_cells(result.own):
            lines += [f"**{escape(group)}**", "", *_markdown_table(ROW_COLUMNS, cells), ""]
        lines += [*(f"- {escape(problem)}" for problem in result.own.refused), "", "### Public measurements", ""]
    lines += summary_markdown(result.groups).splitlines()
    if result.classes:
        lines += ["", f"### {CLASSES_TITLE}", "", *summary_markdown(result.classes).splitlines()]
    for group in dict.fromkeys(row.group for row in rows if row.counts):
        members = [row for row in rows if row.group == group and row.counts]
        lines += ["", f"### {escape(group)}", ""]
        lines += _markdown_table(ROW_COLUMNS, [row_cells(row) for row in members])
    lines += ["", "### Not counted", ""]
    return "\n".join([*lines, *_markdown_table(LEFT_OUT_COLUMNS, left_out_cells(rows))]) + "\n"


def left_out_cells(rows: Sequence[AccuracyRow]) -> list[list[str]]:
    """Return the rows that do not count by reason, as cells of a table in the order of LEFT_OUT_COLUMNS."""
    by_reason = rows_left_out(rows)
    return [[str(len(members)), reason, _models(members)] for reason, members in by_reason.items()]


def summary_markdown(groups: Sequence[GroupAccuracy]) -> str:
    """Return the errors of the groups as a Markdown table, the one of the README."""
    return "\n".join(_markdown_table(GROUP_COLUMNS, [group_cells(group) for group in groups]))


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *([escape(cell) for cell in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]
