"""The time of one inference in the steady state, over all processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from npufit.measurements import MeasuredRun, SteadyTime

MEDIAN, MEAN = "median", "mean"


def steady_time(runs: Iterable[MeasuredRun]) -> SteadyTime | None:
    """Return the median of the processes' medians, or of their means if one prints no more; None without any time.

    Initialization, first inference and memory are medians of what the processes print of each.
    """
    timed = [run for run in runs if not run.problem and (run.median_ms is not None or run.mean_ms is not None)]
    medians = [run.median_ms for run in timed if run.median_ms is not None]
    statistic = MEDIAN if len(medians) == len(timed) else MEAN
    values = medians if statistic is MEDIAN else [run.mean_ms for run in timed if run.mean_ms is not None]
    if not values:
        return None
    return SteadyTime(
        ms=median(values),
        statistic=statistic,
        low_ms=min(values),
        high_ms=max(values),
        min_ms=min((run.min_ms for run in timed if run.min_ms is not None), default=None),
        processes=len(values),
        initialization_ms=_median_of([run.initialization_ms for run in timed]),
        first_ms=_median_of([run.first_ms for run in timed]),
        memory_mb=_median_of([run.memory_mb for run in timed]),
    )


def _median_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
