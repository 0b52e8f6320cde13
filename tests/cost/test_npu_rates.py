"""NPUs that are modelled by rates: Neutron, and the VIP8000 under its closed driver and under Mesa."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import npufit
from cost.demands import HOSTILE, addition, convolution, depthwise, expected, matrix, on_npu
from npufit.cost.demand import Demand
from npufit.cost.measured.public_measurements import load_workload
from npufit.cost.npu import etnaviv, load_npu_model, neutron, vip8000
from npufit.cost.npu.arrays import total_of
from npufit.cost.possible_workloads import Taking, all_it_could_take, as_unknown
from npufit.cost.slopes import slopes_by_differences
from npufit.cost.workload import on_the_cpu
from npufit.graph import Family

_Model = neutron.NeutronModel | vip8000.Vip8000Model | etnaviv.EtnavivModel
_MODELS = pytest.mark.parametrize(
    "model", [neutron.MODEL, vip8000.MODEL, etnaviv.MODEL], ids=["neutron", "vx", "etnaviv"]
)


def _ms(model: _Model, *demands: Demand, partitions: int = 1) -> float:
    cost = model.cost(on_npu(*demands, partitions=partitions), expected(model.coefficients))
    return sum(call.npu_ms + call.call_ms + call.copy_ms for call in cost.partitions.values())


def _whole(model: _Model, network: str) -> float:
    workload = all_it_could_take(as_unknown(on_the_cpu(npufit.load(f"zoo:{network}"))), model)
    cost = model.cost(workload, expected(model.coefficients))
    return sum(call.npu_ms + call.call_ms + call.copy_ms for call in cost.partitions.values())


@_MODELS
def test_more_work_never_takes_less_time(model: _Model) -> None:
    sizes = [_ms(model, convolution(size, 32, 32, 3)) for size in (1, 7, 8, 14, 28, 56, 112)]
    depths = [_ms(model, convolution(14, 64, depth)) for depth in (1, 8, 15, 16, 17, 128, 1024)]
    rows = [_ms(model, matrix(depth, 100)) for depth in (1, 10, 1000, 100_000)]
    for times in (sizes, depths, rows):
        assert times == sorted(times)


@_MODELS
def test_a_depthwise_multiply_accumulate_takes_longer_than_a_dense_one(model: _Model) -> None:
    dense, narrow = convolution(56, 128, 128), depthwise(56, 128, 5)
    assert _ms(model, narrow) / narrow.macs > 3 * _ms(model, dense) / dense.macs


@_MODELS
def test_each_partition_costs_a_call(model: _Model) -> None:
    layers = [addition(14, 64) for _ in range(6)]
    times = [_ms(model, *layers, partitions=count) for count in (1, 2, 3, 6)]
    assert times == sorted(times)
    assert times[0] < times[-1]


@_MODELS
@pytest.mark.parametrize("demand", HOSTILE, ids=lambda demand: f"{demand.type}-{demand.outputs}")
def test_sizes_that_no_network_has_give_finite_times(model: _Model, demand: Demand) -> None:
    assert math.isfinite(_ms(model, demand))
    assert _ms(model, demand) >= 0


@_MODELS
def test_detections_stay_on_the_cpu(model: _Model) -> None:
    demand = replace(addition(1, 4), type="TFLite_Detection_PostProcess", family=Family.DETECTION)
    assert not model.takes(demand)


def test_weights_per_channel_run_slower_on_the_vip8000() -> None:
    per_channel = convolution(56, 128, 128)
    assert _ms(vip8000.MODEL, replace(per_channel, is_unsigned=True)) < _ms(vip8000.MODEL, per_channel)


def test_mobilenet_v2_takes_longer_than_v1_on_the_vip8000() -> None:
    assert _whole(vip8000.MODEL, "mobilenet_v2@224,int8,io=int8") > _whole(vip8000.MODEL, "mobilenet_v1@224,uint8")


def test_the_open_driver_is_slower_than_the_closed_one() -> None:
    for network in ("mobilenet_v1@224,uint8", "mobilenet_v2@224,uint8"):
        assert _whole(etnaviv.MODEL, network) > 1.5 * _whole(vip8000.MODEL, network)
    assert set(etnaviv.MODEL.borrowed) < {entry.name for entry in etnaviv.MODEL.coefficients}


def test_the_tail_beside_neutron_is_slower_than_alone() -> None:
    values = expected(neutron.MODEL.coefficients)
    assert neutron.MODEL.cost(on_npu(addition(4, 4)), values).tail_factor > 1
    assert vip8000.MODEL.cost(on_npu(addition(4, 4)), expected(vip8000.MODEL.coefficients)).tail_factor == 1


@pytest.mark.parametrize("name", ["imx93/vela", "imx93/direct", "imx8mp/vx", "imx8mp/teflon", "imx95/neutron"])
def test_arrays_say_what_the_models_say(name: str) -> None:
    model = load_npu_model(*name.split("/"))
    assert model is not None
    values = expected(model.coefficients)
    for network in ("zoo:mobilenet_v2@224,int8,io=int8", "zoo:yolov4_tiny@416,int8", "zoo:facenet512"):
        workload = load_workload(network, "imx93/vela@3.8")
        if isinstance(model, Taking):
            workload = all_it_could_take(as_unknown(load_workload(network, "cpu")), model)
        total = total_of(model, workload)
        assert total is not None
        assert total.ms(values) == pytest.approx(model.cost(workload, values).total_ms)
        measured = slopes_by_differences(total.ms, values)
        exact = total.slopes(values)
        assert all(exact.get(key, 0.0) == pytest.approx(slope, abs=0.02) for key, slope in measured.items())
