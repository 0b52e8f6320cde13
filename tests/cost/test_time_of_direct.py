"""Vela's streams through Linux's own driver: what is carried over from imx93/vela, and what is not."""

from __future__ import annotations

import pytest

from cost.demands import expected
from npufit.chips import load_chip
from npufit.cost.measured.public_measurements import load_workload
from npufit.cost.npu import direct, teflon_ethosu, vela
from npufit.cost.npu.arrays import total_of
from npufit.cost.npu.passes import CLOCK_RATIO
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.cost.slopes import slopes_by_differences

_NETWORKS = ("zoo:mobilenet_v2@224,int8,io=int8", "zoo:facenet512")
_VALUES = expected(direct.MODEL.coefficients)


def test_the_clocks_are_those_of_the_chip() -> None:
    stacks = load_chip("imx93").stacks
    fitted_at, mainline = stacks["vela"]["npu-clock"], stacks["direct"]["npu-clock"]
    assert fitted_at.unit == mainline.unit == "MHz"
    assert pytest.approx(float(fitted_at.value) / float(mainline.value)) == _VALUES[CLOCK_RATIO]


@pytest.mark.parametrize("network", _NETWORKS)
def test_a_pass_is_vela_s_with_slower_arithmetic_and_the_same_memory(network: str) -> None:
    workload = load_workload(network, "imx93/vela@3.8")
    packaged = load_coefficients("imx93/vela")
    assert packaged is not None
    theirs = vela.MODEL.cost(workload, packaged.values)
    ours = direct.MODEL.cost(workload, {**_VALUES, **packaged.values})
    for place, cost in ours.operators.items():
        other = theirs.operators[place]
        assert cost.arithmetic_ms == pytest.approx(1.25 * other.arithmetic_ms)
        assert (cost.memory_ms, cost.overhead_ms) == (other.memory_ms, other.overhead_ms)
    same_clock = direct.MODEL.cost(workload, {**_VALUES, **packaged.values, CLOCK_RATIO: 1.0})
    assert same_clock.operators == theirs.operators


def test_a_call_costs_what_it_costs_mesa_s_delegate() -> None:
    called = {"call_ns", "copy_in_ns_per_byte", "copy_out_ns_per_byte"}
    ours, theirs = (
        {entry for entry in model.coefficients if entry.name in called} for model in (direct.MODEL, teflon_ethosu.MODEL)
    )
    assert ours == theirs
    assert len(ours) == len(called)
    assert not called & set(direct.MODEL.borrowed)


@pytest.mark.parametrize("network", _NETWORKS)
def test_a_fit_sees_the_clock(network: str) -> None:
    workload = load_workload(network, "imx93/vela@3.8")
    total = total_of(direct.MODEL, workload)
    assert total is not None
    assert total.ms(_VALUES) == pytest.approx(direct.MODEL.cost(workload, _VALUES).total_ms)
    exact, measured = total.slopes(_VALUES), slopes_by_differences(total.ms, _VALUES)
    assert exact[CLOCK_RATIO] > 0
    assert all(exact.get(key, 0.0) == pytest.approx(slope, abs=0.02) for key, slope in measured.items())
