"""Cliffs: two neighbouring sizes of one series between which more changes than the size explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from npufit.sweeping.culprit import (
    Culprit,
    failing_tool,
    first_difference,
    first_hazard,
    first_split,
    full_memory,
    slowest_step,
)
from npufit.sweeping.outcome import Outcome
from npufit.sweeping.point import Point, PointStatus, Series

TIME_JUMP = 1.2
"""A time that grows by this factor more than the multiply-accumulates, or falls by it while they grow, is a cliff."""

LEAST_JUMP_MS = 0.05
"""Smaller differences are below what predictions mean."""

MANY_CALLS = 2
"""Partitions that multiply by this factor are a cliff."""


class CliffKind(StrEnum):
    """What changes at a cliff, the most severe first; the first one that applies names the operator."""

    FAILURE = "failure"
    """The compiler or converter fails on one side."""
    SHARE = "npu-share"
    """More or fewer operators are off the NPU."""
    MEMORY = "memory"
    """It fits into the NPU's memory on one side only."""
    HAZARD = "hazards"
    """A hazard appears or disappears."""
    PARTITIONS = "partitions"
    """The calls of the NPU multiply."""
    TIME = "time"
    """The time changes by more than the multiply-accumulates explain."""


@dataclass(frozen=True, slots=True)
class Cliff:
    """Two sizes of a series, `before` the smaller, and what changes between them.

    `is_exact` says that the network has no size between them; otherwise the cliff is somewhere between. `culprit` is
    the first operator that differs, None if the points do not say.
    """

    before: Point
    after: Point
    kinds: tuple[CliffKind, ...]
    is_exact: bool
    culprit: Culprit | None

    @property
    def series(self) -> Series:
        """The series of both points."""
        return self.before.series

    @property
    def macs_ratio(self) -> float | None:
        """How many times the multiply-accumulates of the smaller size the larger one has; None if unknown."""
        return work_ratio(self.before, self.after)

    @property
    def time_ratio(self) -> float | None:
        """How many times as long the larger size takes; None if unknown."""
        return self.after.ms / self.before.ms if self.before.ms and self.after.ms is not None else None


def work_ratio(before: Point, after: Point) -> float | None:
    """Return the ratio of multiply-accumulates; that of pixels where only the sizes are known."""
    if before.macs and after.macs:
        return after.macs / before.macs
    if before.size is None or after.size is None:
        return None
    return after.size[0] * after.size[1] / (before.size[0] * before.size[1])


def find_changes(before: Point, after: Point) -> tuple[CliffKind, ...]:
    """Return what changes between two points of a series; nothing if they cannot be compared."""
    statuses = {before.status, after.status}
    if statuses == {PointStatus.PREDICTED, PointStatus.FAILED}:
        return (CliffKind.FAILURE,)
    if len(statuses) > 1 or not statuses <= {PointStatus.PREDICTED, PointStatus.OBSERVED}:
        return ()
    return tuple(kind for kind, differs in _DIFFERS.items() if differs(before, after))


def make_cliff(before: Point, after: Point, *, is_exact: bool) -> Cliff | None:
    """Return the cliff between two points of a series, None if nothing changes."""
    kinds = find_changes(before, after)
    if not kinds:
        return None
    found = (_CULPRITS[kind](before, after) for kind in kinds if before.sighting is None)
    return Cliff(before, after, kinds, is_exact, next((culprit for culprit in found if culprit is not None), None))


def _share_differs(before: Point, after: Point) -> bool:
    first, second = before.npu_operators, after.npu_operators
    return first is not None and second is not None and first[1] - first[0] != second[1] - second[0]


def _time_differs(before: Point, after: Point) -> bool:
    ratio, first, second = work_ratio(before, after), before.ms, after.ms
    if ratio is None or not first or not second or abs(second - first * ratio) < LEAST_JUMP_MS:
        return False
    return second > first * ratio * TIME_JUMP or second * TIME_JUMP < first


def _of_outcomes(differs: Callable[[Outcome, Outcome], bool]) -> Callable[[Point, Point], bool]:
    """Return the comparison of two predicted points by their outcomes; observations say nothing about these."""

    def compare(before: Point, after: Point) -> bool:
        if before.sighting is not None or before.outcome is None or after.outcome is None:
            return False
        return differs(before.outcome, after.outcome)

    return compare


def _hazards_of(outcome: Outcome) -> set[tuple[str, str]]:
    return {(hazard.rule, hazard.effect) for hazard in outcome.hazards}


def _calls_multiply(before: Outcome, after: Outcome) -> bool:
    fewer, more = sorted((before.calls, after.calls))
    return fewer > 0 and more >= MANY_CALLS * fewer


_DIFFERS: dict[CliffKind, Callable[[Point, Point], bool]] = {
    CliffKind.SHARE: _share_differs,
    CliffKind.MEMORY: _of_outcomes(lambda before, after: before.fits_memory != after.fits_memory),
    CliffKind.HAZARD: _of_outcomes(lambda before, after: _hazards_of(before) != _hazards_of(after)),
    CliffKind.PARTITIONS: _of_outcomes(_calls_multiply),
    CliffKind.TIME: _time_differs,
}

_CULPRITS: dict[CliffKind, Callable[[Point, Point], Culprit | None]] = {
    CliffKind.FAILURE: failing_tool,
    CliffKind.SHARE: first_difference,
    CliffKind.MEMORY: full_memory,
    CliffKind.HAZARD: first_hazard,
    CliffKind.PARTITIONS: first_split,
    CliffKind.TIME: slowest_step,
}
