"""A bench as a document, text and an HTML page; and a board that was only asked what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.report.bench.document import BenchDocument, bench_document, probe_document, shown_document
    from npufit.report.bench.page import bench_page
    from npufit.report.bench.probe import probe_text
    from npufit.report.bench.text import bench_text

__all__ = [
    "BenchDocument",
    "bench_document",
    "bench_page",
    "bench_text",
    "probe_document",
    "probe_text",
    "shown_document",
]

_HOMES = {
    "npufit.report.bench.document": ("BenchDocument", "bench_document", "probe_document", "shown_document"),
    "npufit.report.bench.page": ("bench_page",),
    "npufit.report.bench.probe": ("probe_text",),
    "npufit.report.bench.text": ("bench_text",),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
