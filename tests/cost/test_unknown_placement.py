"""Where nobody knows the placement: ranges, how totals narrow them, and the reversal of the i.MX95 report."""

from __future__ import annotations

import dataclasses
import math

import pytest

import npufit
from cost.demands import HOSTILE, convolution, depthwise, expected, on_npu
from npufit.cost.demand import Demand
from npufit.cost.estimate import Band
from npufit.cost.npu.neutron import MODEL
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.cost.possible_workloads import all_it_could_take, as_unknown, place_runs, place_singly
from npufit.cost.unknown_placement import Span, span_unknown
from npufit.cost.workload import Workload, on_the_cpu, workload_of
from npufit.graph import Model, OperatorId
from npufit.stacks import Evidence, NpuCount, Placement, Target, Unit
from real_files import find_model

_BAND = Band(0.7, 1.4, None, 0, 0, None, "of this test")
_NPU = expected(MODEL.coefficients)
_LAYERS = (
    *(convolution(size, 64, 64, 3) for size in (56, 28, 14, 7)),
    depthwise(28, 64),
    convolution(28, 64, 64),
)


def _cpu(chip: str = "imx95") -> dict[str, float]:
    found = load_coefficients(f"{chip}/cpu")
    assert found is not None
    return dict(found.values)


def _span(workload: Workload, count: NpuCount | None = None) -> Span:
    placement = Placement(Target("imx95", "neutron", "1.16"), npu_count=count)
    return span_unknown(placement, workload, _cpu(), 1, MODEL, _NPU, _BAND, _BAND)


def _unknown(*demands: Demand) -> Workload:
    return as_unknown(on_npu(*demands))


def _count(operators: int, total: int, partitions: int | None = None, *, near_output: bool = False) -> NpuCount:
    return NpuCount(operators, total, partitions, near_output, Evidence.EXECUTED, "a log")


def _width(span: Span) -> float:
    assert span.low_ms is not None
    return span.high_ms / span.low_ms


def test_nothing_known_is_a_range_from_all_on_the_npu_to_worse_than_the_cpu_alone() -> None:
    span = _span(_unknown(*_LAYERS))
    alone = span_unknown(
        Placement(Target("imx95", "neutron", "")), _unknown(*_LAYERS), _cpu(), 1, None, {}, _BAND, _BAND
    )
    assert span.assumed is None
    assert span.low_ms is not None
    assert span.low_ms < alone.high_ms / 4
    assert span.high_ms >= alone.high_ms


def test_totals_narrow_the_range_and_fewer_operators_raise_its_low_end() -> None:
    open_ = _span(_unknown(*_LAYERS))
    spans = [_span(_unknown(*_LAYERS), _count(taken, len(_LAYERS))) for taken in (5, 3, 1)]
    lows = [span.low_ms for span in spans if span.low_ms is not None]
    assert lows == sorted(lows)
    assert all(_width(span) < _width(open_) for span in spans[1:])


def test_fewer_partitions_lower_the_high_end() -> None:
    spans = [_span(_unknown(*_LAYERS), _count(4, 6, partitions)) for partitions in (1, 2, 4, None)]
    highs = [span.high_ms for span in spans]
    assert highs[:3] == sorted(highs[:3])
    assert highs[2] == pytest.approx(highs[3])


def test_counts_of_another_graph_narrow_nothing() -> None:
    assert _span(_unknown(*_LAYERS), _count(1, 2)).low_ms == _span(_unknown(*_LAYERS)).low_ms


def test_nearly_all_and_none_are_known_well_enough_for_a_number() -> None:
    everything = _span(_unknown(*_LAYERS), _count(6, 6)).assumed
    nothing = _span(_unknown(*_LAYERS), _count(0, 6)).assumed
    assert everything is not None
    assert everything.cpu_ms == 0
    assert nothing is not None
    assert nothing.total_ms == pytest.approx(nothing.cpu_only_ms)


def test_without_a_cost_model_only_the_cpu_alone_is_known() -> None:
    placement = Placement(Target("rk3588", "teflon", ""))
    span = span_unknown(placement, on_npu(*_LAYERS), _cpu(), 1, None, {}, _BAND, _BAND)
    assert span.low_ms is None
    assert span.assumed is None
    assert span.high_ms > 0


def test_runs_are_partitions_and_single_operators_are_too() -> None:
    workload = _unknown(*_LAYERS)
    chosen = [OperatorId(0, index) for index in (0, 1, 3, 4)]
    assert [entry.placement.partition for entry in place_runs(workload, chosen).operators] == [0, 0, None, 1, 1, None]
    assert len(place_singly(workload, chosen).partitions) == 4
    assert len(all_it_could_take(workload, MODEL).partitions) == 1


@pytest.mark.parametrize("demand", HOSTILE, ids=lambda demand: f"{demand.type}-{demand.outputs}")
def test_sizes_that_no_network_has_give_a_finite_range(demand: Demand) -> None:
    span = _span(_unknown(demand, demand))
    assert span.low_ms is not None
    assert math.isfinite(span.low_ms)
    assert math.isfinite(span.high_ms)


def test_no_operators_take_no_time() -> None:
    span = _span(Workload((), {}))
    assert (span.low_ms, span.high_ms) == (0, 0)


def _reported(size: int) -> Model:
    return npufit.load(find_model(f"keras_mobilenet_v2_{size}_int8_per_channel.tflite"))


def _report_span(model: Model, version: str = "1.16", log: str | None = None) -> Span:
    placement = npufit.check(model, f"imx95/neutron@{version}", npufit.CheckOptions(log=log)).placement
    return span_unknown(placement, workload_of(model, placement), _cpu(), 1, MODEL, _NPU, _BAND, _BAND)


@pytest.mark.parametrize("threads", [1, 6])
def test_the_report_s_network_at_320_is_slower_with_the_npu(threads: int) -> None:
    model = _reported(320)
    placement = npufit.check(model, "imx95/neutron@1.16").placement
    span = span_unknown(placement, workload_of(model, placement), _cpu(), threads, MODEL, _NPU, _BAND, _BAND)
    assert span.assumed is not None
    assert span.assumed.total_ms > span.assumed.cpu_only_ms
    assert "22 of 88" in span.why


def test_the_report_s_network_at_224_gains_much() -> None:
    span = _report_span(_reported(224))
    assert span.assumed is not None
    assert span.assumed.cpu_only_ms / span.assumed.total_ms > 5


def test_other_releases_leave_the_network_at_320_open() -> None:
    assert _report_span(_reported(320), version="3.1").assumed is None


def test_a_converter_s_totals_narrow_what_it_does_not_tell() -> None:
    log = (
        "Converting model with the following options:\n  Target = imx95\nConversion statistics:\n"
        "  Number of operators after import    = 71\n  Number of operators after optimize  = 88\n"
        "    Number of operators converted     = 44\n    Number of operators NOT converted = 44\n"
        "  Number of operators after extract   = 45\n    Number of Neutron graphs          = 1\n"
        "    Number of operators NOT converted = 44\n  Operator conversion ratio           = 44 / 88 = 0.5\n"
    )
    model = _reported(320)
    with_log, without = _report_span(model, "3.1", log), _report_span(model, "3.1")
    assert _width(with_log) < _width(without)


def test_every_scenario_places_every_operator_once() -> None:
    model = npufit.load("zoo:mobilenet_v2@96,int8")
    placed = all_it_could_take(as_unknown(on_the_cpu(model)), MODEL)
    assert len(placed.operators) == len(model.main.operators)
    assert all(
        (entry.placement.unit is Unit.NPU) == (entry.placement.partition is not None) for entry in placed.operators
    )
    assert dataclasses.replace(placed) == placed
