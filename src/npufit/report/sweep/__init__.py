"""A sweep as a document, text, CSV, charts and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.sweep.chart import sweep_charts
    from npufit.report.sweep.csv import sweep_csv
    from npufit.report.sweep.document import SweepDocument, sweep_document
    from npufit.report.sweep.headline import sweep_headline
    from npufit.report.sweep.page import sweep_page
    from npufit.report.sweep.svg import sweep_svg
    from npufit.report.sweep.text import sweep_text

__all__ = [
    "SweepDocument",
    "sweep_charts",
    "sweep_csv",
    "sweep_document",
    "sweep_headline",
    "sweep_page",
    "sweep_svg",
    "sweep_text",
]

_HOMES = {
    "npufit.report.sweep.chart": ("sweep_charts",),
    "npufit.report.sweep.csv": ("sweep_csv",),
    "npufit.report.sweep.document": ("SweepDocument", "sweep_document"),
    "npufit.report.sweep.headline": ("sweep_headline",),
    "npufit.report.sweep.page": ("sweep_page",),
    "npufit.report.sweep.svg": ("sweep_svg",),
    "npufit.report.sweep.text": ("sweep_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
