"""fold-pad: padding moves into the window behind it, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import FLOAT32, HALF, INT8, UINT8, Network, quantized
from npufit.graph import Conv2DOptions, ElementType, Model, Padding
from npufit.rewrite import Context
from npufit.rewrite.passes.padding import FoldPad
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, on_npu, read, rewrite


def _padded(
    size: int, amounts: tuple[int, int, int, int], kernel: int = 3, stride: int = 2, element: ElementType = INT8
) -> Model:
    net = Network(element)
    quantization = {INT8: quantized(0.05, -3), UINT8: quantized(0.05, 120)}.get(element, HALF)
    first = net.input(1, size, size + 2, 3, quantization=quantization)
    out = quantized(0.1, 117) if element is UINT8 else quantized(0.1, 5)
    net.convolve(net.pad(first, *amounts), 5, kernel, stride, quantization=out)
    return net.model()


@pytest.mark.parametrize("element", [INT8, UINT8, FLOAT32])
def test_what_keras_pads_before_a_stride_of_two_on_even_sizes_is_same(element: ElementType) -> None:
    model = _padded(8, (0, 1, 0, 1), element=element)
    after = rewrite(FoldPad(), model).model
    assert kinds(after) == ["CONV_2D"]
    options = after.main.operators[0].options
    assert isinstance(options, Conv2DOptions)
    assert options.padding is Padding.SAME
    assert_same_answers(FoldPad(), model, after)


def test_on_odd_sizes_one_on_each_side_is_same() -> None:
    model = _padded(9, (1, 1, 1, 1))
    after = rewrite(FoldPad(), model).model
    assert_same_answers(FoldPad(), model, after)
    assert FoldPad().rewrite(_padded(9, (0, 2, 0, 2)), Context()) is None


def test_symmetric_padding_with_stride_two_on_even_sizes_needs_a_larger_kernel_and_a_reason() -> None:
    model = _padded(8, (1, 1, 1, 1))
    assert FoldPad().rewrite(model, Context()) is None
    assert FoldPad(growth=0).rewrite(model, on(model, "25.3")) is None
    assert hazards(model, "25.3") == ["ethosu.pad-folded"]
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert after.main.tensors[after.main.operators[0].inputs[1]].shape == (5, 4, 4, 3)
    assert hazards(after, "25.3") == []
    assert_same_answers(FoldPad(), model, after)


def test_new_taps_are_the_zero_of_the_weights() -> None:
    model = _padded(8, (1, 1, 1, 1), element=UINT8)
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert_same_answers(FoldPad(), model, after)


def test_depthwise_with_its_own_padding_and_several_readers() -> None:
    net = Network()
    first = net.input(1, 8, 8, 16)
    padded = net.pad(first, 0, 1, 0, 1)
    net.convolve(padded, depthwise=True, stride=2)
    folded = len(net.tensors) - 1
    pooled = net.pool(padded, kind="AVERAGE_POOL_2D")
    model = net.model(folded, pooled)
    after = rewrite(FoldPad(), model).model
    assert sorted(kinds(after)) == ["AVERAGE_POOL_2D", "DEPTHWISE_CONV_2D", "PAD"]
    assert_same_answers(FoldPad(), model, after)


def test_padding_that_is_never_read_is_dropped() -> None:
    net = Network()
    net.pool(net.pad(net.input(1, 8, 8, 4), 0, 1, 0, 1), kernel=2, kind="AVERAGE_POOL_2D")
    model = net.model()
    after = rewrite(FoldPad(), model).model
    assert kinds(after) == ["AVERAGE_POOL_2D"]
    assert_same_answers(FoldPad(), model, after)


def test_a_maximum_ignores_padding_only_where_zero_is_the_lowest_value() -> None:
    for zero_point, folds in ((-128, True), (-127, False)):
        net = Network()
        net.pool(net.pad(net.input(1, 8, 8, 4, quantization=quantized(0.05, zero_point)), 0, 1, 0, 1))
        model = net.model()
        assert (FoldPad().rewrite(model, Context()) is not None) is folds
        if folds:
            after = rewrite(FoldPad(), model).model
            assert kinds(after) == ["MAX_POOL_2D"]
            assert_same_answers(FoldPad(), model, after)


def test_a_maximum_with_symmetric_padding_becomes_two() -> None:
    net = Network()
    net.pool(net.convolve(net.pool(net.pad(net.input(1, 10, 8, 16), 1, 1, 1, 1)), 16, 1))
    model = net.model()
    assert FoldPad().rewrite(model, Context()) is None
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert kinds(after) == ["MAX_POOL_2D", "MAX_POOL_2D", "CONV_2D", "MAX_POOL_2D"]
    assert hazards(after, "25.3") == []
    assert_same_answers(FoldPad(), model, after)


@pytest.mark.parametrize(("zero_point", "folds"), [(-128, True), (0, False)])
def test_an_average_with_symmetric_padding_becomes_a_convolution_where_that_is_the_same(
    zero_point: int, folds: bool
) -> None:
    net = Network()
    first = net.input(1, 12, 8, 16, quantization=quantized(0.05, zero_point))
    net.convolve(net.pool(net.pad(first, 1, 1, 1, 1), kind="AVERAGE_POOL_2D"), 16, 1)
    model = net.model()
    assert FoldPad().rewrite(model, Context()) is None
    rewritten = FoldPad().rewrite(model, on(model, "25.3"))
    assert (rewritten is not None) is folds
    if rewritten is not None:
        assert kinds(rewritten.model) == ["DEPTHWISE_CONV_2D", "CONV_2D"]
        assert hazards(rewritten.model, "25.3") == []
        assert_same_answers(FoldPad(), model, rewritten.model, randoms=6)


def test_padding_that_rescales_or_pads_channels_stays() -> None:
    net = Network()
    first = net.input(1, 8, 8, 4)
    paddings = net.constant([[0, 0], [0, 1], [0, 1], [0, 0]])
    net.convolve(net.apply("PAD", (first, paddings), (1, 9, 9, 4), quantization=quantized(0.07, -128)), stride=2)
    assert FoldPad().rewrite(net.model(), Context()) is None
    net = Network()
    first = net.input(1, 8, 8, 4)
    paddings = net.constant([[0, 0], [0, 1], [0, 1], [0, 1]])
    net.convolve(net.apply("PAD", (first, paddings), (1, 9, 9, 5)), stride=2)
    assert FoldPad().rewrite(net.model(), Context()) is None


def test_a_window_smaller_than_its_stride_gets_a_padding_that_does_not_underflow() -> None:
    net = Network()
    net.convolve(net.input(1, 8, 8, 4), 8, 1, 2, padding=Padding.SAME)
    model = net.model()
    assert hazards(model, "25.3") == ["ethosu.padding-underflow"]
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    assert_same_answers(FoldPad(), model, after)
    assert FoldPad().rewrite(model, on(model, "26.1")) is None


def test_a_window_that_is_padded_along_one_axis_only_grows_along_the_other() -> None:
    net = Network()
    net.convolve(net.input(1, 8, 8, 4), 8, (1, 3), 2, padding=Padding.SAME)
    model = net.model()
    assert hazards(model, "25.3") == ["ethosu.padding-underflow"]
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    assert_same_answers(FoldPad(), model, after)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(5, 11),
    amounts=st.tuples(*[st.integers(0, 3)] * 4),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(Padding),
    dilation=st.sampled_from([1, 1, 2]),
    depthwise=st.booleans(),
    version=st.sampled_from(["", "25.3", "26.2"]),
)
def test_whatever_is_folded_is_the_same(
    size: int,
    amounts: tuple[int, int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: Padding,
    dilation: int,
    depthwise: bool,
    version: str,
) -> None:
    net = Network()
    padded = net.pad(net.input(1, size, size + 3, 2, quantization=quantized(0.05, 11)), *amounts)
    shape = net.tensors[padded].shape or (1, 1, 1, 1)
    if min(shape[1], shape[2]) < 3 * dilation + 1:
        return
    dilation = dilation if stride == (1, 1) else 1
    depth = None if depthwise else 3
    net.convolve(padded, depth, kernel, stride, padding=padding, dilation=dilation, depthwise=depthwise)
    model = net.model()
    rewritten = FoldPad().rewrite(model, on(model, version) if version else Context())
    if rewritten is not None:
        assert_same_answers(FoldPad(), model, rewritten.model, randoms=1)


def test_the_pads_of_keras_mobilenet_v2_go_and_with_them_the_hazard() -> None:
    model = read("keras_mobilenet_v2_224_int8_per_tensor_io_int8")
    assert hazards(model, "25.3").count("ethosu.pad-folded") == 4
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert hazards(after, "25.3") == []
    assert "PAD" not in kinds(after)
    assert len(kinds(after)) == len(kinds(model)) - 4
    assert on_npu(after, "25.3") == on_npu(model, "25.3") - 4
    assert_same_answers(FoldPad(), model, after, randoms=1)


def test_symmetric_pads_of_shufflenet_grow_kernels() -> None:
    model = read("fastestdet_shufflenetv2")
    after = rewrite(FoldPad(), model, on(model, "25.3")).model
    assert "PAD" not in kinds(after)
    assert "ethosu.pad-folded" not in hazards(after, "25.3")
    assert_same_answers(FoldPad(), model, after, randoms=1)
