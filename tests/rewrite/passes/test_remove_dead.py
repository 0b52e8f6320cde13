"""remove-dead: what does nothing goes; outputs keep their names and values."""

from __future__ import annotations

import pytest

from networks import FLOAT32, INT8, UINT8, Network, quantized
from npufit.graph import (
    NOT_QUANTIZED,
    ConcatenationOptions,
    ElementType,
    OtherOptions,
    ResizeNearestNeighborOptions,
    StridedSliceOptions,
)
from npufit.rewrite import Context
from npufit.rewrite.passes.dead import RemoveDead
from rewrite.rewriting import assert_same_answers, kinds, read, rewrite


def test_operators_that_nobody_reads_go() -> None:
    net = Network()
    first = net.input(1, 8, 8, 4)
    kept = net.convolve(first)
    net.convolve(net.convolve(first))
    model = net.model(kept)
    after = rewrite(RemoveDead(), model).model
    assert kinds(after) == ["CONV_2D"]
    assert len(after.main.tensors) == 4
    assert_same_answers(RemoveDead(), model, after)
    assert RemoveDead().rewrite(after, Context()) is None


def test_twins_become_one_unless_something_about_them_differs() -> None:
    net = Network()
    first = net.input(1, 8, 8, 4)
    one, two = (net.apply("RELU", (first,), (1, 8, 8, 4), quantization=quantized(0.05, -128)) for _ in range(2))
    other = net.apply("RELU", (first,), (1, 8, 8, 4), quantization=quantized(0.06, -128))
    sums = [net.apply("ADD", pair, (1, 8, 8, 4)) for pair in ((one, other), (two, other), (other, two))]
    model = net.model(net.apply("CONCATENATION", sums, (1, 8, 8, 12), ConcatenationOptions(3)))
    after = rewrite(RemoveDead(), model).model
    assert kinds(after) == ["RELU", "RELU", "ADD", "ADD", "CONCATENATION"]
    assert_same_answers(RemoveDead(), model, after)


def test_twins_are_found_by_what_their_constants_hold() -> None:
    net = Network()
    first = net.input(1, 8, 8, 4)
    axes = [net.constant([1, 2]) for _ in range(2)]
    means = [net.apply("MEAN", (first, axis), (1, 4)) for axis in axes]
    model = net.model(net.apply("ADD", means, (1, 4)))
    after = rewrite(RemoveDead(), model).model
    assert kinds(after) == ["MEAN", "ADD"]
    assert_same_answers(RemoveDead(), model, after)


def test_a_twin_that_is_an_output_stays() -> None:
    net = Network()
    first = net.input(1, 8, 8, 4)
    model = net.model(net.apply("ABS", (first,), (1, 8, 8, 4)), net.apply("ABS", (first,), (1, 8, 8, 4)))
    assert RemoveDead().rewrite(model, Context()) is None


def test_random_and_custom_operators_are_left_alone() -> None:
    net = Network(FLOAT32)
    shape = net.constant([1, 2])
    drawn = [
        net.apply("RANDOM_UNIFORM", (shape,), (1, 2), OtherOptions("RandomOptions"), quantization=NOT_QUANTIZED)
        for _ in range(2)
    ]
    model = net.model(net.apply("ADD", drawn, (1, 2), quantization=NOT_QUANTIZED))
    assert RemoveDead().rewrite(model, Context()) is None


_COPIES = ["SLICE", "STRIDED_SLICE", "CONCATENATION", "PAD", "RESHAPE", "TRANSPOSE", "RESIZE", "QUANTIZE", "CAST"]


def _copy(net: Network, kind: str, source: int) -> int:
    shape = net.tensors[source].shape or ()
    if kind == "SLICE":
        return net.apply(kind, (source, net.constant([0] * 4), net.constant([1, -1, 6, 4])), shape)
    if kind == "STRIDED_SLICE":
        ends = [net.constant(values) for values in ([0, 5, 0, 0], [1, 6, 6, 4], [1] * 4)]
        return net.apply(kind, (source, *ends), shape, StridedSliceOptions(begin_mask=2))
    if kind == "CONCATENATION":
        return net.apply(kind, (source,), shape, ConcatenationOptions(3))
    if kind == "PAD":
        return net.pad(source, 0, 0, 0, 0)
    if kind == "RESHAPE":
        return net.apply(kind, (source, net.constant([1, 6, 6, 4])), shape)
    if kind == "TRANSPOSE":
        return net.apply(kind, (source, net.constant([0, 1, 2, 3])), shape)
    if kind == "RESIZE":
        options = ResizeNearestNeighborOptions(half_pixel_centers=True)
        return net.apply("RESIZE_NEAREST_NEIGHBOR", (source, net.constant([6, 6])), shape, options)
    return net.apply(kind, (source,), shape, version=1)


@pytest.mark.parametrize("kind", _COPIES)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_copies_go(kind: str, at_the_end: bool) -> None:
    net = Network()
    last = _copy(net, kind, net.convolve(net.input(1, 8, 8, 4)))
    model = net.model(last if at_the_end else net.convolve(last))
    after = rewrite(RemoveDead(), model).model
    assert set(kinds(after)) == {"CONV_2D"}
    assert_same_answers(RemoveDead(), model, after)


def test_a_copy_of_an_input_into_an_output_stays() -> None:
    net = Network()
    model = net.model(_copy(net, "RESHAPE", net.input(1, 6, 6, 4)))
    assert RemoveDead().rewrite(model, Context()) is None


def test_what_only_looks_like_a_copy_stays() -> None:
    net = Network()
    first = net.convolve(net.input(1, 8, 8, 4))
    rescaled = net.apply("QUANTIZE", (first,), (1, 6, 6, 4), quantization=quantized(0.05, -127))
    turned = net.apply("TRANSPOSE", (rescaled, net.constant([0, 2, 1, 3])), (1, 6, 6, 4))
    begins = [net.constant(values) for values in ([0, 5, 0, 0], [1, -7, 6, 4], [1, -1, 1, 1])]
    mirrored = net.apply("STRIDED_SLICE", (turned, *begins), (1, 6, 6, 4), StridedSliceOptions())
    model = net.model(mirrored)
    assert RemoveDead().rewrite(model, Context()) is None


@pytest.mark.parametrize("element", [INT8, UINT8])
@pytest.mark.parametrize("scale", [0.05, 1e-6, 3.7e4])
def test_the_way_through_real_numbers_and_back_is_a_copy(element: ElementType, scale: float) -> None:
    net = Network(element)
    quantization = quantized(scale, 3)
    given = net.input(1, 8, 8, 4, quantization=quantization)
    first = net.apply("MAXIMUM", (given, given), (1, 8, 8, 4), quantization=quantization)
    real = net.apply("DEQUANTIZE", (first,), (1, 8, 8, 4), element=FLOAT32, quantization=NOT_QUANTIZED)
    model = net.model(net.apply("QUANTIZE", (real,), (1, 8, 8, 4), quantization=quantization))
    after = rewrite(RemoveDead(), model).model
    assert kinds(after) == ["MAXIMUM"]
    assert_same_answers(RemoveDead(), model, after, randoms=4)


def test_real_networks_with_nothing_to_remove() -> None:
    for name in ("mobilenet_v1_0.5_160_quant", "keras_mobilenet_v2_224_int8_per_tensor_io_int8", "kws_ref_model"):
        assert RemoveDead().rewrite(read(name), Context()) is None


@pytest.mark.parametrize("name", ["keras_transformer_encoder_int8", "fastestdet_shufflenetv2"])
def test_real_networks_compute_the_same(name: str) -> None:
    model = read(name)
    rewritten = RemoveDead().rewrite(model, Context())
    if rewritten is not None:
        assert_same_answers(RemoveDead(), model, rewritten.model, randoms=1)
