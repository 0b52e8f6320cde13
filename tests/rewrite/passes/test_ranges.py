"""relu6-range: outputs end where their clamp does, and their readers follow."""

from __future__ import annotations

import pytest
from measured_difference import largest_steps, measure, with_outputs

from networks import INT8, UINT8, Network, quantized
from npufit.execution import random_inputs
from npufit.graph import Activation, AddOptions, ConcatenationOptions, ElementType, Model, Padding, Quantization
from npufit.rewrite import Context
from npufit.rewrite.passes.ranges import Relu6Range
from npufit.stacks.teflon.node import real_maximum
from rewrite.rewriting import hazards, kinds, on, on_npu, place, read, rewrite

_RELU6 = Activation.RELU6


def _network(out: Quantization, element: ElementType = UINT8, activation: Activation = _RELU6) -> tuple[Network, int]:
    net = Network(element)
    middle = 128 if element is UINT8 else 0
    first = net.input(1, 8, 8, 4, quantization=quantized(0.03, middle))
    return net, net.convolve(first, 16, activation=activation, quantization=out)


@pytest.mark.parametrize("element", [UINT8, INT8])
@pytest.mark.parametrize(("scale", "offset"), [(0.02352946251630783, 0), (0.0512, 121), (0.0422, 14)])
def test_a_refused_relu6_gets_the_range_of_its_clamp(scale: float, offset: int, element: ElementType) -> None:
    lowest = element.integer_range[0]
    net, clamped = _network(quantized(scale, lowest + offset), element)
    out = quantized(0.1, lowest + 128)
    model = net.model(net.convolve(clamped, 8, quantization=out))
    assert on_npu(model, "25.3") == 1
    rewritten = rewrite(Relu6Range(), model, on(model, "25.3"))
    after = rewritten.model
    assert on_npu(after, "25.3") == 2
    assert hazards(after, "25.3") == []
    assert kinds(after) == kinds(model)
    found = after.main.tensors[after.main.operators[0].outputs[0]]
    assert found.quantization.zero_point == lowest
    assert 5.999 < real_maximum(found) <= 6.0
    assert "old steps" in rewritten.notes[0]
    assert largest_steps(Relu6Range(), model, after) <= 1
    # The bias of the reader is in units of its new input.
    reader = after.main.operators[1]
    units = [after.main.tensors[index].quantization.scale for index in reader.inputs]
    assert units[2] == pytest.approx(units[0] * units[1], rel=1e-6)


def test_a_relu_that_nothing_clamps_begins_at_zero() -> None:
    net, clamped = _network(quantized(0.02, 100), activation=Activation.RELU)
    model = net.model(net.convolve(clamped, 8, quantization=quantized(0.1, 128)))
    assert hazards(model, "25.3") == ["ethosu.relu-unclamped"]
    after = rewrite(Relu6Range(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    found = after.main.tensors[after.main.operators[0].outputs[0]]
    assert real_maximum(found) == pytest.approx(155 * 0.02, rel=1e-6)
    assert largest_steps(Relu6Range(), model, after) <= 1


def test_what_is_tied_follows() -> None:
    same = quantized(0.0512, 121)
    net, one = _network(same)
    two = net.convolve(net.inputs[0], 8, activation=_RELU6, quantization=same)
    joined = net.apply("CONCATENATION", (one, two), (1, 6, 6, 24), ConcatenationOptions(3), quantization=same)
    pooled = net.pool(joined, 2, 2, padding=Padding.SAME)
    start = net.convolve(net.inputs[0], 24, 3, 2, quantization=quantized(0.1, 128))
    out = quantized(0.12, 130)
    model = net.model(net.apply("ADD", (pooled, start), (1, 3, 3, 24), AddOptions(), quantization=out))
    after = rewrite(Relu6Range(), model, on(model, "25.3")).model
    scales = [after.main.tensors[operator.outputs[0]].quantization.scale for operator in after.main.operators[:4]]
    assert len(set(scales)) == 1
    assert on_npu(after, "25.3") == len(after.main.operators)
    assert largest_steps(Relu6Range(), model, after) <= 1


def test_what_holds_more_or_leaves_the_network_stays() -> None:
    same = quantized(0.0512, 121)
    net, clamped = _network(same)
    assert Relu6Range().rewrite(net.model(clamped), Context()) is None
    net, clamped = _network(same)
    free = net.convolve(net.inputs[0], 8, quantization=same)
    joined = net.apply("CONCATENATION", (clamped, free), (1, 6, 6, 24), ConcatenationOptions(3), quantization=same)
    model = net.model(net.convolve(joined, 4, quantization=quantized(0.1, 128)))
    assert Relu6Range().rewrite(model, on(model, "25.3")) is None
    net, clamped = _network(same)
    model = net.model(net.apply("CUSTOM", (clamped,), (1, 6, 6, 16), quantization=same))
    assert Relu6Range().rewrite(model, Context()) is None


def test_what_fits_is_left_alone() -> None:
    net, clamped = _network(quantized(0.0235, 0))
    model = net.model(net.convolve(clamped, 8, quantization=quantized(0.1, 128)))
    assert Relu6Range().rewrite(model, on(model, "25.3")) is None
    assert Relu6Range().rewrite(model, Context()) is None


def test_ssd_mobilenet_has_all_convolutions_on_the_npu() -> None:
    model = read("ssd_mobilenet_v1_coco_quant")
    assert on_npu(model, "25.3") == 41
    after = rewrite(Relu6Range(), model, on(model, "25.3")).model
    assert on_npu(after, "25.3") == 47
    assert hazards(after, "25.3") == []
    assert len(place(after, "25.3").partitions) == 1
    before = _heads(model)
    boxes, scores = measure(Relu6Range(), before, _heads(after), [random_inputs(before, 3)])
    assert max(boxes.largest_steps or 0, scores.largest_steps or 0) <= 2
    assert min(boxes.cosine, scores.cosine) > 0.9999


def _heads(model: Model) -> Model:
    """Return the model before the detections are chosen, where equal scores may change places."""
    concatenations = (operator for operator in model.main.operators if operator.type == "CONCATENATION")
    return with_outputs(model, [operator.outputs[0] for operator in concatenations])
