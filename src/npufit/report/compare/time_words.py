"""A predicted time in words."""

from __future__ import annotations

from npufit.comparing import SnapshotTime
from npufit.formatting import milliseconds
from npufit.report.predicted_time import span


def range_words(time: SnapshotTime | None) -> str:
    """Return a predicted time with its range, such as `9.8 (8.7 to 11)`; `unknown` without one."""
    if time is None:
        return "unknown"
    known = "" if time.low_ms is None or time.high_ms is None else span(time.low_ms, time.high_ms)
    if time.total_ms is None:
        return known or "unknown"
    total = milliseconds(time.total_ms).removesuffix(" ms")
    return f"{total} ({known})" if known else total
