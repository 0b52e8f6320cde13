"""The HTML page: one file that needs no network. A verb extends its template and fills it from a typed document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.page.charts import (
        SCHEMA,
        SERIES_COLORS,
        SERIES_SHAPES,
        ChartsPayload,
        Ink,
        Specification,
        charts_payload,
    )
    from npufit.report.page.page import Bundle, Frame, Tone, render_page

__all__ = [
    "SCHEMA",
    "SERIES_COLORS",
    "SERIES_SHAPES",
    "Bundle",
    "ChartsPayload",
    "Frame",
    "Ink",
    "Specification",
    "Tone",
    "charts_payload",
    "render_page",
]

_HOMES = {
    "npufit.report.page.charts": (
        *("SCHEMA", "SERIES_COLORS", "SERIES_SHAPES", "ChartsPayload", "Ink", "Specification", "charts_payload"),
    ),
    "npufit.report.page.page": ("Bundle", "Frame", "Tone", "render_page"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
