"""A run as a document, text and page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.run.document import run_document
    from npufit.report.run.page import run_page
    from npufit.report.run.text import run_text

__all__ = ["run_document", "run_page", "run_text"]

_HOMES = {
    "npufit.report.run.document": ("run_document",),
    "npufit.report.run.page": ("run_page",),
    "npufit.report.run.text": ("run_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
