"""What operators take on the CPU: threads, caches, and what nothing is known of."""

from __future__ import annotations

from dataclasses import replace

import pytest

import npufit
from cost.demands import HOSTILE, convolution, depthwise, matrix, other
from npufit.cost import estimate
from npufit.cost.coefficient import Values
from npufit.cost.cpu import Caches, caches_of, cpu_cost, elasticities, total_ms, total_terms
from npufit.cost.cpu_coefficients import UNKNOWN
from npufit.cost.demand import Demand
from npufit.cost.measured.public_measurements import load_workload
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.execution.cutting_out import cut_segment
from npufit.graph import Family
from real_files import find_model


def _values(chip: str = "imx93") -> Values:
    found = load_coefficients(f"{chip}/cpu")
    assert found is not None
    return found.values


def _ms(demand: Demand, threads: int = 1, cold: float = 0.0) -> float:
    return cpu_cost(demand, _values(), threads, Caches(_values()["cache_bytes"], cold)).ms


@pytest.mark.parametrize(
    ("at_limit", "above"),
    [
        # ruy: 2^15 multiply-accumulates, each size rounded up to a power of two, for a thread.
        (convolution(8, 16, 32), convolution(8, 32, 32)),
        (convolution(4, 128, 16), convolution(5, 128, 16)),
        # LegacyHowManyThreads: 64 Ki multiply-accumulates for a thread.
        (matrix(640, 128), matrix(1024, 128)),
        # HowManyConvThreads: 8 Ki multiplications for a thread.
        (depthwise(10, 16), depthwise(12, 16)),
    ],
)
def test_small_operators_run_on_one_thread_however_many_there_are(at_limit: Demand, above: Demand) -> None:
    assert _ms(at_limit, 2) == pytest.approx(_ms(at_limit, 1))
    assert _ms(above, 2) != pytest.approx(_ms(above, 1))


def test_a_large_operator_gains_by_threads_and_a_thread_costs_its_waking() -> None:
    large, small = convolution(56, 64, 64, 3), convolution(8, 32, 32)
    assert _ms(large, 2) < 0.75 * _ms(large, 1)
    gains = [_ms(demand, 1) / _ms(demand, 2) for demand in (large, small)]
    assert gains[0] > gains[1]
    # On four threads a product of 2^16 still has two of them.
    assert _ms(small, 4) == pytest.approx(_ms(small, 2))


def test_constants_that_the_cache_cannot_hold_come_from_memory() -> None:
    few = [convolution(8, 64, 64)] * 4
    many = [convolution(8, 64, 64, 3)] * 40
    assert caches_of(few, _values()).cold == 0.0
    assert 0.5 < caches_of(many, _values()).cold < 1.0
    assert _ms(many[0], cold=0.9) > _ms(many[0])


def test_slow_kernels_have_rates_of_their_own() -> None:
    plain, leaky, prelu = (other(name, Family.ELEMENTWISE, 100_000) for name in ("ADD", "LEAKY_RELU", "PRELU"))
    assert _ms(plain) < 0.5 * _ms(leaky) < _ms(prelu)
    assert _ms(other("PRELU", Family.ELEMENTWISE, 100_000, is_float=True)) < 0.5 * _ms(prelu)


def test_floats_do_not_take_the_rates_of_integers() -> None:
    whole = convolution(28, 64, 64, 3)
    assert _ms(replace(whole, is_float=True, element_bytes=4)) > 2 * _ms(whole)


def test_no_file_makes_a_time_negative_or_undefined() -> None:
    for demand in HOSTILE:
        for threads in (1, 2, 64):
            assert 0 <= _ms(demand, threads) < float("inf")


def test_slopes_add_up_to_one_without_threads() -> None:
    demands = [operator.demand for operator in load_workload("zoo:mobilenet_v1@224,uint8", "cpu").operators]
    terms = total_terms(demands, caches_of(demands, _values()), 1)
    slopes = elasticities(terms, _values(), 1)
    assert sum(slopes.values()) == pytest.approx(1.0)
    assert total_ms(terms, _values(), 1) > 0


@pytest.mark.parametrize("chip", ["imx93", "imx8mp"])
def test_operators_without_cost_data_make_the_band_wide(chip: str) -> None:
    fitted = load_coefficients(f"{chip}/cpu")
    assert fitted is not None
    known = fitted.spread.band({"convolution_ns_per_mac": 0.7, "output_ns": 0.3}, 50.0)
    unknown = fitted.spread.band({"convolution_ns_per_mac": 0.4, "output_ns": 0.2, UNKNOWN: 0.4}, 50.0)
    assert unknown.high > 1.4 * known.high
    assert any(UNKNOWN in reason for reason in unknown.unsure)


def test_the_report_says_that_a_custom_operator_makes_it_unsure() -> None:
    whole = npufit.load(str(find_model("hard/posenet_mobilenet_v1_075_353_481_decoder.tflite")))
    model = cut_segment(whole, [len(whole.main.operators) - 1])
    found = estimate(model, npufit.check(model, "imx93/teflon@26.1").placement)
    assert found is not None
    assert any("estimated as ADD" in reason for reason in found.cpu_band.unsure)
