"""A run as a document and text."""

from npufit.report.run.document import run_document
from npufit.report.run.text import run_text

__all__ = [
    "run_document",
    "run_text",
]
