"""The times of a sweep as Vega-Lite charts, one for each network: for the page, and for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

from npufit.formatting import milliseconds, plural, printable, shorten, significant
from npufit.report.page import SCHEMA, SERIES_COLORS, SERIES_SHAPES, Ink, Specification
from npufit.report.sweep.document import PointEntry, SweepDocument
from npufit.report.sweep.words import Block, blocks
from npufit.sweeping import PointStatus

_HEIGHT, _BAR = 360, 34
"""Pixels of a chart by size, and of a bar."""
_LOGARITHMIC_FROM = 20.0
"""Times that differ by more than this factor are drawn on a logarithmic scale."""
_MOST_TICKS = 14
_LABEL_WIDTH = 60

_Values = list[dict[str, Any]]
_Encoding = dict[str, Any]


def sweep_charts(document: SweepDocument) -> dict[str, Specification]:
    """Return a chart for each network by an id: times against sizes, or against setups if there is a single size.

    The data are inside. Colours are those of `Ink` and SERIES_COLORS; the width is that of the container.
    """
    charts: dict[str, Specification] = {}
    for number, block in enumerate(blocks(document)):
        points = [point for point in document.points if point.series in block.series and _is_drawn(point)]
        if points:
            is_by_size = len({point.size for point in points}) > 1
            charts[f"sweep-{number}"] = (_by_size if is_by_size else _by_setup)(document, block, points)
    return charts


def _is_drawn(point: PointEntry) -> bool:
    is_range = point.low_ms is not None and point.high_ms is not None
    return point.ms is not None or (point.status is PointStatus.UNKNOWN and is_range)


def _by_size(document: SweepDocument, block: Block, points: Sequence[PointEntry]) -> Specification:
    """Return times against the side of the input: predictions with ranges, measurements, and cliffs."""
    values = [_value(document, point) for point in sorted(points, key=_side)]
    alone = _alone(document, block, points)
    x, y = _side_axis(points), _time_axis(values, alone)
    color = _of_series(document, block, SERIES_COLORS)
    shape = _of_series(document, block, SERIES_SHAPES)
    predicted, unknown, observed = (_with_status(values, status) for status in _DRAWN)
    around = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": color}
    line = {"x": x, "y": y, "color": color}
    layers = [
        *_cliff_layers(document, block, x),
        _layer(alone, _CPU_LINE, {"x": x, "y": {**y, "field": "cpu"}, "detail": _CHIP}),
        *_texts(_last(alone), _CPU_TEXT, {"x": x, "y": {**y, "field": "cpu"}, "text": _CHIP}),
        _layer(unknown, {"type": "area", "opacity": 0.1}, around),
        *(_layer(unknown, _DOTTED, {**line, "y": {**y, "field": end}}) for end in ("low", "high")),
        _layer(predicted, {"type": "area", "opacity": 0.14}, around),
        _layer(predicted, {"type": "line", "strokeWidth": 2.2}, line),
        _layer(predicted, _POINT, {**line, "shape": shape, "tooltip": _TOOLTIP}),
        _layer([value for value in predicted if value["hazards"]], _RING, {"x": x, "y": y, "tooltip": _TOOLTIP}),
        _layer(observed, _DIAMOND, {**line, "tooltip": _TOOLTIP}),
        *_texts(_one_of_each(unknown), _UNKNOWN_TEXT, {**line, "y": {**y, "field": "low"}, "text": _LABEL}),
        *(
            layer
            for place, own in enumerate(_stacked(observed))
            for layer in _texts(own, _OBSERVED_TEXTS[place], {"x": x, "y": y, "text": _LABEL})
        ),
    ]
    return _chart(block, values, layers, {"height": _HEIGHT})


def _by_setup(document: SweepDocument, block: Block, points: Sequence[PointEntry]) -> Specification:
    """Return times of each setup as bars with their ranges, and measurements beside them."""
    values = [_value(document, point) for point in points]
    names = [shorten(document.series[number].setup) for number in block.series]
    y = {"field": "series", "type": "nominal", "sort": names, "title": None, "axis": {"labelLimit": 300}}
    room_for_labels = 1.5 * max(value["high"] for value in values)
    x = _milliseconds({"type": "linear", "domain": [0, room_for_labels], "nice": False}, {"tickCount": 6})
    predicted, unknown, observed = (_with_status(values, status) for status in _DRAWN)
    safe = [value for value in predicted if not value["hazards"]]
    color = _of_series(document, block, SERIES_COLORS, legend=False)
    end = {"y": y, "x": {**x, "field": "high"}, "text": _LABEL}
    layers = [
        _layer(predicted, {"type": "bar", "height": 18}, {"y": y, "x": x, "color": color, "tooltip": _TOOLTIP}),
        _layer([*predicted, *unknown], _RULE, {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}),
        _layer(observed, {**_DIAMOND, "color": Ink.TEXT}, {"y": y, "x": x, "tooltip": _TOOLTIP}),
        _layer([*safe, *unknown], _BAR_TEXT, end),
        _layer([value for value in predicted if value["hazards"]], {**_BAR_TEXT, "color": Ink.HAZARD}, end),
    ]
    return _chart(block, values, layers, {"height": _BAR * len(names)}, "bar")


_DRAWN = (PointStatus.PREDICTED, PointStatus.UNKNOWN, PointStatus.OBSERVED)
_CHIP = {"field": "chip", "type": "nominal"}
_POINT = {"type": "point", "filled": True, "size": 46, "opacity": 1}
_RING = {"type": "point", "filled": False, "size": 140, "strokeWidth": 1.8, "color": Ink.HAZARD}
_DIAMOND = {"type": "point", "filled": True, "size": 170, "shape": "diamond", "opacity": 1, "stroke": Ink.PAPER}
_DOTTED = {"type": "line", "strokeDash": [2, 4], "strokeWidth": 1.2}
_CPU_LINE = {"type": "line", "strokeDash": [7, 4], "strokeWidth": 1.4, "color": Ink.MUTED}
_RULE = {"type": "rule", "strokeWidth": 1.4, "color": Ink.TEXT}
_TEXT = {"type": "text", "fontSize": 12, "color": Ink.TEXT}
_CPU_TEXT = {**_TEXT, "align": "right", "dy": -8, "color": Ink.MUTED, "fontSize": 11}
_UNKNOWN_TEXT = {"type": "text", "fontSize": 12, "dy": -10, "fontStyle": "italic"}
_OBSERVED_TEXTS = tuple({**_TEXT, "align": "left", "dx": 9, "dy": dy, "fontWeight": 600} for dy in (-9, 13))
_BAR_TEXT = {**_TEXT, "align": "left", "dx": 7}
_CLIFF_TEXT = {**_TEXT, "dy": 6, "fontSize": 11, "color": Ink.HAZARD, "baseline": "top"}
_EDGE = {"color": Ink.PAPER, "stroke": Ink.PAPER, "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.85}
_LABEL = {"field": "label"}

_TOOLTIP = [
    {"field": name, "type": "nominal", "title": title}
    for name, title in (
        ("series", "on"),
        ("size", "size"),
        ("words", "time"),
        ("range", "range"),
        ("npu", "operators on the NPU"),
        ("hazards", "hazards"),
        ("source", "source"),
    )
]


def _chart(
    block: Block, values: _Values, layers: Sequence[Specification], size: dict[str, Any], form: str = "band"
) -> Specification:
    notes = [f"milliseconds of one inference; {'line' if form == 'bar' else form}: range of the prediction"]
    notes += ["diamond: measured"] if _with_status(values, PointStatus.OBSERVED) else []
    notes += ["ring: hazard"] if form == "band" and any(value["hazards"] for value in values) else []
    return {
        "$schema": SCHEMA,
        "description": f"Times of {printable(block.title)}: {plural(len(values), 'point')}.",
        "title": {"text": shorten(block.title, _LABEL_WIDTH), "subtitle": "; ".join(notes)},
        "width": "container",
        **size,
        "layer": [layer for layer in layers if layer["data"]["values"]],
    }


def _layer(values: _Values, mark: dict[str, Any], encoding: _Encoding) -> Specification:
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def _texts(values: _Values, mark: dict[str, Any], encoding: _Encoding) -> list[Specification]:
    """Return text with an edge in the colour of the paper, so that it is readable on lines."""
    edge = {name: entry for name, entry in encoding.items() if name != "color"}
    return [
        _layer(values, {**mark, **_EDGE}, edge),
        _layer(values, mark, encoding),
    ]


def _value(document: SweepDocument, point: PointEntry) -> dict[str, Any]:
    """Return what the charts show of a point."""
    npu = f"{point.npu_operators} of {point.operators}" if point.npu_operators is not None else ""
    words = milliseconds(point.ms, 3) if point.ms is not None else ""
    is_range = point.low_ms is not None and point.high_ms is not None
    hazards = ", ".join(hazard.id for hazard in point.hazards)
    return {
        "series": shorten(document.series[point.series].setup),
        "status": str(point.status),
        "side": _side(point),
        "size": point.size,
        "ms": point.ms if point.ms is not None else _geometric_mean(point.low_ms, point.high_ms),
        "low": point.low_ms if is_range else point.ms,
        "high": point.high_ms if is_range else point.ms,
        "words": words,
        "range": f"{significant(point.low_ms or 0.0)} to {milliseconds(point.high_ms or 0.0)}" if is_range else "",
        "npu": npu,
        "hazards": hazards,
        "source": shorten(point.source, _LABEL_WIDTH),
        "label": _label(point.status, words, npu, hazards),
    }


def _label(status: PointStatus, words: str, npu: str, hazards: str) -> str:
    if status is PointStatus.UNKNOWN:
        return "unknown placement: predicted range"
    if status is PointStatus.OBSERVED:
        return f"{words}, {npu} on the NPU" if npu else words
    return f"{words}, hazard: {shorten(hazards, _LABEL_WIDTH)}" if hazards else words


def _geometric_mean(low: float | None, high: float | None) -> float:
    return ((low or 0.0) * (high or 0.0)) ** 0.5


def _side(point: PointEntry) -> int:
    """Return the side of a square with as many pixels."""
    return round(((point.height or 0) * (point.width or 0)) ** 0.5)


def _with_status(values: _Values, status: PointStatus) -> _Values:
    return [value for value in values if value["status"] == status]


def _one_of_each(values: _Values) -> _Values:
    """Return one value of each series, at three quarters of its points."""
    by_series: dict[str, _Values] = {}
    for value in values:
        by_series.setdefault(value["series"], []).append(value)
    return [own[3 * len(own) // 4] for own in by_series.values()]


def _stacked(values: _Values) -> tuple[_Values, _Values]:
    """Return the values whose label is above them, and those with one below because another one is above."""
    above: _Values = []
    below: _Values = []
    for value in sorted(values, key=lambda value: -value["ms"]):
        is_taken = any(other["side"] == value["side"] for other in above)
        (below if is_taken else above).append(value)
    return above, below


def _last(values: _Values) -> _Values:
    """Return the last value of each chip."""
    return list({value["chip"]: value for value in values}.values())


def _alone(document: SweepDocument, block: Block, points: Sequence[PointEntry]) -> _Values:
    """Return the predicted times on the CPU alone: once for each chip, threads and kernels."""
    first: dict[str, int] = {}
    for number in block.series:
        entry = document.series[number]
        words = [entry.target.partition("/")[0], *([plural(entry.threads, "thread")] if entry.threads else [])]
        first.setdefault(f"CPU alone, {', '.join([*words, *([entry.kernels] if entry.kernels else [])])}", number)
    return [
        {"chip": chip, "side": _side(point), "cpu": point.cpu_only_ms}
        for chip, number in first.items()
        for point in sorted(points, key=_side)
        if point.series == number and point.status is not PointStatus.OBSERVED and point.cpu_only_ms is not None
    ]


def _side_axis(points: Sequence[PointEntry]) -> _Encoding:
    sides = sorted({_side(point) for point in points if point.in_grid} or {_side(point) for point in points})
    are_squares = all(point.height == point.width for point in points)
    return {
        "field": "side",
        "type": "quantitative",
        "title": "side of the input, pixels" if are_squares else "square root of the input's pixels",
        "scale": {"domain": [sides[0], sides[-1]], "nice": False, "padding": 16},
        "axis": {"values": sides[:: -(-len(sides) // _MOST_TICKS)], "format": "d", "grid": False},
    }


def _time_axis(values: _Values, alone: _Values) -> _Encoding:
    times = [value[name] for value in values for name in ("ms", "low", "high") if value[name]]
    times += [value["cpu"] for value in alone]
    low, high = min(times) / 1.3, max(times) * 1.5
    if high <= _LOGARITHMIC_FROM * low:
        return _milliseconds({"type": "linear", "zero": True}, {"tickCount": 6})
    powers = [10.0**power for power in range(floor(log10(low)), ceil(log10(high)) + 1)]
    ticks = [factor * power for power in powers for factor in (1, 2, 5) if low <= factor * power <= high]
    scale = {"type": "log", "domain": [low, high], "nice": False}
    return _milliseconds(scale, {"values": ticks, "labelOverlap": False})


def _milliseconds(scale: dict[str, Any], axis: dict[str, Any]) -> _Encoding:
    axis = {"format": ".3~r", **axis}
    return {"field": "ms", "type": "quantitative", "title": "one inference, ms", "scale": scale, "axis": axis}


def _of_series(document: SweepDocument, block: Block, styles: Sequence[str], *, legend: bool = True) -> _Encoding:
    names = [shorten(document.series[number].setup) for number in block.series]
    scale = {"domain": names, "range": [styles[place % len(styles)] for place in range(len(names))]}
    return {
        "field": "series",
        "type": "nominal",
        "title": None,
        "scale": scale,
        "legend": {"symbolOpacity": 1} if legend else None,
    }


def _cliff_layers(document: SweepDocument, block: Block, x: _Encoding) -> list[Specification]:
    """Return where the cliffs are: a line, or an area if the place is not known exactly."""
    values = _cliff_values(document, block)
    exact = [value for value in values if value["exact"]]
    others = [value for value in values if not value["exact"]]
    first, last = x["scale"]["domain"]
    sides = {"x": {**x, "field": "before"}, "x2": {"field": "after"}}
    layers = [
        _layer(others, {"type": "rect", "color": Ink.HAZARD, "opacity": 0.07}, sides),
        *(
            _layer(others, {"type": "rule", "color": Ink.HAZARD, "strokeDash": [3, 3]}, {"x": {**x, "field": end}})
            for end in ("before", "after")
        ),
        _layer(exact, {"type": "rule", "color": Ink.HAZARD, "strokeWidth": 1.4}, {"x": {**x, "field": "after"}}),
    ]
    for is_late, mark in ((False, {"align": "left", "dx": 5}), (True, {"align": "right", "dx": -5})):
        own = [value for value in values if (value["before"] > (first + last) / 2) == is_late]
        place = {"x": {**x, "field": "after" if is_late else "label_side"}, "y": {"value": 0}, "text": _LABEL}
        layers.append(_layer(own, {**_CLIFF_TEXT, **mark}, place))
    return layers


def _cliff_values(document: SweepDocument, block: Block) -> _Values:
    """Return the cliffs, those of several setups at one place together."""
    places: dict[tuple[str, str, bool, bool], list[str]] = {}
    for cliff in document.cliffs:
        if cliff.series in block.series:
            place = cliff.before, cliff.after, cliff.exact, cliff.observed
            places.setdefault(place, []).append(document.series[cliff.series].setup)
    values: _Values = []
    for (before, after, is_exact, is_observed), setups in places.items():
        where = f"cliff at {after}" if is_exact else f"cliff somewhere here{', observed' if is_observed else ''}"
        sides = [_side_of(size) for size in (before, after)]
        values.append(
            {
                "before": sides[0],
                "after": sides[1],
                "label_side": sides[1] if is_exact else sides[0],
                "exact": is_exact,
                "label": f"{where}: {shorten(', '.join(setups), _LABEL_WIDTH)}",
            }
        )
    return values


def _side_of(size: str) -> int:
    height, _, width = size.partition("x")
    return round((int(height) * int(width)) ** 0.5)
