"""A fit as a document and text."""

from npufit.report.fit.document import fit_document
from npufit.report.fit.headline import fit_headline
from npufit.report.fit.pass_section import passes_text
from npufit.report.fit.text import fit_text

__all__ = [
    "fit_document",
    "fit_headline",
    "fit_text",
    "passes_text",
]
