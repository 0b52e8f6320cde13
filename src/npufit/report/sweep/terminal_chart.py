"""Times against sizes, drawn with characters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from npufit.report.sweep.document import PointEntry, SweepDocument
from npufit.report.sweep.words import Block, blocks
from npufit.report.terminal_page import Page
from npufit.sweeping import PointStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = 18
_MARKERS = "●▲■◆○△□◇"
_INKS = ("cyan", "orange", "magenta", "green", "blue", "yellow", "red", "white")
_MEASURED = "x"


def chart_lines(document: SweepDocument, page: Page) -> list[str]:
    """Return a chart for each network with several sizes: a line for each setup, and a mark for each measurement."""
    lines: list[str] = []
    for block in blocks(document):
        points = [point for point in document.points if point.series in block.series and _is_drawn(point)]
        if len({point.size for point in points}) > 1:
            lines += ["", *_chart(document, block, points, page)]
    return lines


def _is_drawn(point: PointEntry) -> bool:
    return point.height is not None and point.ms is not None


def _chart(document: SweepDocument, block: Block, points: Sequence[PointEntry], page: Page) -> list[str]:
    plotext: Any = import_module("plotext")
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(page.width, _ROWS)
    figure.theme("colorless")
    is_measured = any(point.status is PointStatus.OBSERVED for point in points)
    figure.title(f"{block.title}: ms of one inference{f'; {_MEASURED} measured' if is_measured else ''}")
    for place, number in enumerate(block.series):
        own = [point for point in points if point.series == number]
        marker, ink = _MARKERS[place % len(_MARKERS)], _INKS[place % len(_INKS)]
        _draw(
            figure,
            plotext,
            [point for point in own if point.status is not PointStatus.OBSERVED],
            marker,
            ink,
            document.series[number].setup,
        )
        _draw(figure, plotext, [point for point in own if point.status is PointStatus.OBSERVED], _MEASURED, ink, "")
    sides = sorted({_side(point) for point in points})
    figure.ruler("x").ticks(sides[:: -(-len(sides) // 10)])
    text: str = figure.build().string(not page.color)
    figure.clear()
    return text.rstrip("\n").split("\n")


def _draw(figure: Any, plotext: Any, points: Sequence[PointEntry], marker: str, ink: str, label: str) -> None:
    if not points:
        return
    ordered = sorted(points, key=_side)
    sides, times = [_side(point) for point in ordered], [point.ms for point in ordered]
    if label:
        line = figure.signal(sides, times, marker=plotext.marker("·", ink))
        line.lines()
        figure.draw(line)
    marks = figure.signal(sides, times, marker=plotext.marker(marker, ink))
    if label:
        marks.label(label)
    figure.draw(marks)


def _side(point: PointEntry) -> int:
    """Return the side of a square with as many pixels."""
    return round(((point.height or 0) * (point.width or 0)) ** 0.5)
