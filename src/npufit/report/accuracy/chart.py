"""Predicted against measured as Vega-Lite charts: all rows, and how far each network is off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from npufit.formatting import plural, printable, shorten, significant
from npufit.report.page import SCHEMA, SERIES_COLORS, SERIES_SHAPES, Ink, Specification
from npufit.validating import AccuracyRow

_ROW_HEIGHT = 18
"""Pixels of a network."""

_FARTHEST = 4.0
"""The largest factor between prediction and measurement that the axis of the networks shows."""


def scatter_chart(rows: Sequence[AccuracyRow]) -> Specification:
    """Return the chart of predicted over measured milliseconds, with the range of each prediction."""
    values = [_value(row) for row in rows]
    milliseconds = [ms for value in values for ms in (value["measured"], value["predicted"])]
    low, high = min(milliseconds, default=1.0) / 1.3, max(milliseconds, default=10.0) * 1.3
    return {
        "$schema": SCHEMA,
        "description": f"Predicted against measured milliseconds of {plural(len(rows), 'measurement')}.",
        "width": "container",
        "height": 520,
        "data": {"values": values},
        "layer": [
            _line(low, high, 1.0, []),
            _line(low, high, 2.0, [5, 4]),
            _line(low, high, 0.5, [5, 4]),
            {
                "mark": {"type": "rule", "strokeWidth": 1.5, "clip": True},
                "encoding": {
                    "x": _milliseconds("measured", "measured, ms", low, high),
                    "y": _milliseconds("low", "predicted, ms", low, high),
                    "y2": {"field": "high"},
                    "color": _groups(values),
                    "opacity": _if_chosen(0.35),
                },
            },
            {
                "params": [_chosen_group()],
                "mark": {"type": "point", "filled": True, "size": 62},
                "encoding": {
                    "x": _milliseconds("measured", "measured, ms", low, high),
                    "y": _milliseconds("predicted", "predicted, ms", low, high),
                    "color": _groups(values),
                    "shape": _groups(values, SERIES_SHAPES),
                    "opacity": _if_chosen(0.9),
                    "tooltip": _TOOLTIP,
                },
            },
        ],
    }


def networks_chart(rows: Sequence[AccuracyRow]) -> Specification:
    """Return the chart of prediction over measurement for each network, the farthest off first."""
    values = [_value(row) for row in rows]
    worst: dict[str, float] = {}
    for value in values:
        worst[value["network"]] = max(worst.get(value["network"], 0.0), abs(math.log(value["ratio"])))
    order = sorted(worst, key=lambda network: -worst[network])
    axis = {"values": [0.25, 0.5, 0.67, 1, 1.5, 2, 4], "format": "~g"}
    ratio = {"type": "log", "base": 2, "domain": [1 / _FARTHEST, _FARTHEST], "clamp": True}
    network = {
        "field": "network",
        "type": "nominal",
        "sort": order,
        "title": None,
        "axis": {"grid": True},
    }
    return {
        "$schema": SCHEMA,
        "description": f"Prediction over measurement of {plural(len(order), 'network')}.",
        "width": "container",
        "height": _ROW_HEIGHT * len(order),
        "data": {"values": values},
        "layer": [
            {
                "data": {"values": [{"one": 1}]},
                "mark": {"type": "rule", "color": Ink.MUTED, "strokeWidth": 1.5},
                "encoding": {"x": {"field": "one", "type": "quantitative", "scale": ratio}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 3},
                "encoding": {
                    "y": network,
                    "x": {"field": "low_ratio", "type": "quantitative", "scale": ratio},
                    "x2": {"field": "high_ratio"},
                    "color": _groups(values),
                    "opacity": _if_chosen(0.16),
                },
            },
            {
                "params": [_chosen_group()],
                "mark": {"type": "point", "filled": True, "size": 54},
                "encoding": {
                    "y": network,
                    "x": {
                        "field": "ratio",
                        "type": "quantitative",
                        "scale": ratio,
                        "axis": axis,
                        "title": "predicted / measured",
                    },
                    "color": _groups(values),
                    "shape": _groups(values, SERIES_SHAPES),
                    "opacity": _if_chosen(0.9),
                    "tooltip": _TOOLTIP,
                },
            },
        ],
    }


_TOOLTIP = [
    {"field": name, "type": "nominal", "title": title}
    for name, title in (
        ("model", "network"),
        ("group", "group"),
        ("threads", "threads"),
        ("measured_words", "measured"),
        ("predicted_words", "predicted"),
        ("range_words", "range"),
        ("error_words", "error"),
        ("version", "version"),
    )
]


def _value(row: AccuracyRow) -> dict[str, Any]:
    """Return what the charts show of a row that counts."""
    assert row.predicted_ms is not None, "only rows with a prediction are drawn"
    low = row.predicted_ms if row.low_ms is None else row.low_ms
    high = row.predicted_ms if row.high_ms is None else row.high_ms
    return {
        "group": printable(row.group),
        "network": shorten(row.model, 42),
        "model": shorten(f"{row.model} {row.size}", 72),
        "threads": printable(row.threads),
        "version": shorten(row.stack_version, 60),
        "measured": row.measured_ms,
        "predicted": row.predicted_ms,
        "low": low,
        "high": high,
        "ratio": row.predicted_ms / row.measured_ms,
        "low_ratio": max(low / row.measured_ms, 1 / _FARTHEST),
        "high_ratio": min(high / row.measured_ms, _FARTHEST),
        "measured_words": f"{row.measured_ms:g} ms",
        "predicted_words": f"{significant(row.predicted_ms, 3)} ms",
        "range_words": f"{significant(low)} to {significant(high)} ms",
        "error_words": "" if row.error is None else f"{100 * row.error:+.0f} %",
    }


def _groups(values: Sequence[dict[str, Any]], styles: Sequence[str] = SERIES_COLORS) -> dict[str, Any]:
    names = list(dict.fromkeys(value["group"] for value in values))
    chosen = [styles[min(position, len(styles) - 1)] for position in range(len(names))]
    return {
        "field": "group",
        "type": "nominal",
        "title": None,
        "scale": {"domain": names, "range": chosen},
        "legend": {"symbolOpacity": 1, "symbolStrokeWidth": 0},
    }


def _chosen_group() -> dict[str, Any]:
    """Return the parameter that a click on the legend sets."""
    return {"name": "chosen", "select": {"type": "point", "fields": ["group"]}, "bind": "legend"}


def _if_chosen(opacity: float) -> dict[str, Any]:
    return {"condition": {"param": "chosen", "value": opacity}, "value": 0.05}


def _milliseconds(field: str, title: str, low: float, high: float) -> dict[str, Any]:
    scale = {"type": "log", "domain": [low, high], "nice": False}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": {"format": "~g"}}


def _line(low: float, high: float, factor: float, dash: list[int]) -> dict[str, Any]:
    """Return the line on which predictions are `factor` times the measurement."""
    ends = [{"measured": ms, "predicted": factor * ms} for ms in (low, high)]
    return {
        "data": {"values": ends},
        "mark": {"type": "line", "color": Ink.MUTED, "strokeWidth": 1.2, "strokeDash": dash, "clip": True},
        "encoding": {
            "x": _milliseconds("measured", "measured, ms", low, high),
            "y": _milliseconds("predicted", "predicted, ms", low, high),
        },
    }
