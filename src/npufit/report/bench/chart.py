"""A measurement as Vega-Lite charts: its times beside the predicted range, its runs in order, its slowest operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from npufit.formatting import plural, shorten
from npufit.measurements import MeasuredRun, Measurement, Role
from npufit.report.bench.operators import main_profile, slowest
from npufit.report.bench.words import expected_on_cpu, expected_with_npu, ms_words, statistic_words
from npufit.report.page import SCHEMA, Ink, Specification

_BAR, _ROW = 52, 24
"""Pixels of a bar and of an operator."""
_MOST_OPERATORS = 20
_RUNS_HEIGHT = 260
_UNITS = {"NPU": Ink.NPU, "CPU alone": Ink.CPU}
_OPERATOR_UNITS = {"NPU": Ink.NPU, "CPU": Ink.CPU}
_LEAST_PERCENT = 2.0
"""The axis of the runs goes at least so far from the median: less is noise."""
_MOST_SPREAD = 25.0
"""It goes farther than this for points only: a single slow inference may take ten times as long."""


def times_chart(measurement: Measurement) -> Specification | None:
    """Return the chart of measured times as bars, with the predicted times and their range; None without times."""
    values = list(_times(measurement))
    if not values:
        return None
    names = [value["unit"] for value in values]
    predicted = [value for value in values if value["predicted"] is not None]
    tooltip = _tooltip(
        ("unit", "time"), ("words", "measured"), ("spread", "lowest to highest"), ("expected", "predicted")
    )
    return {
        "$schema": SCHEMA,
        "description": "Measured milliseconds of one inference, beside the predicted ones with their range.",
        "width": "container",
        "height": _BAR * len(names),
        "encoding": {
            "y": {
                "field": "unit",
                "type": "nominal",
                "title": None,
                "sort": names,
                "axis": {"ticks": False, "domain": False},
            },
            "tooltip": tooltip,
        },
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "height": {"band": 0.5}},
                "encoding": {
                    "x": _milliseconds("ms", "milliseconds of one inference", zero=True),
                    "color": _colors("unit", {name: _UNITS[name] for name in names}, legend=False),
                },
            },
            {
                "data": {"values": [value for value in predicted if value["range_low"] is not None]},
                "mark": {"type": "rule", "strokeWidth": 2, "color": Ink.TEXT},
                "encoding": {"x": {"field": "range_low", "type": "quantitative"}, "x2": {"field": "range_high"}},
            },
            {
                "data": {"values": predicted},
                "mark": {"type": "tick", "thickness": 3, "size": 20, "color": Ink.TEXT},
                "encoding": {"x": {"field": "predicted", "type": "quantitative"}},
            },
        ],
    }


def _times(measurement: Measurement) -> Iterator[dict[str, Any]]:
    sides = (
        ("NPU", measurement.npu, expected_with_npu(measurement)),
        ("CPU alone", measurement.cpu, expected_on_cpu(measurement)),
    )
    for unit, steady, expected in sides:
        if steady is not None:
            yield {
                "unit": unit,
                "ms": steady.ms,
                "words": f"{ms_words(steady.ms)} ms ({statistic_words(steady)})",
                "spread": f"{ms_words(steady.low_ms)} to {ms_words(steady.high_ms)} ms",
                "predicted": None if expected is None else expected.ms,
                "expected": "not predicted" if expected is None else f"{expected} ms",
                "range_low": None if expected is None else expected.low_ms,
                "range_high": None if expected is None else expected.high_ms,
            }


def runs_chart(measurement: Measurement) -> Specification | None:
    """Return the chart of the runs in their order, each as its distance from the median of its unit.

    A drift over time, or a unit that was disturbed, is seen although NPU and CPU differ by orders of magnitude. None
    if no unit has two runs with a time.
    """
    values = [value for run in measurement.runs if (value := _run_value(run, measurement)) is not None]
    if max(Counter(value["unit"] for value in values).values(), default=0) < 2:
        return None
    units = {name: color for name, color in _UNITS.items() if any(value["unit"] == name for value in values)}
    spreads = [abs(value[end]) for value in values for end in ("low", "high")]
    points = [abs(value["percent"]) for value in values]
    farthest = 1.1 * max(_LEAST_PERCENT, *points, min(_MOST_SPREAD, max(spreads)))
    y = {
        "type": "quantitative",
        "title": "% from the median",
        "scale": {"domain": [-farthest, farthest]},
        "axis": {"format": "+~f", "tickCount": 6},
    }
    return {
        "$schema": SCHEMA,
        "description": f"{plural(len(values), 'run')} in their order, in percent from the median of their unit.",
        "width": "container",
        "height": _RUNS_HEIGHT,
        "data": {"values": values},
        "encoding": {
            "x": {"field": "order", "type": "ordinal", "title": "run", "axis": {"labelAngle": 0, "labelOverlap": True}},
            "color": _colors("unit", units),
            "tooltip": _tooltip(("order", "run"), ("unit", "of"), ("words", "an inference"), ("extremes", "spread")),
        },
        "layer": [
            {
                "data": {"values": [{"zero": 0}]},
                "mark": {"type": "rule", "color": Ink.MUTED, "strokeWidth": 1.2},
                "encoding": {"y": {"field": "zero", **y}, "x": None, "color": None, "tooltip": None},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.45, "clip": True},
                "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {"y": {"field": "percent", **y}, "shape": _shapes(list(units))},
            },
        ],
    }


def _run_value(run: MeasuredRun, measurement: Measurement) -> dict[str, Any] | None:
    """Return what the chart shows of a run; None if it has no time that counts."""
    steady = {Role.CPU: measurement.cpu, Role.NPU: measurement.npu}.get(run.role)
    ms = run.median_ms if run.median_ms is not None else run.mean_ms
    if steady is None or ms is None or steady.ms <= 0.0:
        return None
    low = run.p5_ms if run.p5_ms is not None else run.min_ms
    high = run.p95_ms if run.p95_ms is not None else run.max_ms
    has_spread = low is not None and high is not None
    names = "5th to 95th percentile" if run.p5_ms is not None and run.p95_ms is not None else "fastest to slowest"
    return {
        "order": run.order,
        "unit": "NPU" if run.role is Role.NPU else "CPU alone",
        "percent": 100.0 * (ms / steady.ms - 1.0),
        "low": 100.0 * ((ms if low is None else low) / steady.ms - 1.0),
        "high": 100.0 * ((ms if high is None else high) / steady.ms - 1.0),
        "words": f"{ms_words(ms)} ms ({'median' if run.median_ms is not None else 'mean'})",
        "extremes": f"{ms_words(low or 0.0)} to {ms_words(high or 0.0)} ms, {names}" if has_spread else "not printed",
    }


def operators_chart(measurement: Measurement) -> Specification | None:
    """Return the chart of the slowest operators with a time; None without any."""
    timed = [entry for entry in slowest(main_profile(measurement.operators)) if entry.ms][:_MOST_OPERATORS]
    if not timed:
        return None
    values = [
        {
            "row": f"{'' if entry.index is None else entry.index} {shorten(entry.type, 32)}".strip() + " " * position,
            "unit": "NPU" if entry.unit == "npu" else "CPU",
            "ms": entry.ms,
            "words": f"{ms_words(entry.ms or 0.0)} ms",
            "name": shorten(entry.name, 80),
            "how": shorten(entry.how, 80),
        }
        for position, entry in enumerate(timed)
    ]
    units = {name: color for name, color in _OPERATOR_UNITS.items() if any(value["unit"] == name for value in values)}
    return {
        "$schema": SCHEMA,
        "description": f"Measured milliseconds of the {plural(len(values), 'slowest operator')}.",
        "width": "container",
        "height": _ROW * len(values),
        "data": {"values": values},
        "mark": {"type": "bar", "height": {"band": 0.62}},
        "encoding": {
            "y": {"field": "row", "type": "nominal", "title": None, "sort": [value["row"] for value in values]},
            "x": _milliseconds("ms", "milliseconds of one operator", zero=True),
            "color": _colors("unit", units),
            "tooltip": _tooltip(
                ("row", "operator"), ("name", "name"), ("unit", "on"), ("words", "measured"), ("how", "from")
            ),
        },
    }


def _milliseconds(field: str, title: str, *, zero: bool) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title, "scale": {"zero": zero}, "axis": {"tickCount": 8}}


def _colors(field: str, colors: dict[str, str], *, legend: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {
        "field": field,
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(colors), "range": list(colors.values())},
    }
    return found if legend else {**found, "legend": None}


def _shapes(names: Sequence[str]) -> dict[str, Any]:
    shapes = [{"NPU": "circle", "CPU alone": "square"}[name] for name in names]
    return {"field": "unit", "type": "nominal", "title": None, "scale": {"domain": list(names), "range": shapes}}


def _tooltip(*entries: tuple[str, str]) -> list[dict[str, str]]:
    return [{"field": field, "type": "nominal", "title": title} for field, title in entries]
