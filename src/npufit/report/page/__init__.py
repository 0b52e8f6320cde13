"""The HTML page: one file that needs no network. A verb extends its template and fills it from a typed document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.page.page import Bundle, Frame, Tone, render_page

__all__ = ["Bundle", "Frame", "Tone", "render_page"]

_HOMES = {"npufit.report.page.page": ("Bundle", "Frame", "Tone", "render_page")}

__getattr__ = lazy_attributes(__name__, _HOMES)
