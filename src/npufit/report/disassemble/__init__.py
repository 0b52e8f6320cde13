"""Command streams as a document and text."""

from npufit.report.disassemble.document import disassemble_document
from npufit.report.disassemble.text import disassembly_text, verdicts_text

__all__ = [
    "disassemble_document",
    "disassembly_text",
    "verdicts_text",
]
