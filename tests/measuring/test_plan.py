"""Which runs a measurement takes, and what is made of their times: pure functions."""

from __future__ import annotations

import pytest

from npufit.measurements import MeasuredRun, Role
from npufit.measuring.plan import PlannedRun, Wishes, plan_closing, plan_opening, plan_repeats
from npufit.measuring.steady import steady_time

_CPU, _NPU = PlannedRun(Role.CPU, False), PlannedRun(Role.NPU, True)


def test_the_first_runs_are_those_that_prove() -> None:
    assert plan_opening(Wishes(known=True)) == (_CPU, PlannedRun(Role.KNOWN, True), _NPU)


def test_cpu_and_npu_run_in_turn() -> None:
    assert plan_repeats(Wishes(processes=3), prints_median=True) == (_CPU, _NPU, _CPU, _NPU)


@pytest.mark.parametrize(("prints_median", "further"), [(True, 0), (False, 4)])
def test_a_tool_that_prints_only_means_runs_five_times(prints_median: bool, further: int) -> None:
    assert plan_repeats(Wishes(npu=False), prints_median) == (_CPU,) * further


def test_without_an_npu_nothing_is_run_for_it() -> None:
    wishes = Wishes(npu=False, known=True, evidence=True, profile=True, outputs=True)
    planned = (*plan_opening(wishes), *plan_repeats(wishes, prints_median=False), *plan_closing(wishes))
    assert not any(run.with_npu for run in planned)
    assert {run.role for run in planned} == {Role.CPU, Role.PROFILE, Role.OUTPUTS}


def test_runs_whose_times_do_not_count_come_last_and_outputs_are_the_npus() -> None:
    wishes = Wishes(evidence=True, profile=True, outputs=True)
    roles = [(run.role, run.with_npu) for run in plan_closing(wishes)]
    assert roles == [(Role.EVIDENCE, True), (Role.PROFILE, False), (Role.PROFILE, True), (Role.OUTPUTS, True)]


def test_nothing_is_planned_if_nothing_is_wished_for() -> None:
    nothing = Wishes(cpu=False, npu=False, known=True, evidence=True, profile=True, outputs=True, processes=7)
    assert not (*plan_opening(nothing), *plan_repeats(nothing, prints_median=True), *plan_closing(nothing))


def _run(order: int, mean_ms: float | None, **more: float) -> MeasuredRun:
    return MeasuredRun(Role.NPU, order, mean_ms=mean_ms, **more)  # pyright: ignore[reportArgumentType] - only times


def test_the_steady_time_is_the_median_of_medians() -> None:
    found = steady_time(_run(order, 60.0, median_ms=ms, min_ms=ms - 1) for order, ms in enumerate((5.0, 4.0, 9.0)))
    assert found is not None
    assert (found.ms, found.statistic, found.low_ms, found.high_ms, found.min_ms, found.processes) == (
        *(5.0, "median", 4.0, 9.0),
        *(3.0, 3),
    )


def test_one_process_without_a_median_makes_it_the_median_of_means() -> None:
    found = steady_time([_run(0, 6.0, median_ms=5.0), _run(1, 8.0), _run(2, 7.0, first_ms=200.0)])
    assert found is not None
    assert (found.ms, found.statistic, found.first_ms) == (7.0, "mean", 200.0)


def test_failed_runs_have_no_share_in_the_steady_time() -> None:
    failed = MeasuredRun(Role.NPU, 0, mean_ms=1.0, median_ms=1.0, problem="The delegate was not used.")
    assert steady_time([failed]) is None
    assert steady_time([failed, _run(1, 5.0)]) == steady_time([_run(1, 5.0)])
