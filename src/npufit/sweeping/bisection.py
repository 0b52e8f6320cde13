"""Which sizes of a series to look at next, so that each change between neighbours is found at its exact place."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import pairwise

from npufit.checking import Gate
from npufit.rewrite.resolution import Size
from npufit.sweeping.affordability import Affordable, Verdict, judge
from npufit.sweeping.cliffs import Cliff, find_changes, make_cliff
from npufit.sweeping.point import Point, PointStatus, Series
from npufit.sweeping.sizes import by_area, choose_between, sizes_between


class SeriesSearch:
    """The points of one series, and the search between them.

    It assumes that nothing changes between two neighbours of the grid with the same answer. Where two differ it halves
    the interval, and each half whose ends differ, so it finds several changes in one interval unless they undo each
    other. Sizes that the network cannot have are no sizes.
    """

    def __init__(self, series: Series, grid: Sequence[Size | None], gates: Sequence[Gate], step: int) -> None:
        """Search the sizes that are multiples of `step` between those of `grid`; with a step of 0, none."""
        self.series = series
        self._gates, self._step = gates, step
        self._order = sorted({size for size in grid if size is not None}, key=by_area)
        self._points: dict[Size | None, Point] = {}

    @property
    def points(self) -> list[Point]:
        """The points that are there, smallest first."""
        return sorted(self._points.values(), key=lambda point: by_area(point.size or (0, 0)))

    def add(self, point: Point) -> list[Size]:
        """Note a point, and return the sizes to look at next."""
        self._points[point.size] = point
        if not self._step or point.size is None:
            return []
        place = bisect_left(self._order, by_area(point.size), key=by_area)
        before, after = self._neighbour(place, -1), self._neighbour(place, 1)
        is_size = point.status is not PointStatus.IMPOSSIBLE
        pairs = [(before, point), (point, after)] if is_size else [(before, after)]
        open_sizes = [
            self._open_sizes(first, second)
            for first, second in pairs
            if first is not None and second is not None and self._is_worth(first, second)
        ]
        wanted = [choose_between(sizes) for sizes in open_sizes if sizes]
        for size in wanted:
            insort(self._order, size, key=by_area)
        return wanted

    def cliffs(self) -> list[Cliff]:
        """Return the changes between neighbours."""
        found = (
            make_cliff(before, after, is_exact=self._is_exact(before, after))
            for before, after in pairwise(self._possible())
        )
        return [cliff for cliff in found if cliff is not None]

    def affordable(self) -> Affordable:
        """Return the largest point that meets the requirements, and the next one, which does not."""
        verdicts = [judge(point, self._gates) for point in self._possible()]
        place = max((place for place, verdict in enumerate(verdicts) if verdict.holds), default=None)
        following = 0 if place is None else place + 1
        largest = None if place is None else verdicts[place]
        stopped = verdicts[following] if following < len(verdicts) else None
        return Affordable(self.series, largest, stopped, self._is_end(largest, stopped))

    def _is_end(self, largest: Verdict | None, stopped: Verdict | None) -> bool:
        return largest is not None and stopped is not None and self._is_exact(largest.point, stopped.point)

    def _is_worth(self, before: Point, after: Point) -> bool:
        """Return whether it matters where the two points part."""
        if find_changes(before, after):
            return True
        is_known = PointStatus.PREDICTED in (before.status, after.status)
        return bool(self._gates) and is_known and judge(before, self._gates).holds != judge(after, self._gates).holds

    def _is_exact(self, before: Point, after: Point) -> bool:
        return not self._open_sizes(before, after)

    def _open_sizes(self, before: Point, after: Point) -> list[Size]:
        """Return the sizes between two points that nobody has looked at."""
        if before.size is None or after.size is None:
            return []
        step = self._step or 1
        first, last = (bisect_left(self._order, by_area(size), key=by_area) for size in (before.size, after.size))
        asked = set(self._order[first : last + 1])
        between = sizes_between(before.size, after.size)
        return [size for size in between if size not in asked and not size[0] % step and not size[1] % step]

    def _possible(self) -> list[Point]:
        return [point for point in self.points if point.status is not PointStatus.IMPOSSIBLE]

    def _neighbour(self, place: int, direction: int) -> Point | None:
        """Return the next point in a direction that is a size; None at the end, or if it is not there yet."""
        place += direction
        while 0 <= place < len(self._order):
            point = self._points.get(self._order[place])
            if point is None or point.status is not PointStatus.IMPOSSIBLE:
                return point
            place += direction
        return None
