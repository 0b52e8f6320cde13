"""The search between two sizes, on made-up series: every change at its exact place, whatever sizes are allowed."""

from __future__ import annotations

from collections.abc import Callable

from npufit.checking import ChosenTarget, Summary, parse_gate
from npufit.rewrite.resolution import Size
from npufit.stacks import Target
from npufit.sweeping.bisection import SeriesSearch
from npufit.sweeping.cliffs import CliffKind
from npufit.sweeping.network import Network
from npufit.sweeping.outcome import Outcome, PointTimes
from npufit.sweeping.point import Point, PointStatus, Series
from npufit.sweeping.setup import Setup

_SERIES = Series(Network("made up", "int8", (224, 224)), Setup(ChosenTarget(Target("imx93", "teflon", "26.2"))))
_GRID: tuple[Size, ...] = ((96, 96), (128, 128), (160, 160), (192, 192), (224, 224))


def _outcome(side: int, off_npu: int, ms: float) -> Outcome:
    macs = 1000 * side * side
    summary = Summary(100, 100 - off_npu, off_npu, 0, macs, 0, macs, 1.0, 1, 0, 0, 0)
    times = PointTimes(ms, ms, ms, ms, 0.0, 0.0, 10 * ms, 10 * ms, 10 * ms, 2, "")
    return Outcome(summary, None, (), (), (), 0, 0, times, (), ())


def _search(
    answer: Callable[[int], Outcome | None], *gates: str, step: int = 1, grid: tuple[Size, ...] = _GRID
) -> tuple[SeriesSearch, list[int]]:
    """Return the finished search, and the sides that it asked for; a side without an outcome is no size."""
    search = SeriesSearch(_SERIES, grid, tuple(map(parse_gate, gates)), step)
    waiting, asked = list(grid), list[int]()
    while waiting:
        size = waiting.pop()
        outcome = answer(size[0])
        status = PointStatus.PREDICTED if outcome is not None else PointStatus.IMPOSSIBLE
        found = search.add(Point(_SERIES, size, status, outcome))
        waiting += found
        asked += [side for side, _ in found]
    return search, asked


def _off(side: int, *changes: tuple[int, int]) -> Outcome:
    """Return an outcome with as many operators off the NPU as the last of `changes` up to `side` says."""
    off = next((count for start, count in reversed(changes) if side >= start), 0)
    return _outcome(side, off, 1e-4 * side * side)


def test_every_place_of_a_cliff_is_found() -> None:
    for place in range(97, 225):
        search, asked = _search(lambda side, place=place: _off(side, (place, 60)))
        (cliff,) = search.cliffs()
        assert (cliff.before.size, cliff.after.size) == ((place - 1, place - 1), (place, place))
        assert cliff.is_exact
        assert cliff.kinds == (CliffKind.SHARE,)
        assert len(asked) <= 8


def test_several_cliffs_in_one_interval_are_all_found() -> None:
    search, _ = _search(lambda side: _off(side, (130, 3), (131, 9), (150, 30)))
    assert [cliff.after.size for cliff in search.cliffs()] == [(130, 130), (131, 131), (150, 150)]


def test_a_change_that_undoes_itself_between_two_sizes_is_not_looked_for() -> None:
    search, asked = _search(lambda side: _off(side, (130, 3), (131, 0)))
    assert not search.cliffs()
    assert not asked


def test_sizes_that_the_network_cannot_have_are_no_sizes() -> None:
    for step in (8, 32):
        search, _ = _search(lambda side, step=step: None if side % step else _off(side, (141, 60)))
        (cliff,) = search.cliffs()
        assert cliff.is_exact
        assert cliff.after.size == ((144, 144) if step == 8 else (160, 160))
        assert (cliff.before.size or (0, 0))[0] == (cliff.after.size or (0, 0))[0] - step


def test_the_grid_may_hold_sizes_that_are_none() -> None:
    search, _ = _search(lambda side: None if side % 64 else _off(side, (141, 60)))
    (cliff,) = search.cliffs()
    assert (cliff.before.size, cliff.after.size) == ((128, 128), (192, 192))
    assert cliff.is_exact


def test_a_step_is_kept_and_none_leaves_the_interval_open() -> None:
    search, asked = _search(lambda side: _off(side, (141, 60)), step=16)
    assert asked == [144]
    assert [(cliff.before.size, cliff.is_exact) for cliff in search.cliffs()] == [((128, 128), True)]
    search, asked = _search(lambda side: _off(side, (141, 60)), step=0)
    assert not asked
    assert [(cliff.before.size, cliff.is_exact) for cliff in search.cliffs()] == [((128, 128), False)]


def test_a_time_that_jumps_is_a_cliff_and_one_that_grows_with_the_work_is_none() -> None:
    smooth, asked = _search(lambda side: _outcome(side, 0, 1e-4 * side**2.2))
    assert not smooth.cliffs()
    assert not asked
    search, _ = _search(lambda side: _outcome(side, 0, 1e-4 * side * side * (1 if side < 133 else 1.3)))
    (cliff,) = search.cliffs()
    assert cliff.kinds == (CliffKind.TIME,)
    assert cliff.after.size == (133, 133)
    assert cliff.time_ratio is not None
    assert cliff.macs_ratio is not None
    assert cliff.time_ratio > 1.2 * cliff.macs_ratio


def test_a_time_that_drifts_away_from_the_work_has_no_place() -> None:
    search, asked = _search(lambda side: _outcome(side, 0, 1e-9 * side**4))
    assert asked
    assert not [cliff for cliff in search.cliffs() if cliff.is_exact]


def test_sizes_that_are_no_squares_are_searched_along_the_line() -> None:
    grid: tuple[Size, ...] = ((96, 192), (128, 256))
    search, asked = _search(lambda side: _off(side, (100, 60)), grid=grid)
    (cliff,) = search.cliffs()
    assert (cliff.before.size, cliff.after.size) == ((99, 198), (100, 200))
    assert len(asked) <= 6


def test_the_largest_size_that_holds_is_exact_and_says_what_stops_the_next() -> None:
    search, _ = _search(lambda side: _outcome(side, 0, 1e-4 * side * side), "predicted-ms<=2")
    answer = search.affordable()
    assert answer.largest is not None
    assert answer.following is not None
    assert (answer.largest.point.size, answer.following.point.size) == ((141, 141), (142, 142))
    assert answer.is_exact
    assert [str(gate.gate.quantity) for gate in answer.following.failed] == ["predicted-ms"]


def test_nothing_and_everything_can_be_affordable() -> None:
    nothing, asked = _search(lambda side: _outcome(side, 0, 5.0), "predicted-ms<=2")
    assert nothing.affordable().largest is None
    assert not asked
    everything, _ = _search(lambda side: _outcome(side, 0, 1.0), "predicted-ms<=2")
    answer = everything.affordable()
    assert answer.largest is not None
    assert answer.largest.point.size == _GRID[-1]
    assert answer.following is None
