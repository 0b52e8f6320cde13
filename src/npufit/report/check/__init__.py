"""A check as a document, text, Markdown and SARIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.check.comparison import comparison_text, gates_text
    from npufit.report.check.document import check_document
    from npufit.report.check.markdown import check_markdown
    from npufit.report.check.model_explorer import NodeQuantity, check_node_data
    from npufit.report.check.page import check_page
    from npufit.report.check.sarif import check_sarif
    from npufit.report.check.screen import check_screen, targets_screen
    from npufit.report.check.text import check_text

__all__ = [
    "NodeQuantity",
    "check_document",
    "check_markdown",
    "check_node_data",
    "check_page",
    "check_sarif",
    "check_screen",
    "check_text",
    "comparison_text",
    "gates_text",
    "targets_screen",
]

_HOMES = {
    "npufit.report.check.comparison": ("comparison_text", "gates_text"),
    "npufit.report.check.document": ("check_document",),
    "npufit.report.check.markdown": ("check_markdown",),
    "npufit.report.check.model_explorer": ("NodeQuantity", "check_node_data"),
    "npufit.report.check.page": ("check_page",),
    "npufit.report.check.sarif": ("check_sarif",),
    "npufit.report.check.screen": ("check_screen", "targets_screen"),
    "npufit.report.check.text": ("check_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
