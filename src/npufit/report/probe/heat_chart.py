"""A heat map as a Vega-Lite chart: what was accepted and refused over two quantities, with the limits drawn."""

from __future__ import annotations

from math import ceil, floor, log2
from typing import Any

from npufit.formatting import plural, printable
from npufit.report.page import SCHEMA, Ink, Specification
from npufit.report.probe.heat_map import HeatMap, Outcome
from npufit.stacks.probed import Limit, Relation

_HEIGHT = 300
_LOGARITHMIC_FROM = 20
"""Values that differ by more than this factor are drawn on a logarithmic scale."""
_MOST_TICKS = 10
_LEAST = 0.5
"""Where the curve of a product begins, on an axis that has 0."""
_STEPS = 48
"""Places at which the curve of a product is computed."""

_COLORS = {
    Outcome.ACCEPTED: Ink.NPU,
    Outcome.REFUSED: Ink.CPU,
    Outcome.ELSEWHERE: Ink.UNKNOWN,
    Outcome.BROKEN: Ink.HAZARD,
}
_SHAPES = {
    Outcome.ACCEPTED: "circle",
    Outcome.REFUSED: "square",
    Outcome.ELSEWHERE: "cross",
    Outcome.BROKEN: "triangle-up",
}

_Edges = list[tuple[float, float]]


def heat_chart(found: HeatMap) -> Specification:
    """Return the chart of a heat map; its data are inside, its width is that of the container."""
    x, y = _scale([spot.x for spot in found.spots]), _scale([spot.y for spot in found.spots])
    values = [
        {
            "x": spot.x,
            "y": spot.y,
            "outcome": spot.outcome.value,
            "words": f"{spot.outcome.value}, {plural(spot.questions, 'question')}",
        }
        for spot in reversed(found.spots)
    ]
    return {
        "$schema": SCHEMA,
        "description": f"{found.title}: {plural(len(found.spots), 'place')}.",
        "width": "container",
        "height": _HEIGHT,
        "layer": [
            *(layer for limit in found.limits for layer in _limit_layers(limit, found, x, y)),
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.9},
                "encoding": {
                    "x": _axis("x", found.x, x),
                    "y": _axis("y", found.y, y),
                    "color": _outcomes(found, _COLORS),
                    "shape": _outcomes(found, _SHAPES),
                    "tooltip": [
                        {"field": field, "type": "nominal", "title": title}
                        for field, title in (("x", printable(found.x)), ("y", printable(found.y)), ("words", "answer"))
                    ],
                },
            },
        ],
    }


def _limit_layers(limit: Limit, found: HeatMap, x: dict[str, Any], y: dict[str, Any]) -> list[Specification]:
    """Return the edge of a limit and a tint beyond it; nothing for limits that have no edge."""
    edge = _edge(limit, found, x["domain"], y["domain"])
    if not edge:
        return []
    is_upright = limit.quantity == found.x
    lower, upper = (x if is_upright else y)["domain"]
    outside = upper if limit.relation is Relation.AT_MOST else lower
    far = {"far": outside}
    points = [{"x": place[0], "y": place[1], **far} for place in edge]
    across = {"x": _axis("x", found.x, x), "y": _axis("y", found.y, y)}
    orientation = {"orient": "horizontal"} if is_upright else {}
    beyond = {**across, "x2" if is_upright else "y2": {"field": "far"}}
    order = {"order": {"field": "y" if is_upright else "x", "type": "quantitative"}}
    data = {"values": points}
    return [
        {
            "data": data,
            "mark": {"type": "area", "color": Ink.CPU, "opacity": 0.1, "clip": True, **orientation},
            "encoding": beyond,
        },
        {
            "data": data,
            "mark": {"type": "line", "color": Ink.HAZARD, "strokeWidth": 1.6, "clip": True},
            "encoding": {**across, **order},
        },
    ]


def _edge(limit: Limit, found: HeatMap, across: list[float], up: list[float]) -> _Edges:
    """Return the line between accepted and refused values, inside the axes."""
    if limit.limit is None or limit.relation not in (Relation.AT_MOST, Relation.AT_LEAST):
        return []
    other = limit.limit + 1 if limit.next_refused is None else limit.next_refused
    middle = (limit.limit * other) ** 0.5 if min(limit.limit, other) > 0 else (limit.limit + other) / 2
    if limit.quantity == found.x:
        return [(middle, up[0]), (middle, up[1])]
    if limit.quantity == found.y:
        return [(across[0], middle), (across[1], middle)]
    if sorted(limit.quantity.split("*")) != sorted([*found.x.split("*"), *found.y.split("*")]):
        return []
    start = across[0] if across[0] > 0 else _LEAST
    places = [start * (across[1] / start) ** (step / _STEPS) for step in range(_STEPS + 1)]
    return [(place, middle / place) for place in places]


def _scale(values: list[int]) -> dict[str, Any]:
    """Return the scale of an axis with some room at both ends: logarithmic if the values differ by much."""
    low, high = min(values), max(values)
    if low > 0 and high >= _LOGARITHMIC_FROM * low:
        return {"type": "log", "base": 2, "domain": [low / 1.5, high * 1.5], "nice": False}
    room = max(0.5, 0.08 * (high - low))
    return {"type": "linear", "domain": [low - room, high + room], "nice": False, "zero": False}


def _axis(channel: str, quantity: str, scale: dict[str, Any]) -> dict[str, Any]:
    return {
        "field": channel,
        "type": "quantitative",
        "title": printable(quantity),
        "scale": scale,
        "axis": {
            "values": _ticks(scale),
            "format": "~s" if scale["domain"][1] >= 1 << 17 else "d",
            "labelOverlap": True,
        },
    }


def _ticks(scale: dict[str, Any]) -> list[int]:
    low, high = scale["domain"]
    if scale["type"] == "log":
        powers = range(ceil(log2(low)), floor(log2(high)) + 1)
        step = -(-len(powers) // _MOST_TICKS)
        return [1 << power for power in powers[::step] if power >= 0]
    whole = range(ceil(low), floor(high) + 1)
    return list(whole[:: -(-len(whole) // _MOST_TICKS)])


def _outcomes(found: HeatMap, styles: dict[Outcome, str]) -> dict[str, Any]:
    present = [outcome for outcome in styles if any(spot.outcome is outcome for spot in found.spots)]
    return {
        "field": "outcome",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [outcome.value for outcome in present], "range": [styles[outcome] for outcome in present]},
        "legend": {"symbolOpacity": 1, "columns": 2},
    }
