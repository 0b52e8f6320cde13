"""Measuring: a model on the user's board, timed, shown to be the NPU, and compared with what was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.measuring.bench import bench, probe_board
    from npufit.measuring.options import BenchOptions
    from npufit.measuring.progress import BenchProgress, BenchStage, ignore_progress
    from npufit.measuring.result import BenchResult, NotMeasured

__all__ = [
    "BenchOptions",
    "BenchProgress",
    "BenchResult",
    "BenchStage",
    "NotMeasured",
    "bench",
    "ignore_progress",
    "probe_board",
]

_HOMES = {
    "npufit.measuring.bench": ("bench", "probe_board"),
    "npufit.measuring.options": ("BenchOptions",),
    "npufit.measuring.progress": ("BenchProgress", "BenchStage", "ignore_progress"),
    "npufit.measuring.result": ("BenchResult", "NotMeasured"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
