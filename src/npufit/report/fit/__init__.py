"""A fit as a document, text and page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.fit.document import fit_document
    from npufit.report.fit.headline import fit_headline
    from npufit.report.fit.page import fit_page
    from npufit.report.fit.pass_section import passes_text
    from npufit.report.fit.text import fit_text

__all__ = ["fit_document", "fit_headline", "fit_page", "fit_text", "passes_text"]

_HOMES = {
    "npufit.report.fit.document": ("fit_document",),
    "npufit.report.fit.headline": ("fit_headline",),
    "npufit.report.fit.page": ("fit_page",),
    "npufit.report.fit.pass_section": ("passes_text",),
    "npufit.report.fit.text": ("fit_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
