"""mean-to-convolution: the same sums, the same multiplier, the same rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import INT8, UINT8, Network, quantized
from npufit.execution import Reference
from npufit.graph import ElementType, FullyConnectedOptions, Model, ReducerOptions
from npufit.rewrite import Context
from npufit.rewrite.arithmetic import round_twice
from npufit.rewrite.passes.pooling import MeanToConvolution, mean_multiplier
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, on_npu, read, rewrite


def _mean(
    element: ElementType,
    height: int,
    width: int,
    depth: int,
    scales: tuple[float, float],
    keep: bool = True,
    offset: int = 0,
) -> Model:
    net = Network(element)
    middle = 128 if element is UINT8 else 0
    first = net.input(1, height, width, depth, quantization=quantized(scales[0], middle - 17 + offset))
    shape = (1, 1, 1, depth) if keep else (1, depth)
    out = quantized(scales[1], middle + 4)
    net.apply("MEAN", (first, net.constant([1, 2])), shape, ReducerOptions(keep), quantization=out)
    return net.model()


@settings(max_examples=40, deadline=None)
@given(
    element=st.sampled_from([INT8, UINT8]),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    first=st.floats(0.005, 0.2),
    second=st.floats(0.005, 0.2),
    offset=st.sampled_from([0, -111]),
)
def test_means_are_convolutions(
    element: ElementType, height: int, width: int, first: float, second: float, offset: int
) -> None:
    model = _mean(element, height, width, 64, (first, second), offset=offset)
    rewritten = MeanToConvolution().rewrite(model, Context())
    if rewritten is not None:
        assert kinds(rewritten.model) == ["DEPTHWISE_CONV_2D"]
        assert_same_answers(MeanToConvolution(), model, rewritten.model, randoms=3)


@pytest.mark.parametrize(("offset", "least"), [(-111, 25), (0, 20)])
def test_about_half_of_all_means_can_be_written_so(offset: int, least: int) -> None:
    generator = np.random.default_rng(0)
    written = 0
    for _ in range(50):
        first, second = generator.uniform(0.01, 0.1, 2)
        side = int(generator.integers(2, 17))
        model = _mean(INT8, side, side, 8, (float(first), float(second)), offset=offset)
        written += MeanToConvolution().rewrite(model, Context()) is not None
    assert written >= least


@pytest.mark.parametrize("count", [4, 9, 49, 100, 225])
def test_the_multiplier_of_the_mean_is_litert_s(count: int) -> None:
    side = round(count**0.5)
    scales = float(np.float32(0.0371)), float(np.float32(0.0193))
    model = _mean(INT8, side, side, 4096, scales)
    generator = np.random.default_rng(count)
    values = np.clip(generator.integers(-128, 128, 4096) + generator.integers(-9, 10, (1, side, side, 4096)), -128, 127)
    sums = values.sum((1, 2)).reshape(-1) + 17 * count
    wanted = np.clip(round_twice(sums, mean_multiplier(*scales, count)) + 4, -128, 127)
    found = Reference(model).run({0: values.astype(np.int8)})[model.main.outputs[0]]
    assert np.array_equal(found.reshape(-1), wanted)


def test_a_mean_of_rank_two_feeds_a_matrix_product_directly_and_others_through_a_reshape() -> None:
    model = _mean(INT8, 7, 7, 8, (0.05, 0.03), keep=False, offset=-111)
    after = rewrite(MeanToConvolution(), model).model
    assert kinds(after) == ["DEPTHWISE_CONV_2D", "RESHAPE"]
    assert_same_answers(MeanToConvolution(), model, after)
    net = Network()
    first = net.input(1, 7, 7, 8, quantization=quantized(0.05, -128))
    mean = net.apply("MEAN", (first, net.constant([-3, 2])), (1, 8), ReducerOptions())
    weights = net.random(5, 8, quantization=quantized(0.01))
    bias = net.constant(np.arange(5, dtype=np.int32), quantized(0.0005))
    net.apply("FULLY_CONNECTED", (mean, weights, bias), (1, 5), FullyConnectedOptions(), version=4)
    after = rewrite(MeanToConvolution(), net.model()).model
    assert kinds(after) == ["DEPTHWISE_CONV_2D", "FULLY_CONNECTED"]
    assert_same_answers(MeanToConvolution(), net.model(), after)


def test_other_means_stay() -> None:
    net = Network()
    first = net.input(1, 7, 7, 8)
    net.apply("MEAN", (first, net.constant([1, 3])), (1, 7), ReducerOptions())
    assert MeanToConvolution().rewrite(net.model(), Context()) is None


@pytest.mark.parametrize("version", ["25.3", "26.2"])
def test_the_mean_of_mobilenet_v2_goes_to_the_npu(version: str) -> None:
    model = read("keras_mobilenet_v2_224_int8_per_tensor_io_int8")
    after = rewrite(MeanToConvolution(), model, on(model, version)).model
    assert "MEAN" not in kinds(after)
    assert on_npu(after, version) == on_npu(model, version) + 1
    assert hazards(after, version) == hazards(model, version)
    assert_same_answers(MeanToConvolution(), model, after, randoms=1)


def test_every_mean_of_mobilenet_v3() -> None:
    model = read("keras_mobilenet_v3_small_224_int8_per_channel_io_int8")
    after = rewrite(MeanToConvolution(), model, on(model, "26.2")).model
    assert kinds(after).count("MEAN") < kinds(model).count("MEAN")
    assert_same_answers(MeanToConvolution(), model, after, randoms=1)
