"""A new input resolution as a document and text."""

from npufit.report.resize.document import resize_document
from npufit.report.resize.text import resize_text

__all__ = [
    "resize_document",
    "resize_text",
]
