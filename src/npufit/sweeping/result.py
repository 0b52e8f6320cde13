"""The result of a sweep: its points, its cliffs, and what can be afforded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from npufit.checking import Gate
from npufit.sweeping.affordability import Affordable, best_of
from npufit.sweeping.cliffs import Cliff
from npufit.sweeping.point import Point, PointStatus, Series


@dataclass(frozen=True)
class SweepResult:
    """All points of a sweep, ordered by series and size; observations follow the predictions of their series.

    `cliffs` are in the same order. `affordable` has an answer for each series if `gates` were given. `cliff_step` is
    the distance in pixels to which cliffs were located, 0 if they were not.
    """

    series: tuple[Series, ...]
    points: tuple[Point, ...]
    cliffs: tuple[Cliff, ...]
    gates: tuple[Gate, ...]
    affordable: tuple[Affordable, ...]
    cliff_step: int

    @cached_property
    def best(self) -> Affordable | None:
        """The series that affords the largest size, the fastest of several; None if none affords any."""
        return best_of(self.affordable)

    def of(self, series: Series) -> list[Point]:
        """Return the points of one series, smallest first."""
        return [point for point in self.points if point.series is series]

    def count(self, *statuses: PointStatus) -> int:
        """Return how many points have one of `statuses`."""
        return sum(point.status in statuses for point in self.points)

    @property
    def kept(self) -> int:
        """How many points were read from the store instead of computed."""
        return sum(point.kept for point in self.points)

    def unknown_ranges(self, series: Series) -> list[Sequence[Point]]:
        """Return the runs of neighbouring sizes of a series about which nothing is known."""
        runs: list[list[Point]] = []
        is_open = False
        for point in self.of(series):
            if point.status is PointStatus.UNKNOWN:
                runs = [*runs[:-1], [*runs[-1], point]] if is_open else [*runs, [point]]
            elif point.status is PointStatus.OBSERVED:
                continue
            is_open = point.status is PointStatus.UNKNOWN
        return list(runs)
