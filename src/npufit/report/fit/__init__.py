"""A fit as a document and text."""

from npufit.report.fit.document import fit_document
from npufit.report.fit.text import fit_text, passes_text

__all__ = [
    "fit_document",
    "fit_text",
    "passes_text",
]
