"""An evaluation as a document, text and an HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.evaluate.document import evaluate_document
    from npufit.report.evaluate.page import evaluate_page
    from npufit.report.evaluate.text import evaluate_text
    from npufit.report.evaluate.words import gate_words

__all__ = ["evaluate_document", "evaluate_page", "evaluate_text", "gate_words"]

_HOMES = {
    "npufit.report.evaluate.document": ("evaluate_document",),
    "npufit.report.evaluate.page": ("evaluate_page",),
    "npufit.report.evaluate.text": ("evaluate_text",),
    "npufit.report.evaluate.words": ("gate_words",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
