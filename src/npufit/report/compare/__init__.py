"""A comparison as a document, text and Markdown."""

from npufit.report.compare.document import compare_document
from npufit.report.compare.markdown import compare_markdown
from npufit.report.compare.text import compare_text

__all__ = [
    "compare_document",
    "compare_markdown",
    "compare_text",
]
