"""The errors of groups of measurements, and of classes of networks that were left out as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from npufit.cost import SMALL_MS
from npufit.cost.measured import architecture
from npufit.formatting import plural
from npufit.validating.rows import AccuracyRow, packaged_predictions


@dataclass(frozen=True, slots=True)
class GroupAccuracy:
    """The errors of one group, or of the part of its rows that `part` names.

    Errors are absolute shares of the measurement, 0.1 for 10 %. `coverage` is the share of rows within their ranges,
    None if none has one; `low` and `high` are the median ends of these, as factors on the prediction.
    `compiler_mean_error` is that of the compiler's own estimate on the rows that have one, None if none has.
    """

    group: str
    part: str
    rows: int
    networks: int
    median_error: float
    mean_error: float
    coverage: float | None
    low: float
    high: float
    compiler_median_error: float | None
    compiler_mean_error: float | None


def group_accuracy(rows: Sequence[AccuracyRow]) -> tuple[GroupAccuracy, ...]:
    """Return the errors of every group in `rows`, of its thread counts, and of its small networks.

    Groups without a counted row are left out.
    """
    found: list[GroupAccuracy] = []
    for group in dict.fromkeys(row.group for row in rows):
        counted = [row for row in rows if row.group == group and row.counts]
        if not counted:
            continue
        found.append(_summary(group, "", counted))
        threads = list(dict.fromkeys(row.threads for row in counted if row.threads.isdigit()))
        if len(threads) > 1:
            found += [
                _summary(group, plural(int(count), "thread"), [row for row in counted if row.threads == count])
                for count in threads
            ]
        small = [row for row in counted if row.measured_ms < SMALL_MS]
        if small:
            found.append(_summary(group, f"below {SMALL_MS:g} ms", small))
    return tuple(found)


def class_accuracy(groups: Iterable[str], document: Mapping[str, Any] | None = None) -> tuple[GroupAccuracy, ...]:
    """Return the errors on whole classes of networks that were left out, for those of `groups` that have any."""
    wanted = set(groups)
    return tuple(
        GroupAccuracy(
            group=entry["group"],
            part=f"without all {entry['left_out']}",
            rows=entry["rows"],
            networks=entry["networks"],
            median_error=entry["median_error"],
            mean_error=entry["mean_error"],
            coverage=entry["coverage"],
            low=entry["low"],
            high=entry["high"],
            compiler_median_error=None,
            compiler_mean_error=None,
        )
        for entry in (document or packaged_predictions())["classes"]
        if entry["group"] in wanted
    )


def _summary(group: str, part: str, rows: Sequence[AccuracyRow]) -> GroupAccuracy:
    errors = _sizes(rows, lambda row: row.error)
    theirs = _sizes(rows, lambda row: row.compiler_error)
    return GroupAccuracy(
        group=group,
        part=part,
        rows=len(rows),
        networks=len({architecture(row.network) for row in rows if row.network}),
        median_error=median(errors),
        mean_error=fmean(errors),
        coverage=_coverage(rows),
        low=_typical(rows, lambda row: row.low_ms),
        high=_typical(rows, lambda row: row.high_ms),
        compiler_median_error=median(theirs) if theirs else None,
        compiler_mean_error=fmean(theirs) if theirs else None,
    )


def _coverage(rows: Sequence[AccuracyRow]) -> float | None:
    inside = [row.in_band for row in rows if row.in_band is not None]
    return sum(inside) / len(inside) if inside else None


def _typical(rows: Iterable[AccuracyRow], end: Callable[[AccuracyRow], float | None]) -> float:
    """Return the median of one end of the ranges as a factor on the prediction, 1 without a range."""
    return median((end(row) or row.predicted_ms or 1.0) / (row.predicted_ms or 1.0) for row in rows)


def _sizes(rows: Iterable[AccuracyRow], error: Callable[[AccuracyRow], float | None]) -> list[float]:
    return [abs(value) for row in rows if (value := error(row)) is not None]
