"""Predicted against measured as a picture: SVG text with logarithmic axes, readable in light and dark mode."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from npufit import formatting
from npufit.validating import AccuracyRow

_WIDTH, _HEIGHT = 880, 660
_LEFT, _TOP, _SIZE = 76, 56, 540
_MOST_GROUPS = 7
_MOST_DECADES = 7
_MARGIN = 0.12
"""Decades between the outermost mark and the frame."""

_COMPILER = "the compiler's own estimate"

# The colours of Okabe and Ito, which people with any colour vision can distinguish; each also has its own shape.
_STYLES = (
    ("#0072B2", "circle"),
    ("#D55E00", "square"),
    ("#009E73", "triangle"),
    ("#CC79A7", "diamond"),
    ("#E69F00", "plus"),
    ("#56B4E9", "ring"),
    ("#999999", "dash"),
)
_STYLE_SHEET = """
  .paper { fill: #ffffff } .ink { fill: #1b1b1b } .soft { fill: #5a5a5a }
  .frame { stroke: #1b1b1b; fill: none } .grid { stroke: #dddddd } .equal { stroke: #1b1b1b }
  .half { stroke: #8a8a8a; stroke-dasharray: 5 4 } .compiler { stroke: #8a8a8a; fill: none; stroke-width: 1.4 }
  text { font-family: system-ui, sans-serif; font-size: 13px } .title { font-size: 16px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #14171c } .ink { fill: #ececec } .soft { fill: #a9a9a9 }
    .frame, .equal { stroke: #ececec } .grid { stroke: #343a44 }
  }
"""


@dataclass(frozen=True, slots=True)
class _Axes:
    """Both axes cover the same range, from 10^low to 10^high milliseconds."""

    low: float
    high: float

    def x(self, ms: float) -> float:
        return _LEFT + _SIZE * self._share(ms)

    def y(self, ms: float) -> float:
        return _TOP + _SIZE * (1 - self._share(ms))

    def _share(self, ms: float) -> float:
        return (math.log10(ms) - self.low) / (self.high - self.low)


def accuracy_svg(rows: Sequence[AccuracyRow]) -> str:
    """Return a scatter plot of the rows that count as the text of an SVG file."""
    counted = [row for row in rows if row.counts and row.predicted_ms and row.measured_ms > 0]
    groups = _styled(counted)
    axes = _axes(counted)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-labelledby="title description">',
            '<title id="title">Predicted against measured milliseconds</title>',
            f'<desc id="description">{_description(counted)}</desc>',
            f"<style>{_STYLE_SHEET}</style>",
            f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}"/>',
            *_frame(axes),
            *_compiler_marks(counted, axes),
            *(_mark(row, groups[row.group], axes) for row in counted),
            *_legend(counted, groups),
            "</svg>",
            "",
        ]
    )


def _description(rows: Sequence[AccuracyRow]) -> str:
    return (
        f"{formatting.plural(len(rows), 'public measurement')}, each predicted by a fit that had not seen its "
        "network. The line marks equality, the dashed lines half and double."
    )


def _styled(rows: Sequence[AccuracyRow]) -> dict[str, tuple[str, str]]:
    names = list(dict.fromkeys(row.group for row in rows))
    return {name: _STYLES[min(position, _MOST_GROUPS - 1)] for position, name in enumerate(names)}


def _axes(rows: Sequence[AccuracyRow]) -> _Axes:
    values = [ms for row in rows for ms in (row.measured_ms, row.predicted_ms, row.compiler_ms) if ms]
    return _Axes(math.log10(min(values, default=1.0)) - _MARGIN, math.log10(max(values, default=10.0)) + _MARGIN)


def _frame(axes: _Axes) -> list[str]:
    right, bottom = _LEFT + _SIZE, _TOP + _SIZE
    least, most, middle = 10.0**axes.low, 10.0**axes.high, _TOP + _SIZE / 2
    lines = [f'<text class="ink title" x="{_LEFT}" y="30">Predicted against measured</text>']
    for ms in _ticks(least, most):
        x, y = axes.x(ms), axes.y(ms)
        lines += [
            f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}M{_LEFT} {y:.1f}H{right}"/>',
            f'<text class="soft" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{ms:g}</text>',
            f'<text class="soft" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{ms:g}</text>',
        ]
    return [
        *lines,
        f'<clipPath id="inside"><rect x="{_LEFT}" y="{_TOP}" width="{_SIZE}" height="{_SIZE}"/></clipPath>',
        '<g clip-path="url(#inside)">',
        *(
            f'<path class="{name}" d="M{axes.x(least):.1f} {axes.y(factor * least):.1f}L{axes.x(most):.1f} '
            f'{axes.y(factor * most):.1f}"/>'
            for name, factor in (("equal", 1.0), ("half", 2.0), ("half", 0.5))
        ),
        "</g>",
        f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_SIZE}" height="{_SIZE}"/>',
        f'<text class="ink" x="{_LEFT + _SIZE / 2}" y="{bottom + 42}" text-anchor="middle">measured, ms</text>',
        f'<text class="ink" x="20" y="{middle}" text-anchor="middle" transform="rotate(-90 20 {middle})">'
        "predicted, ms</text>",
    ]


def _ticks(least: float, most: float) -> list[float]:
    """Return 1, 2 and 5 of every decade between both ends; only the decades if those would be too many."""
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    steps = (1.0,) if len(decades) > _MOST_DECADES else (1.0, 2.0, 5.0)
    return [ms for decade in decades for step in steps if least <= (ms := step * 10.0**decade) <= most]


def _compiler_marks(rows: Sequence[AccuracyRow], axes: _Axes) -> list[str]:
    return [
        f'<path class="compiler" d="{_cross(axes.x(row.measured_ms), axes.y(row.compiler_ms))}"/>'
        for row in rows
        if row.compiler_ms
    ]


def _cross(x: float, y: float) -> str:
    return f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"


def _mark(row: AccuracyRow, style: tuple[str, str], axes: _Axes) -> str:
    assert row.predicted_ms is not None, "only rows with a prediction are drawn"
    color, shape = style
    threads = f", {row.threads} threads" if row.threads.isdigit() else ""
    title = (
        f"{row.group}{threads}: {row.model} @ {row.size}, measured {row.measured_ms:g} ms, predicted "
        f"{formatting.milliseconds(row.predicted_ms, 3)}"
    )
    drawn = _shape(shape, axes.x(row.measured_ms), axes.y(row.predicted_ms), color)
    return f"<g>{drawn}<title>{_text(title)}</title></g>"


def _shape(shape: str, x: float, y: float, color: str) -> str:
    filled = f'fill="{color}" fill-opacity="0.85"'
    drawn = f'fill="none" stroke="{color}" stroke-width="2.4"'
    match shape:
        case "square":
            return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {filled}/>'
        case "triangle":
            return f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z" {filled}/>'
        case "diamond":
            return f'<path d="M{x:.1f} {y - 6:.1f}l5 6l-5 6l-5 -6z" {filled}/>'
        case "plus":
            return f'<path d="M{x - 5:.1f} {y:.1f}h10m-5 -5v10" {drawn}/>'
        case "ring":
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {drawn}/>'
        case "dash":
            return f'<path d="M{x - 5:.1f} {y:.1f}h10" {drawn}/>'
        case _:
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" {filled}/>'


def _legend(rows: Sequence[AccuracyRow], groups: dict[str, tuple[str, str]]) -> list[str]:
    x, y = _LEFT + _SIZE + 28, _TOP + 14
    lines: list[str] = []
    for name, (color, shape) in groups.items():
        count = sum(row.group == name for row in rows)
        lines += [
            _shape(shape, x, y - 4, color),
            f'<text class="ink" x="{x + 14}" y="{y}">{_text(name)} ({count})</text>',
        ]
        y += 24
    if any(row.compiler_ms for row in rows):
        lines += [f'<path class="compiler" d="{_cross(x, y - 4)}"/>']
        lines += [f'<text class="ink" x="{x + 14}" y="{y}">{_COMPILER}</text>']
        y += 24
    equal, half = f"M{x - 7} {y - 4}h14", f"M{x - 7} {y + 20}h14"
    return [
        *lines,
        f'<path class="equal" d="{equal}"/><text class="ink" x="{x + 14}" y="{y}">equal</text>',
        f'<path class="half" d="{half}"/><text class="ink" x="{x + 14}" y="{y + 24}">half, double</text>',
    ]


def _text(text: str) -> str:
    return html.escape(formatting.printable(text))
