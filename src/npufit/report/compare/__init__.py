"""A comparison as a document, text, Markdown and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.compare.document import compare_document
    from npufit.report.compare.markdown import compare_markdown
    from npufit.report.compare.page import compare_page
    from npufit.report.compare.text import compare_text

__all__ = [
    "compare_document",
    "compare_markdown",
    "compare_page",
    "compare_text",
]

_HOMES = {
    "npufit.report.compare.document": ("compare_document",),
    "npufit.report.compare.markdown": ("compare_markdown",),
    "npufit.report.compare.page": ("compare_page",),
    "npufit.report.compare.text": ("compare_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
