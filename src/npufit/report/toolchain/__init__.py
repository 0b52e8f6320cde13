"""Installed releases of Vela as a document and text."""

from npufit.report.toolchain.document import toolchain_document
from npufit.report.toolchain.text import installed_text, toolchain_text

__all__ = [
    "installed_text",
    "toolchain_document",
    "toolchain_text",
]
