"""The arithmetic that proofs rest on, against LiteRT's reference kernels: which product, how often it is rounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import INT8, UINT8, Network, quantized
from npufit.execution import Reference
from npufit.graph import Conv2DOptions, DepthwiseConv2DOptions, ElementType, FullyConnectedOptions, Options, Padding
from npufit.rewrite.arithmetic import (
    Integers,
    Multiplier,
    as_multiplier,
    narrow_product,
    round_twice,
    scales_alike,
    wide_product,
)
from npufit.rewrite.arithmetic.requantization import Scaling, beginnings, round_once

_Product = Callable[[float, float, float], Multiplier]
_ALL = np.arange(-127, 128)
_MOST = 10**7


def _litert(kind: str, element: ElementType, sums: Integers, scales: tuple[float, float, float]) -> Integers:
    """Return what a kernel makes of `sums`: they are the biases of as many channels whose weights are zero."""
    net, count = Network(element), len(sums)
    zero, middle = (128, 128) if element is UINT8 else (0, 0)
    ifm, weights, ofm = scales
    bias_scale = quantized(ifm * weights)
    options: Options
    shapes = {"CONV_2D": (count, 1, 1, 1), "DEPTHWISE_CONV_2D": (1, 1, 1, count), "FULLY_CONNECTED": (count, 1)}
    depth = count if kind == "DEPTHWISE_CONV_2D" else 1
    options = DepthwiseConv2DOptions(Padding.VALID, 1, 1, 1) if depth > 1 else Conv2DOptions(Padding.VALID, 1, 1)
    shape = (1, 1, 1, depth)
    result: tuple[int, ...] = (1, 1, 1, count)
    version = None
    if kind == "FULLY_CONNECTED":
        options, shape, result, version = FullyConnectedOptions(), (1, 1), (1, count), 4
    first = net.input(*shape, quantization=quantized(ifm))
    filters = net.constant(np.full(shapes[kind], zero, element.value), quantized(weights, zero))
    bias = net.constant(sums.astype(np.int32), bias_scale)
    net.apply(kind, (first, filters, bias), result, options, quantization=quantized(ofm, middle), version=version)
    model = net.model()
    found = Reference(model).run({first: np.zeros(shape, element.value)})
    return found[model.main.outputs[0]].reshape(-1).astype(np.int64) - middle


def _telling_scales(seed: int) -> tuple[tuple[float, float, float], Integers]:
    """Return scales for which the ways to multiply and round differ, and sums that tell them apart."""
    generator = np.random.default_rng(seed)
    while True:
        drawn = (generator.uniform(0.01, 0.1), generator.uniform(1e-4, 2e-3), generator.uniform(0.01, 0.2))
        ifm, weights, ofm = (float(np.float32(scale)) for scale in drawn)
        found = [
            beginnings(scaling, product(ifm, weights, ofm), _ALL, -_MOST, _MOST)
            for scaling in (round_once, round_twice)
            for product in (wide_product, narrow_product)
        ]
        if (found[0] != found[1]).any() and (found[2] != found[3]).any():
            edges = np.unique(np.concatenate([*found, *(one - 1 for one in found)]))
            return (ifm, weights, ofm), edges


@pytest.mark.parametrize(
    ("kind", "element", "scaling", "product"),
    [
        ("CONV_2D", INT8, round_twice, wide_product),
        ("CONV_2D", UINT8, round_twice, narrow_product),
        ("DEPTHWISE_CONV_2D", INT8, round_twice, wide_product),
        ("DEPTHWISE_CONV_2D", UINT8, round_twice, narrow_product),
        ("FULLY_CONNECTED", INT8, round_once, wide_product),
        ("FULLY_CONNECTED", UINT8, round_once, wide_product),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_each_kernel_multiplies_and_rounds_in_its_own_way(
    kind: str, element: ElementType, scaling: Scaling, product: _Product, seed: int
) -> None:
    scales, sums = _telling_scales(seed)
    wanted = np.clip(scaling(sums, product(*scales)), -128, 127)
    assert np.array_equal(_litert(kind, element, sums, scales), wanted)
    for other_scaling in (round_once, round_twice):
        for other in (wide_product, narrow_product):
            if (other_scaling, other) != (scaling, product):
                assert not np.array_equal(np.clip(other_scaling(sums, other(*scales)), -128, 127), wanted)


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
@pytest.mark.parametrize("scales", [(0.5, 0.5, 1.0), (0.5, 0.25, 1.0), (0.25, 1 / 128, 1.0), (1.0, 1.0, 0.5)])
def test_halves(kind: str, scales: tuple[float, float, float]) -> None:
    sums = np.arange(-600, 601)
    scaling = round_once if kind == "FULLY_CONNECTED" else round_twice
    wanted = np.clip(scaling(sums, wide_product(*scales)), -128, 127)
    assert np.array_equal(_litert(kind, INT8, sums, scales), wanted)


@settings(max_examples=200, deadline=None)
@given(
    real=st.floats(1e-6, 0.9),
    nudge=st.integers(-40, 40),
    low=st.integers(-20_000, 0),
    high=st.integers(0, 20_000),
    once=st.booleans(),
)
def test_is_same_says_what_trying_every_sum_says(real: float, nudge: int, low: int, high: int, once: bool) -> None:
    first = round_twice, as_multiplier(real)
    second = (round_once if once else round_twice), as_multiplier(real * (1 + nudge * 2.0**-24))
    sums = np.arange(low, high + 1)
    one, other = (np.clip(scaling(sums, multiplier), -128, 127) for scaling, multiplier in (first, second))
    assert scales_alike(first, second, (low, high), (-128, 127)) is bool(np.array_equal(one, other))


def test_nothing_is_promised_for_sums_beyond_32_bits() -> None:
    way = round_twice, as_multiplier(3.0)
    assert scales_alike(way, way, (-(1 << 28), 1 << 28), (-128, 127))
    assert not scales_alike(way, way, (-(1 << 30), 1 << 30), (-128, 127))
