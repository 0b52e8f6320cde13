"""The charts of a sweep as one SVG picture."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from npufit.errors import InputError, ToolError
from npufit.report.page import SCHEMA, Ink
from npufit.report.sweep.chart import sweep_charts
from npufit.report.sweep.document import SweepDocument

_WIDTH = 860
_VERSION = "6.4"
_CONFIG: dict[str, Any] = {
    "background": Ink.PAPER,
    "font": "Helvetica, Arial, sans-serif",
    "view": {"stroke": Ink.SOFT},
    "axis": {
        "labelColor": Ink.MUTED,
        "titleColor": Ink.TEXT,
        "titleFontWeight": 500,
        "gridColor": Ink.SOFT,
        "domainColor": Ink.UNKNOWN,
        "tickColor": Ink.UNKNOWN,
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "legend": {"orient": "top", "labelColor": Ink.TEXT, "labelFontSize": 12, "labelLimit": 300, "symbolType": "circle"},
    "title": {"anchor": "start", "color": Ink.TEXT, "fontSize": 15, "subtitleColor": Ink.MUTED, "offset": 8},
}


def sweep_svg(document: SweepDocument) -> str:
    """Return the charts of a sweep, one below the other, as SVG.

    Raises InputError if there is nothing to draw, ToolError if the package that draws is missing.
    """
    charts = [{**chart, "width": _WIDTH} for chart in sweep_charts(document).values()]
    if not charts:
        raise InputError("--svg: no point has a time, so there is nothing to draw.")
    try:
        draw: Any = import_module("vl_convert")
    except ImportError:
        raise ToolError("--svg needs a package that is not installed: pip install 'npufit[svg]'") from None
    parts = [{name: entry for name, entry in chart.items() if name != "$schema"} for chart in charts]
    resolve = {"scale": {"color": "independent", "shape": "independent"}}
    specification = {"$schema": SCHEMA, "vconcat": parts, "spacing": 40, "resolve": resolve, "config": _CONFIG}
    return draw.vegalite_to_svg(specification, vl_version=_VERSION)
