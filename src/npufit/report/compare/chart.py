"""The times of a comparison as Vega-Lite charts: both sides in their parts, and the operators that changed most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from npufit.comparing import Comparison, SnapshotTime
from npufit.formatting import plural, shorten, significant
from npufit.report.compare.before_after import has_subgraphs, place_words
from npufit.report.compare.time_words import range_words
from npufit.report.page import SCHEMA, Ink, Specification
from npufit.stacks import Unit

_MOST_OPERATORS = 16
_BAR, _ROW = 46, 24
"""Pixels of a bar and of an operator."""
_PARTS = {"NPU": Ink.NPU, "CPU": Ink.CPU, "calls and copies": Ink.OVERHEAD, "CPU alone": Ink.UNKNOWN}
_UNIT_COLORS = {Unit.NPU: Ink.NPU, Unit.CPU: Ink.CPU, Unit.UNKNOWN: Ink.UNKNOWN}


def times_chart(comparison: Comparison) -> Specification | None:
    """Return the chart of both predicted times, as bars of their parts with their ranges; None without any."""
    sides = [
        (name, time) for name, time in (("before", comparison.before.time), ("after", comparison.after.time)) if time
    ]
    parts = [part for name, time in sides for part in _parts(name, time)]
    if not parts:
        return None
    names = [name for name, _ in sides]
    row = {"field": "side", "type": "nominal", "title": None, "sort": names, "axis": {"ticks": False, "domain": False}}
    return {
        "$schema": SCHEMA,
        "description": "Predicted milliseconds of one inference before and after, in parts, with their ranges.",
        "width": "container",
        "height": _BAR * len(names) * 2,
        "encoding": {"y": row},
        "layer": [
            {
                "data": {"values": parts},
                "mark": {"type": "bar", "height": {"band": 0.62}},
                "encoding": {
                    "x": _milliseconds("start", "milliseconds of one inference"),
                    "x2": {"field": "end"},
                    "yOffset": _RUN,
                    "color": {
                        "field": "part",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": list(_PARTS), "range": list(_PARTS.values())},
                    },
                    "tooltip": _tooltip(("part", "part"), ("words", "ms")),
                },
            },
            {
                "data": {"values": [_range(name, time) for name, time in sides if time.low_ms and time.high_ms]},
                "mark": {"type": "rule", "strokeWidth": 2, "color": Ink.TEXT},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative"},
                    "x2": {"field": "high"},
                    "yOffset": _RUN,
                    "tooltip": _tooltip(("words", "predicted, with its range")),
                },
            },
        ],
    }


_RUN = {"field": "run", "type": "nominal", "scale": {"domain": ["with the NPU", "CPU alone"]}}


def _parts(side: str, time: SnapshotTime) -> list[dict[str, Any]]:
    """Return the parts of the time with the NPU, one after the other, and the time of the CPU alone."""
    found: list[dict[str, Any]] = []
    start = 0.0
    for part, ms in (("NPU", time.npu_ms), ("CPU", time.cpu_ms), ("calls and copies", time.overhead_ms)):
        if ms:
            found.append(_part(side, "with the NPU", part, start, start + ms))
            start += ms
    if time.cpu_only_ms:
        found.append(_part(side, "CPU alone", "CPU alone", 0.0, time.cpu_only_ms))
    return found


def _part(side: str, run: str, part: str, start: float, end: float) -> dict[str, Any]:
    return {"side": side, "run": run, "part": part, "start": start, "end": end, "words": significant(end - start)}


def _range(side: str, time: SnapshotTime) -> dict[str, Any]:
    return {"side": side, "run": "with the NPU", "low": time.low_ms, "high": time.high_ms, "words": range_words(time)}


def operators_chart(comparison: Comparison) -> Specification | None:
    """Return the chart of the operators whose predicted time changed most: from the ring to the dot; None without."""
    pairs = comparison.operator_times[:_MOST_OPERATORS]
    if not pairs:
        return None
    several = has_subgraphs(comparison)
    found = {unit for pair in pairs for unit in (pair.before.unit, pair.after.unit)}
    units = [unit for unit in _UNIT_COLORS if unit in found]
    values = [
        {
            "operator": f"{place_words(pair.after.id, several)} {shorten(pair.after.type, 32)}",
            "before": pair.before.ms,
            "after": pair.after.ms,
            "before_unit": pair.before.unit.upper(),
            "after_unit": pair.after.unit.upper(),
            "before_words": f"{significant(pair.before.ms or 0.0)} ms, {pair.before.unit.upper()}",
            "after_words": f"{significant(pair.after.ms or 0.0)} ms, {pair.after.unit.upper()}",
        }
        for pair in pairs
    ]
    tooltip = _tooltip(("operator", "operator"), ("before_words", "before"), ("after_words", "after"))
    return {
        "$schema": SCHEMA,
        "description": f"Predicted milliseconds before and after of {plural(len(values), 'operator')}.",
        "width": "container",
        "height": _ROW * len(values),
        "data": {"values": values},
        "encoding": {
            "y": {
                "field": "operator",
                "type": "nominal",
                "title": None,
                "sort": [value["operator"] for value in values],
                "axis": {"grid": True},
            },
            "tooltip": tooltip,
        },
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2, "color": Ink.UNKNOWN, "opacity": 0.5},
                "encoding": {"x": _milliseconds("before", _OPERATOR_MS), "x2": {"field": "after"}},
            },
            _dots("before", units, filled=False),
            _dots("after", units, filled=True),
        ],
    }


def _dots(side: str, units: Sequence[Unit], *, filled: bool) -> dict[str, Any]:
    scale = {"domain": [unit.upper() for unit in units], "range": [_UNIT_COLORS[unit] for unit in units]}
    return {
        "mark": {"type": "point", "filled": filled, "size": 90, "opacity": 1, "strokeWidth": 2},
        "encoding": {
            "x": _milliseconds(side, _OPERATOR_MS),
            "color": {
                "field": f"{side}_unit",
                "type": "nominal",
                "title": None,
                "scale": scale,
                "legend": {"symbolType": "circle", "symbolStrokeWidth": 2},
            },
        },
    }


_OPERATOR_MS = "predicted ms of one operator"


def _milliseconds(field: str, title: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title, "axis": {"tickCount": 8}}


def _tooltip(*entries: tuple[str, str]) -> Sequence[dict[str, str]]:
    return [{"field": field, "type": "nominal", "title": title} for field, title in entries]
