"""break-escape: hazard ethosu.brick-order goes, at the price of one copy, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from networks import Network
from npufit.errors import InputError
from npufit.graph import Model, ReshapeOptions
from npufit.rewrite import Context
from npufit.rewrite.passes.escapes import BreakEscape
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, on_npu, place, read, rewrite


def _escaping(depth: int = 32, kernel: int = 3) -> Model:
    """Return a network whose middle tensor is read on the NPU and is an output as well."""
    net = Network()
    middle = net.convolve(net.input(1, 8, 8, 8), depth, kernel)
    last = net.convolve(middle, 16, 1)
    return net.model(middle, last)


@pytest.mark.parametrize("version", ["25.3", "26.1", "26.2"])
def test_an_expensive_operator_is_followed_by_a_copy(version: str) -> None:
    model = _escaping()
    assert hazards(model, version) == ["ethosu.brick-order"]
    after = rewrite(BreakEscape(), model, on(model, version)).model
    assert kinds(after) == ["CONV_2D", "MAX_POOL_2D", "CONV_2D"]
    assert hazards(after, version) == []
    assert len(place(after, version).partitions) == len(place(model, version).partitions)
    assert_same_answers(BreakEscape(), model, after)


@pytest.mark.parametrize(("size", "copy"), [(64, "CONV_2D"), (8, "MAX_POOL_2D")])
def test_an_operator_is_repeated_where_that_takes_less_time(size: int, copy: str) -> None:
    net = Network()
    small = net.convolve(net.input(1, size, size, 8), 32, 1)
    model = net.model(small, net.convolve(small, 16, 1))
    context = on(model, "25.3")
    after = rewrite(BreakEscape(), model, context).model
    assert kinds(after) == ["CONV_2D", copy, "CONV_2D"]
    times = {
        way: context.milliseconds(rewrite(BreakEscape(by=way), model, context).model) for way in ("pool", "repeat")
    }
    assert context.milliseconds(after) == min(filter(None, times.values()))
    assert hazards(after, "25.3") == []
    assert_same_answers(BreakEscape(), model, after)


@pytest.mark.parametrize("way", ["pool", "repeat"])
def test_the_way_can_be_chosen(way: str) -> None:
    model = _escaping()
    after = rewrite(BreakEscape(way), model, on(model, "25.3")).model
    assert ("MAX_POOL_2D" in kinds(after)) is (way == "pool")
    assert hazards(after, "25.3") == []
    assert_same_answers(BreakEscape(way), model, after)
    with pytest.raises(InputError, match="no way 'magic'"):
        BreakEscape("magic").rewrite(model, on(model, "25.3"))


def test_nothing_is_done_where_nothing_escapes() -> None:
    assert BreakEscape().rewrite(_escaping(), Context()) is None
    for model, version in ((_escaping(depth=16), "25.3"), (_escaping(depth=24), "25.3"), (_escaping(), "main")):
        assert hazards(model, version) == []
        assert BreakEscape().rewrite(model, on(model, version)) is None


def test_a_reshape_behind_another_reader_gets_the_copy() -> None:
    net = Network()
    middle = net.convolve(net.input(1, 8, 8, 8), 32, 3)
    last = net.convolve(middle, 16, 1)
    shape = net.constant([1, 36, 32])
    flat = net.apply("RESHAPE", (middle, shape), (1, 36, 32), ReshapeOptions((1, 36, 32)))
    model = net.model(last, flat)
    assert hazards(model, "26.2") == ["ethosu.brick-order"]
    after = rewrite(BreakEscape(), model, on(model, "26.2")).model
    assert hazards(after, "26.2") == []
    assert_same_answers(BreakEscape(), model, after)


def test_readers_on_the_cpu_get_the_copy() -> None:
    net = Network()
    middle = net.convolve(net.input(1, 8, 8, 8), 32, 3)
    last = net.convolve(middle, 16, 1)
    outside = net.apply("ABS", (middle,), net.tensors[middle].shape or ())
    model = net.model(last, outside)
    after = rewrite(BreakEscape(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    assert_same_answers(BreakEscape(), model, after)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("ssd_mobilenet_v1_coco_quant", "25.3"),
        ("ssd_mobilenet_v1_coco_quant", "26.2"),
        ("keras_inception_v1_224_int8_per_channel_io_int8", "25.3"),
        ("keras_mobilenet_v3_small_224_int8_per_channel_io_int8", "26.2"),
        ("automl_traffic_detector", "25.3"),
        ("fastestdet_shufflenetv2", "25.3"),
        ("yolov8n_640_full_integer_quant", "25.3"),
    ],
)
def test_no_tensor_of_a_real_network_escapes_afterwards(name: str, version: str) -> None:
    model = read(name)
    assert "ethosu.brick-order" in hazards(model, version)
    after = rewrite(BreakEscape(), model, on(model, version)).model
    assert hazards(after, version) == [rule for rule in hazards(model, version) if rule != "ethosu.brick-order"]
    added = len(kinds(after)) - len(kinds(model))
    assert on_npu(after, version) == on_npu(model, version) + added
    assert len(place(after, version).partitions) == len(place(model, version).partitions)


def test_ssd_mobilenet_computes_the_same() -> None:
    model = read("ssd_mobilenet_v1_coco_quant")
    after = rewrite(BreakEscape(), model, on(model, "25.3")).model
    heads = [operator.outputs[0] for operator in model.main.operators if operator.type == "CONCATENATION"]
    new = [operator.outputs[0] for operator in after.main.operators if operator.type == "CONCATENATION"]
    before, after = (_with_outputs(one, outputs) for one, outputs in ((model, heads), (after, new)))
    assert_same_answers(BreakEscape(), before, after, randoms=1)


def _with_outputs(model: Model, outputs: list[int]) -> Model:
    return replace(model, subgraphs=(replace(model.main, outputs=tuple(outputs)),), signatures=())
