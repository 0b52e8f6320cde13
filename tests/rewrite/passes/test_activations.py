"""fuse-activations and unfuse-activations: the same integers, whoever clamps them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import FLOAT32, INT8, UINT8, Network, quantized
from npufit.graph import (
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    ElementType,
    Model,
    MulOptions,
    Quantization,
    fused_activation,
)
from npufit.rewrite import Context
from npufit.rewrite.passes.activations import FuseActivations, UnfuseActivations
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, on_npu, place, read, rewrite

_RELUS = ("RELU", "RELU6", "RELU_N1_TO_1")
_SIX_AND_A_BIT = 0.02352946251630783
"""The scale of a real DeepLab: 255 steps of it are a little more than 6, and 6 / scale is rounded to 255."""


def _standing(kind: str, before: Quantization, after: Quantization, element: ElementType = INT8) -> Model:
    net = Network(element)
    start = NOT_QUANTIZED if element is FLOAT32 else quantized(0.03, 7)
    first = net.convolve(net.input(1, 8, 8, 4, quantization=start), quantization=before)
    net.apply(kind, (first,), (1, 6, 6, 4), quantization=after, version=1)
    return net.model()


@pytest.mark.parametrize("kind", _RELUS)
@pytest.mark.parametrize("element", [INT8, UINT8, FLOAT32])
def test_an_activation_moves_into_what_is_quantized_alike(kind: str, element: ElementType) -> None:
    same = {INT8: quantized(0.041, -20), UINT8: quantized(0.041, 90), FLOAT32: NOT_QUANTIZED}[element]
    model = _standing(kind, same, same, element)
    after = rewrite(FuseActivations(), model).model
    assert kinds(after) == ["CONV_2D"]
    assert fused_activation(after.main.operators[0].options).name == kind
    assert_same_answers(FuseActivations(), model, after)


def test_another_scale_or_less_room_keeps_the_activation() -> None:
    for before, after in (
        (quantized(0.041, -20), quantized(0.042, -20)),
        (quantized(0.041, 20), quantized(0.041, -128)),
    ):
        assert FuseActivations().rewrite(_standing("RELU", before, after), Context()) is None


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(_RELUS),
    scale=st.floats(0.004, 0.2),
    first=st.integers(-128, 127),
    second=st.integers(-128, 127),
)
def test_zero_points_that_leave_the_same_room(kind: str, scale: float, first: int, second: int) -> None:
    model = _standing(kind, quantized(scale, first), quantized(scale, second))
    rewritten = FuseActivations().rewrite(model, Context())
    if rewritten is not None:
        assert_same_answers(FuseActivations(), model, rewritten.model, randoms=1)


def test_an_activation_with_two_readers_or_behind_another_stays() -> None:
    net = Network()
    first = net.convolve(net.input(1, 8, 8, 4))
    relu = net.apply("RELU", (first,), (1, 6, 6, 4))
    model = net.model(net.apply("ADD", (first, relu), (1, 6, 6, 4), AddOptions()))
    assert FuseActivations().rewrite(model, Context()) is None


@pytest.mark.parametrize(("zero_point", "moves"), [(-128, True), (-100, False)])
def test_on_teflon_only_what_the_range_implies_moves(zero_point: int, moves: bool) -> None:
    same = quantized(0.02, zero_point)
    model = _standing("RELU", same, same)
    rewritten = FuseActivations().rewrite(model, on(model, "25.3"))
    assert (rewritten is not None) is moves
    if rewritten is not None:
        assert hazards(rewritten.model, "25.3") == []


def _refused(
    scale: float, zero_point: int, element: ElementType = INT8, activation: Activation = Activation.RELU6
) -> tuple[Network, int]:
    """Return a convolution with a fused activation that another convolution and the output read."""
    net = Network(element)
    middle = 128 if element is UINT8 else 0
    out = quantized(scale, zero_point)
    first = net.input(1, 8, 8, 4, quantization=quantized(0.03, middle))
    clamped = net.convolve(first, 16, 1, activation=activation, quantization=out)
    return net, clamped


def test_a_relu6_that_rounds_to_the_highest_integer_becomes_relu() -> None:
    net, clamped = _refused(_SIX_AND_A_BIT, -128)
    model = net.model(clamped)
    assert on_npu(model, "25.3") == 0
    after = rewrite(UnfuseActivations(), model, on(model, "25.3")).model
    assert kinds(after) == ["CONV_2D"]
    assert on_npu(after, "25.3") == 1
    assert hazards(after, "25.3") == []
    assert_same_answers(UnfuseActivations(), model, after)


@pytest.mark.parametrize(
    ("scale", "zero_point", "element"),
    [(0.0512, 121, UINT8), (0.0512, -7, INT8), (0.0422, -114, INT8), (0.03, -128, INT8), (0.024, -128, INT8)],
)
@pytest.mark.parametrize("version", ["25.3", "26.2"])
def test_a_refused_relu6_becomes_a_range(scale: float, zero_point: int, element: ElementType, version: str) -> None:
    net, clamped = _refused(scale, zero_point, element)
    model = net.model(net.convolve(clamped, 16, 3, quantization=quantized(0.1, 100)))
    assert on_npu(model, version) == 1
    after = rewrite(UnfuseActivations(), model, on(model, version)).model
    assert kinds(after) == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"]
    assert on_npu(after, version) == 3
    assert hazards(after, version) == []
    assert_same_answers(UnfuseActivations(), model, after)


def test_readers_that_know_the_zero_point_get_the_old_one_back() -> None:
    net, clamped = _refused(0.0512, -7)
    model = net.model(clamped)
    after = rewrite(UnfuseActivations(), model, on(model, "25.3")).model
    assert kinds(after) == ["CONV_2D", "DEPTHWISE_CONV_2D", "DEPTHWISE_CONV_2D"]
    assert after.main.tensors[after.main.outputs[0]].quantization == model.main.tensors[clamped].quantization
    assert hazards(after, "25.3") == []
    assert_same_answers(UnfuseActivations(), model, after)


@pytest.mark.parametrize("activation", [Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1])
@pytest.mark.parametrize("zero_point", [-128, -30, 100])
def test_dropped_activations_of_additions(activation: Activation, zero_point: int) -> None:
    net = Network()
    one, two = net.input(1, 6, 6, 4, quantization=quantized(0.05, 3)), net.input(1, 6, 6, 4)
    out = quantized(0.06, zero_point)
    model = net.model(net.apply("ADD", (one, two), (1, 6, 6, 4), AddOptions(activation), quantization=out))
    assert hazards(model, "25.3") == (
        [] if (activation, zero_point) == (Activation.RELU, -128) else ["teflon.elementwise-operands"]
    )
    rewritten = UnfuseActivations().rewrite(model, on(model, "25.3"))
    assert (rewritten is None) is (hazards(model, "25.3") == [])
    if rewritten is not None:
        assert hazards(rewritten.model, "25.3") == []
        assert_same_answers(UnfuseActivations(), model, rewritten.model)


def test_what_no_range_can_do_becomes_an_operator() -> None:
    net = Network()
    one, two = net.input(1, 36, quantization=quantized(0.05, 3)), net.input(1, 36)
    options = MulOptions(Activation.RELU)
    model = net.model(net.apply("MUL", (one, two), (1, 36), options, quantization=quantized(0.06, 9)))
    assert hazards(model, "26.2") == ["teflon.activation-dropped"]
    after = rewrite(UnfuseActivations(), model, on(model, "26.2")).model
    assert kinds(after) == ["MUL", "RELU"]
    assert hazards(after, "26.2") == []
    assert_same_answers(UnfuseActivations(), model, after)


def test_everything_can_be_unfused_and_fused_again() -> None:
    net, clamped = _refused(0.03, -20)
    model = net.model(clamped)
    assert UnfuseActivations().rewrite(model, Context()) is None
    apart = rewrite(UnfuseActivations(everywhere=True), model).model
    assert kinds(apart) == ["CONV_2D", "RELU6"]
    assert_same_answers(UnfuseActivations(everywhere=True), model, apart)
    again = rewrite(FuseActivations(), apart).model
    assert kinds(again) == ["CONV_2D"]
    assert_same_answers(FuseActivations(), model, again)


def test_ssd_mobilenet_is_one_partition_without_hazards() -> None:
    model = read("ssd_mobilenet_v1_coco_quant")
    after = rewrite(UnfuseActivations(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    assert len(place(after, "25.3").partitions) == 1
    units = zip(place(after, "25.3").operators, kinds(after), strict=True)
    assert all(placed.partition is not None for placed, kind in units if "CONV_2D" in kind)
    heads = [_heads(one) for one in (model, after)]
    assert_same_answers(UnfuseActivations(), heads[0], heads[1], randoms=1)


def _heads(model: Model) -> Model:
    """Return the model with its boxes and classes as outputs instead of the detections."""
    outputs = tuple(operator.outputs[0] for operator in model.main.operators if operator.type == "CONCATENATION")
    return replace(model, subgraphs=(replace(model.main, outputs=outputs),), signatures=())


def test_deeplab_is_refused_for_a_rounding_only() -> None:
    model = read("deeplabv3_mnv2_dm05_pascal_quant")
    assert on_npu(model, "25.3") == 33
    after = rewrite(UnfuseActivations(), model, on(model, "25.3")).model
    assert kinds(after) == kinds(model)
    assert on_npu(after, "25.3") == 64
    assert_same_answers(UnfuseActivations(), model, after, randoms=1)
