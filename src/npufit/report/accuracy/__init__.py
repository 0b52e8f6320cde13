"""Predicted against measured as a document, text, Markdown and a picture."""

from npufit.report.accuracy.document import accuracy_document
from npufit.report.accuracy.scatter import accuracy_svg
from npufit.report.accuracy.text import accuracy_markdown, accuracy_text

__all__ = [
    "accuracy_document",
    "accuracy_markdown",
    "accuracy_svg",
    "accuracy_text",
]
