"""Targets as a document and text."""

from npufit.report.targets.document import target_entry
from npufit.report.targets.text import targets_text

__all__ = [
    "target_entry",
    "targets_text",
]
