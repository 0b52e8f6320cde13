"""The points of a sweep as CSV, one row each."""

from __future__ import annotations

import csv
import io

from npufit.formatting import printable
from npufit.report.sweep.document import SweepDocument

_FROM_SERIES = ("network", "precision", "target", "threads", "kernels")
_FROM_POINT = (
    *("height", "width", "status", "ms", "low_ms", "high_ms", "cpu_only_ms", "speed_up", "npu_ms", "cpu_ms"),
    *("overhead_ms", "npu_operators", "operators", "npu_macs_share", "macs", "partitions", "boundary_bytes"),
    *("constant_bytes", "arena_bytes", "in_grid", "reason", "version", "source"),
)


def sweep_csv(document: SweepDocument) -> str:
    """Return the points of a sweep as CSV with a head; what is unknown is empty. Names are those of the JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FROM_SERIES, "settings", *_FROM_POINT, "hazards"])
    for point in document.points:
        series = document.series[point.series]
        cells = [*(getattr(series, name) for name in _FROM_SERIES), _pairs(series.settings)]
        cells += [getattr(point, name) for name in _FROM_POINT]
        hazards = " ".join(hazard.id for hazard in point.hazards)
        writer.writerow([_cell(cell) for cell in (*cells, hazards)])
    return text.getvalue().rstrip("\n")


def _pairs(settings: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{name}={value}" for name, value in settings)


def _cell(value: object) -> object:
    if isinstance(value, str):
        # A spreadsheet would compute a name of a file that begins like a formula.
        return f"'{printable(value)}" if value[:1] in ("=", "+", "-", "@") else printable(value)
    return "" if value is None else value
