"""Predicted against measured as an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from npufit.formatting import percent
from npufit.report.accuracy.chart import networks_chart, scatter_chart
from npufit.report.accuracy.text import (
    CLASSES_TITLE,
    GROUP_COLUMNS,
    LEFT_OUT_COLUMNS,
    ROW_COLUMNS,
    accuracy_headline,
    group_cells,
    left_out_cells,
    own_headline,
    own_row_cells,
    row_cells,
)
from npufit.report.page import Bundle, Frame, charts_payload, render_page
from npufit.validating import AccuracyResult, AccuracyRow


def accuracy_page(result: AccuracyResult) -> str:
    """Return the errors, both charts and every row that counts as one HTML file."""
    counted = [row for row in result.rows if row.counts]
    groups = list(dict.fromkeys(row.group for row in counted))
    frame = Frame(
        verb="accuracy",
        subject=", ".join(groups),
        headline=accuracy_headline(result.rows),
        about=_summary(counted),
        bundles=(Bundle.CHARTS,) if counted else (),
        payloads={"charts": charts_payload({"scatter": scatter_chart(counted), "networks": networks_chart(counted)})},
    )
    return render_page(
        "accuracy/accuracy.html.j2",
        frame,
        rows=result.rows,
        own=result.own,
        own_headline="" if result.own is None else own_headline(result.own),
        own_groups=[] if result.own is None else [group_cells(group) for group in result.own.groups],
        own_rows=[] if result.own is None else own_row_cells(result.own),
        counted=counted,
        groups=groups,
        networks=len({row.network for row in counted}),
        median=_median_error(counted),
        coverage=_coverage(counted),
        group_columns=GROUP_COLUMNS,
        group_rows=[group_cells(group) for group in result.groups],
        classes_title=CLASSES_TITLE,
        class_rows=[group_cells(group) for group in result.classes],
        row_columns=ROW_COLUMNS,
        counted_rows=[(group, [row_cells(row) for row in counted if row.group == group]) for group in groups],
        left_out_columns=LEFT_OUT_COLUMNS,
        left_out=left_out_cells(result.rows),
    )


def _summary(rows: Sequence[AccuracyRow]) -> str:
    """Return how far off predictions are, in a sentence; empty without any."""
    error, coverage = _median_error(rows), _coverage(rows)
    if error is None or coverage is None:
        return ""
    return (
        f"Half of the predictions are within {percent(error)}; {percent(coverage)} of measurements lie in their range."
    )


def _median_error(rows: Sequence[AccuracyRow]) -> float | None:
    return median(abs(row.error or 0.0) for row in rows) if rows else None


def _coverage(rows: Sequence[AccuracyRow]) -> float | None:
    return sum(bool(row.in_band) for row in rows) / len(rows) if rows else None
