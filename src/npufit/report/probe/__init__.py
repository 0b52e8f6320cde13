"""A probe as a document, text, Markdown and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.probe.difference_document import DifferenceDocument, difference_document
    from npufit.report.probe.difference_markdown import difference_markdown
    from npufit.report.probe.difference_text import difference_text
    from npufit.report.probe.document import ProbeDocument, probe_document
    from npufit.report.probe.explain_document import ExplainDocument, explain_document
    from npufit.report.probe.explain_text import explain_headline, explain_text
    from npufit.report.probe.markdown import probe_markdown
    from npufit.report.probe.page import probe_page
    from npufit.report.probe.shrink_document import ShrinkDocument, shrink_document
    from npufit.report.probe.shrink_text import shrink_text
    from npufit.report.probe.text import probe_text

__all__ = [
    "DifferenceDocument",
    "ExplainDocument",
    "ProbeDocument",
    "ShrinkDocument",
    "difference_document",
    "difference_markdown",
    "difference_text",
    "explain_document",
    "explain_headline",
    "explain_text",
    "probe_document",
    "probe_markdown",
    "probe_page",
    "probe_text",
    "shrink_document",
    "shrink_text",
]

_HOMES = {
    "npufit.report.probe.difference_document": ("DifferenceDocument", "difference_document"),
    "npufit.report.probe.difference_markdown": ("difference_markdown",),
    "npufit.report.probe.difference_text": ("difference_text",),
    "npufit.report.probe.document": ("ProbeDocument", "probe_document"),
    "npufit.report.probe.explain_document": ("ExplainDocument", "explain_document"),
    "npufit.report.probe.explain_text": ("explain_headline", "explain_text"),
    "npufit.report.probe.markdown": ("probe_markdown",),
    "npufit.report.probe.page": ("probe_page",),
    "npufit.report.probe.shrink_document": ("ShrinkDocument", "shrink_document"),
    "npufit.report.probe.shrink_text": ("shrink_text",),
    "npufit.report.probe.text": ("probe_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
