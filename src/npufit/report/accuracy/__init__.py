"""Predicted against measured as a document, text, Markdown, a picture and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.accuracy.document import accuracy_document
    from npufit.report.accuracy.page import accuracy_page
    from npufit.report.accuracy.scatter import accuracy_svg
    from npufit.report.accuracy.text import accuracy_markdown, accuracy_text

__all__ = [
    "accuracy_document",
    "accuracy_markdown",
    "accuracy_page",
    "accuracy_svg",
    "accuracy_text",
]

_HOMES = {
    "npufit.report.accuracy.document": ("accuracy_document",),
    "npufit.report.accuracy.page": ("accuracy_page",),
    "npufit.report.accuracy.scatter": ("accuracy_svg",),
    "npufit.report.accuracy.text": ("accuracy_markdown", "accuracy_text"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
