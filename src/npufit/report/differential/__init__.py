"""A differential as a document and text."""

from npufit.report.differential.document import DifferentialDocument, differential_document
from npufit.report.differential.text import differential_text

__all__ = ["DifferentialDocument", "differential_document", "differential_text"]
