"""One tiny network per hazard: on both sides of its condition and of its range of releases.

Longer than most files because the table needs a builder for each kind of operator next to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # pyright: ignore[reportMissingTypeStubs]

from networks import INT8, INT16, INT32, INT64, SIX, UINT8, Network, quantized
from npufit.graph import (
    NO_TENSOR,
    Activation,
    AddOptions,
    ConcatenationOptions,
    ElementType,
    FullyConnectedOptions,
    Model,
    Padding,
    Pool2DOptions,
    Quantization,
    ResizeNearestNeighborOptions,
    StridedSliceOptions,
)
from npufit.stacks import Effect, Evidence, Hazard, RuleKind, load_stack
from npufit.tflite import serialize_model
from stacks.teflon.on_teflon import VERSIONS, hazards, place

ALL = VERSIONS
RELEASED = VERSIONS[:-1]
G1 = ("25.3", "26.0")
UNTIL_26_1 = (*G1, "26.1")
SINCE_26_1 = ("26.1", "26.2.0", "26.2", "main")
FROM_26_1 = ("26.1", "26.2.0", "26.2")
SINCE_26_2 = ("26.2.0", "26.2", "main")
ONLY_26_2 = ("26.2.0", "26.2")
EVERY_CHIP = ("imx93", "imx8mp", "rk3588")
HALF = quantized(0.5, 3)


@dataclass(frozen=True)
class Case:
    """A network with a hazard in some releases, and its neighbour that never has it."""

    rule: str
    releases: tuple[str, ...]
    wrong: Callable[[], Model]
    right: Callable[[], Model]
    chips: tuple[str, ...] = ("imx93",)


def shared_map(depth: int, width: int, cpu: bool = False, reader: str = "CONV_2D") -> Model:
    """Return a convolution whose output is read inside the partition and leaves it as well."""
    network = Network(quantization=SIX)
    shared = network.convolve(network.input(1, 4, width, 4), depth, 1)
    if reader == "RESHAPE":
        network.apply("RESHAPE", (shared, network.numbers(1, -1)), (1, 4 * width * depth))
    inside = network.convolve(shared, 4, 1)
    if not cpu:
        return network.model(shared, inside)
    return network.model(network.cpu(shared), inside)


def late_reshape() -> Model:
    """Return a feature map that a convolution reads first and a RESHAPE after it."""
    network = Network(quantization=SIX)
    shared = network.convolve(network.input(1, 4, 4, 4), 32, 1)
    first = network.convolve(shared, 4, 1)
    second = network.apply("RESHAPE", (shared, network.numbers(1, 512)), (1, 512))
    return network.model(first, second)


def reshaped_map() -> Model:
    """Return a RESHAPE whose output is read inside the partition and leaves it: it is no tensor of its own."""
    network = Network(quantization=SIX)
    reshaped = network.apply("RESHAPE", (network.input(1, 512), network.numbers(1, 4, 4, 32)), (1, 4, 4, 32))
    return network.model(network.convolve(reshaped, 4, 1), reshaped)


def padded(
    *amounts: int,
    readers: int = 1,
    size: int = 8,
    kernel: int = 3,
    stride: int = 1,
    padding: Padding = Padding.VALID,
    pool: bool = False,
    output: bool = False,
) -> Model:
    """Return a PAD with readers behind it."""
    network = Network(quantization=SIX)
    pad = network.pad(network.input(1, size, size, 4), *amounts)
    outputs = [network.convolve(pad, 4, kernel, stride, padding=padding) for _ in range(readers)]
    if pool:
        outputs.append(network.apply("MAX_POOL_2D", (pad,), (1, 9, 9, 4), Pool2DOptions(Padding.VALID, 1, 1, 1, 1)))
    return network.model(*outputs, *((pad,) if output else ()))


def window(
    operator_type: str,
    kernel: int,
    stride: int,
    padding: Padding,
    size: int = 8,
    width: int | None = None,
    out: tuple[int, int] | None = None,
) -> Model:
    """Return a pooling or a convolution over a square feature map."""
    network = Network(quantization=SIX)
    ifm = network.input(1, size, width or size, 4)
    if operator_type == "CONV_2D":
        network.convolve(ifm, 4, kernel, stride, padding=padding)
        return network.model()
    height = -(-size // stride) if padding is Padding.SAME else (size - kernel) // stride + 1
    options = Pool2DOptions(padding, stride, stride, kernel, kernel)
    network.apply(operator_type, (ifm,), (1, *(out or (height, height)), 4), options)
    return network.model()


def concatenate(
    depths: tuple[int, ...] = (16, 16), read: bool = True, quantization: Quantization = SIX, axis: int = 3
) -> Model:
    """Return a CONCATENATION of convolutions, read by another convolution."""
    network = Network(quantization=SIX)
    ifm = network.input(1, 4, 4, 4)
    parts = [network.convolve(ifm, depth, 1, quantization=quantization) for depth in depths]
    joined = network.apply("CONCATENATION", parts, (1, 4, 4, sum(depths)), ConcatenationOptions(axis))
    if read:
        network.convolve(joined, 4, 1)
    return network.model()


def concatenate_inputs(axis: int, shape: tuple[int, ...], read: bool = False) -> Model:
    """Return a CONCATENATION of two inputs along any axis, perhaps read by an ADD."""
    network = Network(quantization=SIX)
    joined = list(shape)
    joined[axis] *= 2
    output = network.apply(
        "CONCATENATION", (network.input(*shape), network.input(*shape)), joined, ConcatenationOptions(axis)
    )
    if read:
        network.apply("ADD", (output, output), joined)
    return network.model()


def sliced(
    begin: tuple[int, ...],
    size: tuple[int, ...],
    shape: tuple[int, ...] = (1, 8, 8, 12),
    strides: tuple[int, ...] = (1, 1, 1, 1),
    bricks: bool = False,
    options: StridedSliceOptions | None = None,
    end: tuple[int, ...] | None = None,
) -> Model:
    """Return a STRIDED_SLICE of the input, or of a convolution's output."""
    network = Network(quantization=SIX)
    ifm = network.convolve(network.input(*shape[:3], 4), shape[3], 1) if bricks else network.input(*shape)
    end = end or tuple(first + count for first, count in zip(begin, size, strict=True))
    inputs = (ifm, network.numbers(*begin), network.numbers(*end), network.numbers(*strides[: len(begin)]))
    kept = [count for axis, count in enumerate(size) if options is None or not options.shrink_axis_mask >> axis & 1]
    network.apply("STRIDED_SLICE", inputs, kept, options or StridedSliceOptions())
    return network.model()


def resized(height: int, width: int, align: bool = False, half: bool = False, size: int = 4) -> Model:
    """Return a RESIZE_NEAREST_NEIGHBOR."""
    network = Network(quantization=SIX)
    inputs = (network.input(1, size, size, 4), network.numbers(height, width))
    options = ResizeNearestNeighborOptions(align, half)
    network.apply("RESIZE_NEAREST_NEIGHBOR", inputs, (1, height, width, 4), options, version=3)
    return network.model()


def depthwise(channels: int, depth: int, kernel: int | tuple[int, int] = 3) -> Model:
    """Return a DEPTHWISE_CONV_2D."""
    network = Network(quantization=SIX)
    network.convolve(network.input(1, 8, 8, channels), depth, kernel, depthwise=True)
    return network.model()


def activated(
    operator_type: str,
    activation: Activation,
    quantization: Quantization,
    element: ElementType = INT8,
) -> Model:
    """Return an operator with a fused activation."""
    network = Network(quantization=SIX)
    shape = (1, 8, 8, 4)
    ifm = network.input(*shape, element=element)
    if operator_type == "CONV_2D":
        network.convolve(ifm, 4, 1, activation=activation, quantization=quantization, element=element)
    elif operator_type == "ADD":
        network.apply("ADD", (ifm, network.input(*shape, element=element)), shape, AddOptions(activation),
                      element=element, quantization=quantization)  # fmt: skip
    elif operator_type == "CONCATENATION":
        options = ConcatenationOptions(3, activation)
        network.apply("CONCATENATION", (ifm,), shape, options, quantization=quantization)
    elif operator_type == "FULLY_CONNECTED":
        inputs = (network.input(1, 4), network.zeros(4, 4), network.zeros(4, element=INT32))
        network.apply("FULLY_CONNECTED", inputs, (1, 4), FullyConnectedOptions(activation), quantization=quantization)
    else:
        options = Pool2DOptions(Padding.VALID, 1, 1, 1, 1, activation)
        network.apply(operator_type, (ifm,), shape, options, quantization=quantization)
    return network.model()


def elementwise(
    operator_type: str,
    first: tuple[int, ...],
    second: tuple[int, ...],
    constant: int | None = None,
    value: int | None = None,
    quantizations: tuple[Quantization, Quantization] = (SIX, SIX),
) -> Model:
    """Return a two-operand operator; operand `constant` is a constant of zeros, or holds `value`."""
    network = Network(quantization=SIX)
    operands: list[int] = []
    for position, shape in enumerate((first, second)):
        if position != constant:
            operands.append(network.input(*shape, quantization=quantizations[position]))
        elif value is None:
            operands.append(network.zeros(*shape))
        else:
            operands.append(network.numbers(value, element=INT8, shape=shape))
    rank = max(len(first), len(second))
    pairs = zip((1,) * (rank - len(first)) + first, (1,) * (rank - len(second)) + second, strict=True)
    network.apply(operator_type, operands, [max(pair) for pair in pairs])
    return network.model()


def unary(operator_type: str, element: ElementType = INT8, shape: tuple[int, ...] = (1, 4, 4, 4)) -> Model:
    """Return an operator with one input and one output."""
    network = Network(quantization=SIX)
    options = Pool2DOptions(Padding.VALID, 1, 1, 1, 1) if operator_type.endswith("POOL_2D") else None
    network.apply(operator_type, (network.input(*shape, element=element),), shape, options, element=element)
    return network.model()


def convolution(
    *,
    bias: bool | str = True,
    bias_index: bool = False,
    weights: str = "constant",
    element: ElementType = INT8,
    batch: int = 1,
    dtype: ElementType = INT8,
) -> Model:
    """Return a CONV_2D whose weights and bias may be odd."""
    network = Network(quantization=SIX)
    ifm = network.input(batch, 4, 4, 4, element=element)
    kernel = network.zeros(4, 1, 1, 4, element=dtype) if weights == "constant" else network.input(4, 1, 1, 4)
    third = network.input(4, element=INT32) if bias == "computed" else NO_TENSOR if bias_index else None
    network.convolve(ifm, 4, 1, weights=kernel, bias=third, element=element)
    if not bias:
        last = network.operators[-1]
        network.operators[-1] = type(last)(last.type, last.inputs[:2], last.outputs, last.options, last.version)
    return network.model()


def dense(shape: tuple[int, ...] = (1, 64), bias: bool = True, rows: int = 1) -> Model:
    """Return a FULLY_CONNECTED with 64 inputs and 10 outputs."""
    network = Network(quantization=SIX)
    inputs = [network.input(*shape), network.zeros(10, 64)] + ([network.zeros(10, element=INT32)] if bias else [])
    network.apply("FULLY_CONNECTED", inputs, (rows, 10), FullyConnectedOptions())
    return network.model()


def reshape(
    inputs: int = 2,
    constant: bool = True,
    shape: tuple[int, ...] = (1, 4, 4, 4),
    output: tuple[int, ...] = (1, 64),
) -> Model:
    """Return a RESHAPE with one or two inputs."""
    network = Network(quantization=SIX)
    operands = [network.input(*shape)]
    if inputs == 2:
        operands.append(network.numbers(*output) if constant else network.input(2, element=INT32))
    network.apply("RESHAPE", operands, output)
    return network.model()


def reshaped_slice() -> Model:
    """Return a channel slice of a RESHAPE's output: an alias of an input in plain order, so there are no bricks."""
    network = Network(quantization=SIX)
    ifm = network.apply("RESHAPE", (network.input(1, 2048), network.numbers(1, 8, 8, 32)), (1, 8, 8, 32))
    operands = [network.numbers(*numbers) for numbers in ((0, 0, 0, 16), (1, 8, 8, 32), (1, 1, 1, 1))]
    network.apply("STRIDED_SLICE", (ifm, *operands), (1, 8, 8, 16), StridedSliceOptions())
    return network.model()


def computed_operand(operator_type: str, element: ElementType = INT32) -> Model:
    """Return an operator whose options are computed."""
    network = Network(quantization=SIX)
    ifm = network.input(1, 4, 4, 4)
    if operator_type == "PAD":
        padded = network.apply("PAD", (ifm, network.input(4, 2, element=element)), (1, 6, 6, 4))
        network.convolve(padded, 4, 3)
    elif operator_type in ("TRANSPOSE", "REVERSE_V2"):
        network.apply(operator_type, (ifm, network.input(4, element=element)), (1, 4, 4, 4))
    elif operator_type == "SPLIT":
        network.apply("SPLIT", (network.input(element=element), ifm), (1, 4, 4, 4))
    else:
        operands = [network.input(4, element=INT32) for _ in range(3)]
        network.apply("STRIDED_SLICE", (ifm, *operands), (1, 2, 4, 4), StridedSliceOptions())
    return network.model()


def with_dimension(axis: int, element: ElementType, *shape: int) -> Model:
    """Return an operator on a tensor with one scale whose quantization names dimension `axis`."""
    network = Network(quantization=SIX)
    quantization = Quantization((0.5,), (0,), axis)
    network.cpu(network.input(*shape, element=element, quantization=quantization))
    return network.model()


def shape_arithmetic(operator_type: str) -> Model:
    """Return an ADD of two computed int32 vectors whose sum is packed and read by `operator_type`."""
    network = Network(quantization=SIX)
    first, second = network.input(4, element=INT32), network.input(4, element=INT32)
    total = network.apply("ADD", (first, second), (4,), AddOptions(), element=INT32)
    packed = network.apply("PACK", (total,), (4,), element=INT32)
    image = network.input(1, 4, 4, 4)
    operands = (packed, network.zeros(4, 2, 2, 4), image) if operator_type == "TRANSPOSE_CONV" else (packed,)
    network.apply(operator_type, operands, (1, 8, 8, 4))
    return network.model()


RELU, RELU6, CLIP, TANH = Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1, Activation.TANH
SAME, VALID = Padding.SAME, Padding.VALID
FLOAT = ElementType.FLOAT32
PIXELS = (1, 4, 4, 4)

CASES = (
    Case("ethosu.brick-order", RELEASED, lambda: shared_map(32, 4), lambda: shared_map(16, 4)),
    Case("ethosu.brick-order", RELEASED, lambda: shared_map(32, 4, cpu=True), lambda: shared_map(40, 4, cpu=True)),
    Case("ethosu.brick-order", RELEASED, lambda: shared_map(32, 2), lambda: shared_map(32, 1)),
    Case("ethosu.brick-order", UNTIL_26_1, lambda: shared_map(32, 4, reader="RESHAPE"), reshaped_map),
    Case("ethosu.brick-order", RELEASED, late_reshape, lambda: padded(0, 0, 1, 0, 1, 0, 0, 0)),
    Case("ethosu.pad-folded", UNTIL_26_1, lambda: padded(0, 0, 0, 1, 0, 1, 0, 0),
         lambda: padded(0, 0, 1, 0, 1, 0, 0, 0)),
    Case("ethosu.pad-folded", UNTIL_26_1, lambda: padded(0, 0, 1, 1, 1, 1, 0, 0),
         lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, readers=3)),
    Case("ethosu.pad-folded", UNTIL_26_1, lambda: padded(0, 0, 0, 0, 0, 0, 0, 0),
         lambda: padded(0, 0, 1, 0, 1, 0, 0, 0)),
    Case("ethosu.pad-folded", RELEASED, lambda: padded(0, 0, 1, 1, 0, 0, 0, 0), lambda: padded(0, 0, 1, 0, 1, 0, 0, 0)),
    Case("ethosu.pad-folded", RELEASED, lambda: padded(0, 0, 1, 0, 1, 0, 1, 0), lambda: padded(0, 0, 1, 0, 1, 0, 0, 0)),
    Case("ethosu.pad-folded", RELEASED, lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, pool=True),
         lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, readers=2)),
    Case("ethosu.pad-folded", RELEASED, lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, output=True), lambda: shared_map(4, 4)),
    Case("ethosu.pad-folded", RELEASED, lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, readers=0), lambda: shared_map(4, 4)),
    # A convolution with SAME of its own: 26.2 adds the two, older releases write 1 over the top and left.
    Case("ethosu.pad-folded", UNTIL_26_1, lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, padding=SAME),
         lambda: padded(0, 0, 1, 0, 1, 0, 0, 0, kernel=1, padding=SAME)),
    Case("ethosu.padding-underflow", G1, lambda: window("CONV_2D", 1, 2, SAME, 8),
         lambda: window("CONV_2D", 1, 2, SAME, 7)),
    Case("ethosu.padding-underflow", G1, lambda: window("CONV_2D", 1, 2, SAME, 8),
         lambda: window("CONV_2D", 1, 2, VALID, 8)),
    Case("ethosu.padding-underflow", G1, lambda: window("CONV_2D", 2, 3, SAME, 9),
         lambda: window("CONV_2D", 3, 2, SAME, 8)),
    Case("ethosu.padding-underflow", G1, lambda: window("MAX_POOL_2D", 1, 2, SAME, 8),
         lambda: window("MAX_POOL_2D", 2, 2, SAME, 8)),
    Case("ethosu.concat-misplaced", UNTIL_26_1, lambda: concatenate(quantization=HALF), concatenate),
    Case("ethosu.concat-misplaced", RELEASED, lambda: concatenate((8, 8)), lambda: concatenate((16, 32))),
    Case("ethosu.concat-misplaced", RELEASED, lambda: concatenate((24, 40)), lambda: concatenate((48, 8))),
    Case("ethosu.concat-misplaced", RELEASED, lambda: concatenate((24, 40)), lambda: concatenate((24, 40), read=False)),
    Case("ethosu.concat-misplaced", ONLY_26_2, lambda: concatenate_inputs(2, (1, 4, 4, 8)),
         lambda: concatenate_inputs(3, (1, 4, 4, 8))),
    Case("ethosu.concat-misplaced", SINCE_26_2, lambda: concatenate_inputs(0, (1, 8)),
         lambda: concatenate_inputs(1, (1, 8))),
    Case("ethosu.concat-misplaced", ONLY_26_2, lambda: concatenate_inputs(1, (2, 4, 8)),
         lambda: concatenate_inputs(1, (1, 4, 8))),
    Case("ethosu.concat-misplaced", ONLY_26_2, lambda: concatenate_inputs(1, (2, 4, 4, 8)),
         lambda: concatenate_inputs(1, (1, 4, 4, 8))),
    Case("ethosu.concat-misplaced", ONLY_26_2, lambda: concatenate_inputs(1, (1, 4, 4, 16), read=True),
         lambda: concatenate_inputs(1, (1, 4, 4, 16))),
    Case("ethosu.concat-misplaced", ONLY_26_2, lambda: concatenate_inputs(1, (1, 4, 16), read=True),
         lambda: concatenate_inputs(1, (1, 4, 8), read=True)),
    Case("ethosu.concat-misplaced", ("main",), lambda: concatenate_inputs(-1, (1, 4, 4, 8)),
         lambda: concatenate_inputs(2, (1, 4, 8))),
    Case("ethosu.slice-offset", ALL, lambda: sliced((0, 0, 0, 0), (1, 4, 8, 12), strides=(1, 2, 1, 1)),
         lambda: sliced((0, 0, 0, 0), (1, 4, 8, 12))),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((0, 2, 0, 0), (1, 4, 4, 12)),
         lambda: sliced((0, 2, 0, 0), (1, 4, 8, 12))),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((0, 2, 2, 0), (1, 4, 4, 12)),
         lambda: sliced((0, 0, 2, 0), (1, 8, 4, 12))),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((0, 0, 2, 0), (1, 8, 4, 6)),
         lambda: sliced((0, 0, 0, 6), (1, 8, 8, 6))),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((0, 0, 0, 16), (1, 8, 8, 16), (1, 8, 8, 32), bricks=True),
         lambda: sliced((0, 0, 0, 16), (1, 8, 8, 16), (1, 8, 8, 32))),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((0, 0, 2, 0), (1, 8, 4, 32), (1, 8, 8, 32), bricks=True),
         lambda: sliced((0, 2, 0, 0), (1, 4, 8, 32), (1, 8, 8, 32), bricks=True)),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((0, 0, 0, 8), (1, 8, 8, 8), (1, 8, 8, 16), bricks=True),
         lambda: sliced((0, 0, 0, 0), (1, 8, 8, 16), (1, 8, 8, 32), bricks=True)),
    Case("ethosu.slice-offset", RELEASED,
         lambda: sliced((0, 0, 0, 16), (1, 8, 8, 16), (1, 8, 8, 32), bricks=True), reshaped_slice),
    Case("ethosu.slice-offset", RELEASED, lambda: sliced((1, 0), (1, 8), (4, 8)),
         lambda: sliced((0, 0), (2, 8), (4, 8))),
    Case("ethosu.slice-offset", ALL,
         lambda: sliced((0, 2, 0, 0), (1, 8, 8, 12), options=StridedSliceOptions(begin_mask=0b0010)),
         lambda: sliced((0, 2, 0, 0), (1, 6, 8, 12), options=StridedSliceOptions(begin_mask=0b1101))),
    Case("ethosu.slice-offset", ALL, lambda: sliced((0, -2, 0, 0), (1, 2, 8, 12), end=(1, 8, 8, 12)),
         lambda: sliced((0, 2, 0, 0), (1, 5, 8, 12), end=(1, -1, 0, 0), options=StridedSliceOptions(end_mask=0b1100))),
    Case("ethosu.slice-offset", ALL,
         lambda: sliced((0, 0, 0, 0), (1, 8, 1, 12), options=StridedSliceOptions(shrink_axis_mask=0b0100)),
         lambda: sliced((0, 0, 0, 0), (1, 8, 8, 12), options=StridedSliceOptions(shrink_axis_mask=0b0001))),
    Case("ethosu.slice-offset", ALL,
         lambda: sliced((0, 0, 0, 0), (1, 8, 8, 12), options=StridedSliceOptions(new_axis_mask=1)),
         lambda: sliced((0, 0, 0, 0), (1, 8, 8, 12))),
    Case("ethosu.slice-offset", ALL,
         lambda: sliced((0, 0, 0, 0), (1, 8, 8, 12), options=StridedSliceOptions(ellipsis_mask=1)),
         lambda: sliced((0, 0, 0, 0), (1, 8, 8, 12))),
    Case("ethosu.resize-doubled", G1, lambda: resized(12, 12), lambda: resized(8, 8)),
    Case("ethosu.resize-doubled", G1, lambda: resized(8, 12), lambda: resized(8, 8, half=True)),
    Case("ethosu.resize-doubled", ALL, lambda: resized(8, 8, align=True, half=True), lambda: resized(8, 8, align=True)),
    Case("ethosu.resize-doubled", ALL, lambda: resized(8, 8, align=True, half=True),
         lambda: resized(2, 2, align=True, half=True, size=1)),
    Case("ethosu.depthwise-weights", UNTIL_26_1, lambda: depthwise(1, 8), lambda: depthwise(1, 1)),
    Case("ethosu.depthwise-weights", UNTIL_26_1, lambda: depthwise(1, 8), lambda: depthwise(1, 8, kernel=1)),
    Case("ethosu.depthwise-weights", ALL, lambda: depthwise(4, 8), lambda: depthwise(8, 8)),
    Case("ethosu.depthwise-weights", G1, lambda: depthwise(8, 8, (3, 5)), lambda: depthwise(8, 8, (1, 5))),
    Case("ethosu.depthwise-weights", G1, lambda: depthwise(8, 8, (5, 1)), lambda: depthwise(1, 1, (5, 3))),
    Case("ethosu.relu-unclamped", RELEASED, lambda: activated("CONV_2D", RELU, HALF),
         lambda: activated("CONV_2D", RELU, SIX)),
    Case("ethosu.relu-unclamped", RELEASED, lambda: activated("CONV_2D", RELU6, quantized(0.02, 0), INT8),
         lambda: activated("CONV_2D", RELU6, quantized(0.02, 0), UINT8)),
    Case("ethosu.relu-unclamped", RELEASED, lambda: activated("CONV_2D", RELU, quantized(0.02, 1), UINT8),
         lambda: activated("CONV_2D", Activation.NONE, quantized(0.02, 1), UINT8)),
    Case("ethosu.relu-unclamped", FROM_26_1, lambda: activated("ADD", RELU, HALF),
         lambda: activated("ADD", RELU, quantized(0.5, 3), UINT8)),
    Case("teflon.elementwise-operands", G1, lambda: activated("ADD", RELU, HALF),
         lambda: activated("ADD", RELU, SIX), EVERY_CHIP),
    Case("teflon.elementwise-operands", RELEASED, lambda: activated("ADD", RELU6, quantized(0.1, -128)),
         lambda: activated("ADD", RELU6, SIX),
         EVERY_CHIP),
    Case("teflon.elementwise-operands", RELEASED, lambda: activated("ADD", CLIP, SIX),
         lambda: activated("ADD", CLIP, quantized(1 / 128, 0)), EVERY_CHIP),
    Case("teflon.elementwise-operands", G1, lambda: elementwise("ADD", PIXELS, (1, 1, 1, 4)),
         lambda: elementwise("ADD", PIXELS, PIXELS)),
    Case("teflon.elementwise-operands", RELEASED, lambda: elementwise("ADD", (1, 4, 1, 4), (1, 1, 4, 4)),
         lambda: elementwise("ADD", (1, 4, 4), (1, 4, 4))),
    Case("teflon.elementwise-operands", ONLY_26_2, lambda: elementwise("MUL", (1, 4, 1, 4), (1, 1, 4, 4)),
         lambda: elementwise("MUL", (1, 1, 4, 4), (1, 4, 4, 4))),
    Case("teflon.elementwise-operands", SINCE_26_1, lambda: elementwise("ADD", PIXELS, (), 1, -3),
         lambda: elementwise("ADD", PIXELS, PIXELS)),
    Case("teflon.elementwise-operands", SINCE_26_2, lambda: elementwise("MUL", PIXELS, (1,), 1, 3),
         lambda: elementwise("MUL", PIXELS, (1, 1, 1, 4), 1)),
    Case("teflon.elementwise-operands", ("26.1",), lambda: elementwise("ADD", PIXELS, (1, 1, 1, 4), 1),
         lambda: elementwise("ADD", PIXELS, PIXELS)),
    Case("teflon.elementwise-operands", FROM_26_1, lambda: elementwise("ADD", PIXELS, PIXELS, 0),
         lambda: elementwise("ADD", PIXELS, PIXELS)),
    Case("teflon.elementwise-operands", FROM_26_1, lambda: elementwise("ADD", (1, 1, 1, 4), PIXELS, 1),
         lambda: elementwise("ADD", PIXELS, PIXELS)),
    *(
        Case("ethosu.int16-table", ONLY_26_2, lambda kind=kind: unary(kind, INT16), lambda kind=kind: unary(kind))
        for kind in ("TANH", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU")
    ),
    *(
        Case("ethosu.compare-scales", ONLY_26_2,
         lambda kind=kind: elementwise(kind, PIXELS, PIXELS, quantizations=(SIX, HALF)),
             lambda kind=kind: elementwise(kind, PIXELS, PIXELS))
        for kind in ("MAXIMUM", "MINIMUM")
    ),
    Case("ethosu.stride-overflow", RELEASED, lambda: window("CONV_2D", 4, 4, VALID),
         lambda: window("CONV_2D", 3, 3, VALID)),
    Case("ethosu.stride-overflow", ALL, lambda: window("AVERAGE_POOL_2D", 4, 4, VALID),
         lambda: window("AVERAGE_POOL_2D", 8, 3, VALID)),
    # The global pooling of kws_ref_model: its stride is never taken, but sets reserved bits.
    Case("ethosu.stride-overflow", ALL, lambda: window("AVERAGE_POOL_2D", 25, 25, VALID, 25, 5, (1, 1)),
         lambda: window("AVERAGE_POOL_2D", 25, 1, VALID, 25, 5, (1, 1))),
    Case("ethosu.int16", RELEASED, lambda: unary("MAX_POOL_2D", INT16), lambda: unary("MAX_POOL_2D")),
    Case("ethosu.int16", RELEASED, lambda: convolution(element=INT16), convolution),
    Case("teflon.activation-dropped", RELEASED, lambda: activated("CONV_2D", TANH, SIX),
         lambda: activated("CONV_2D", RELU, SIX), EVERY_CHIP),
    Case("teflon.activation-dropped", RELEASED, lambda: activated("CONV_2D", CLIP, SIX),
         lambda: activated("CONV_2D", CLIP, quantized(1 / 128, 0)), EVERY_CHIP),
    Case("teflon.activation-dropped", RELEASED, lambda: activated("MAX_POOL_2D", RELU, HALF),
         lambda: activated("MAX_POOL_2D", RELU, SIX)),
    Case("teflon.activation-dropped", RELEASED, lambda: activated("CONCATENATION", RELU6, quantized(0.1, -128)),
         lambda: activated("CONCATENATION", RELU6, SIX), ("imx93", "imx8mp")),
    Case("teflon.activation-dropped", ONLY_26_2, lambda: activated("FULLY_CONNECTED", RELU, HALF),
         lambda: activated("FULLY_CONNECTED", RELU, SIX)),
    Case("teflon.missing-bias", ALL, lambda: convolution(bias=False), convolution, EVERY_CHIP),
    Case("teflon.missing-bias", ALL, lambda: convolution(bias_index=True), convolution, EVERY_CHIP),
    Case("teflon.missing-bias", SINCE_26_2, lambda: dense(bias=False), dense),
    Case("teflon.missing-bias", ALL, lambda: dense(bias=False), dense, ("imx8mp",)),
    Case("ethosu.flattened-input", ("26.2.0",), lambda: dense((1, 4, 4, 4)), lambda: dense((1, 1, 1, 64))),
    Case("ethosu.flattened-input", ("26.2.0",), lambda: dense((1, 4, 4, 4)), lambda: dense((4, 64), rows=4)),
    Case("teflon.element-type", G1, lambda: convolution(element=FLOAT), convolution),
    Case("teflon.element-type", ALL, lambda: elementwise_of(INT64), lambda: elementwise_of(INT8)),
    Case("teflon.element-type", G1, lambda: elementwise_of(INT32), lambda: elementwise_of(UINT8)),
    Case("teflon.element-type", ALL, lambda: convolution(dtype=ElementType.INT4), convolution, EVERY_CHIP),
    Case("teflon.element-type", ALL, lambda: convolution(element=FLOAT), convolution, ("imx8mp", "rk3588")),
    Case("teflon.quantized-dimension", ALL, lambda: with_dimension(3, INT32, 4),
         lambda: with_dimension(0, INT32, 4), EVERY_CHIP),
    Case("teflon.quantized-dimension", ALL, lambda: with_dimension(-1, INT8, 1, 4),
         lambda: with_dimension(1, INT8, 1, 4), EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: convolution(weights="computed"), convolution, EVERY_CHIP),
    # What the frontend reads is a hazard also where the driver would refuse the operator.
    Case("teflon.operand-read-early", ALL, lambda: reshape(1), reshape, EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: reshape(constant=False), reshape, EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: computed_operand("PAD"),
         lambda: padded(0, 0, 1, 0, 1, 0, 0, 0), EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: computed_operand("PAD"),
         lambda: computed_operand("PAD", INT64), EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: computed_operand("STRIDED_SLICE"),
         lambda: sliced((0, 0, 0, 0), (1, 4, 8, 12)),
         EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: computed_operand("TRANSPOSE"),
         lambda: computed_operand("REVERSE_V2"), EVERY_CHIP),
    Case("teflon.operand-read-early", ALL, lambda: computed_operand("SPLIT"),
         lambda: computed_operand("REVERSE_V2"), EVERY_CHIP),
    Case("ethosu.lost-dimensions", ALL, lambda: convolution(batch=2), convolution),
    Case("ethosu.lost-dimensions", SINCE_26_2, lambda: reshape(shape=(2, 4, 4, 4), output=(1, 128)),
         lambda: reshape(output=(2, 4, 4, 2))),
    Case("ethosu.lost-dimensions", ALL, lambda: unary("MAX_POOL_2D", shape=(2, 1, 4, 4, 4)),
         lambda: unary("MAX_POOL_2D", shape=(1, 1, 4, 4, 4))),
    Case("ethosu.lost-dimensions", SINCE_26_2, lambda: unary("LOGISTIC", shape=(3, 4, 4, 4)),
         lambda: unary("LOGISTIC", shape=(3, 4))),
)  # fmt: skip


def elementwise_of(element: ElementType) -> Model:
    """Return an ADD of two inputs of an element type."""
    network = Network(quantization=SIX)
    operands = (network.input(*PIXELS, element=element), network.input(*PIXELS, element=element))
    network.apply("ADD", operands, PIXELS, element=element)
    return network.model()


def _label(case: Case) -> str:
    return f"{case.rule}-{CASES.index(case)}"


def _only(model: Model, version: str, rule: str) -> Hazard:
    (hazard,) = (hazard for hazard in place(model, version).hazards if hazard.rule.id == rule)
    return hazard


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=_label)
def test_a_hazard_is_reported_in_its_releases_and_under_its_condition_only(case: Case, version: str) -> None:
    for chip in case.chips:
        assert (case.rule in hazards(case.wrong(), version, chip)) == (version in case.releases)
        assert case.rule not in hazards(case.right(), version, chip)


def test_every_hazard_has_a_case() -> None:
    rules = {rule.id for rule in load_stack("teflon").rules() if rule.kind is RuleKind.HAZARD}
    assert {case.rule for case in CASES} | {
        "rocket.unfusable-add",
        "rocket.misfused-add",
        "rocket.int8-as-uint8",
        "teflon.library-crash",
    } == rules  # those of rocket: test_teflon_rocket.py, of libraries: test_teflon_library.py


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plain_network_has_no_hazard(version: str) -> None:
    network = Network(quantization=SIX)
    first = network.convolve(network.input(1, 8, 8, 4), 32, 3, padding=SAME, activation=RELU6)
    second = network.convolve(first, 32, 3, depthwise=True, padding=SAME, activation=RELU6)
    network.apply("ADD", (first, second), (1, 8, 8, 32))
    assert hazards(network.model(), version) == []


@pytest.mark.parametrize("version", RELEASED)
def test_hazards_of_ethosu_are_not_told_of_other_drivers(version: str) -> None:
    for chip in ("imx8mp", "rk3588"):
        for model in (activated("CONV_2D", RELU, HALF), shared_map(32, 4)):
            assert set(hazards(model, version, chip)) <= {"rocket.int8-as-uint8"}


def test_messages_name_what_happens_in_this_graph() -> None:
    leak = _only(shared_map(32, 4, cpu=True), "25.3", "ethosu.brick-order")
    assert leak.operators == (0, 1)
    assert "also passed to operator 2 (Stay)" in leak.message
    assert leak.found == "4x4x32, 512 bytes"
    assert "the model's output" in _only(shared_map(32, 4), "26.2", "ethosu.brick-order").message
    reread = _only(late_reshape(), "26.2", "ethosu.brick-order")
    assert "operator 2 (RESHAPE) reads it as a plain row" in reread.message
    pad = _only(padded(0, 0, 0, 1, 0, 1, 0, 0), "26.1", "ethosu.pad-folded")
    assert (pad.message, pad.found, pad.operators) == (
        "the convolution after it is padded with top 1, bottom 0, left 1, right 0 instead",
        "top 0, bottom 1, left 0, right 1",
        (0, 1),
    )
    exchanged = _only(padded(0, 0, 1, 1, 0, 0, 0, 0), "26.2", "ethosu.pad-folded")
    assert "top 0, bottom 0, left 1, right 1 instead" in exchanged.message
    assert (
        "operator 1 (MAX_POOL_2D)"
        in _only(padded(0, 0, 1, 0, 1, 0, 0, 0, readers=0, pool=True), "26.2", "ethosu.pad-folded").message
    )
    assert (
        _only(window("CONV_2D", 1, 2, SAME), "25.3", "ethosu.padding-underflow").found
        == "kernel 1x1, stride 2x2, input 8x8"
    )
    slice_message = _only(
        sliced((0, 0, 0, 16), (1, 8, 8, 16), (1, 8, 8, 32), bricks=True), "26.2", "ethosu.slice-offset"
    ).message
    assert slice_message.startswith("the input is read from byte 16 instead of 128")
    wide, high = (_only(depthwise(8, 8, size), "25.3", "ethosu.depthwise-weights") for size in ((3, 5), (5, 3)))
    assert (wide.effect, wide.certain, wide.evidence) == (Effect.WRONG, True, Evidence.EXECUTED)
    assert (high.effect, high.certain) == (Effect.CRASH, False)
    assert "reads beyond the weights" in high.message
    assert _only(convolution(bias_index=True), "26.2", "teflon.missing-bias").found == "bias omitted"
    assert _only(convolution(bias=False), "26.2", "teflon.missing-bias").found == "2 inputs"
    assert _only(convolution(batch=2), "26.2", "ethosu.lost-dimensions").message == "1 of 2 images is computed"


@pytest.mark.parametrize("version", RELEASED)
def test_a_partition_of_pads_alone_crashes(version: str) -> None:
    network = Network(quantization=SIX)
    network.cpu(network.pad(network.pad(network.input(1, 8, 8, 4), 0, 1, 0, 1), 1, 0, 1, 0))
    found = place(network.model(), version).hazards
    assert [(hazard.operators, hazard.effect) for hazard in found] == [((0,), Effect.CRASH), ((1,), Effect.CRASH)]
    assert found[0].evidence is (Evidence.EXECUTED if version == "25.3" else Evidence.SOURCE)
    with_reader = padded(0, 0, 1, 0, 1, 0, 0, 0, output=True)
    assert [hazard.effect for hazard in place(with_reader, version).hazards] == [Effect.WRONG]


def test_a_scalar_is_two_hazards() -> None:
    found = [hazard.found for hazard in place(elementwise("ADD", PIXELS, (), 1, -3), "26.1").hazards]
    assert found == ["-3 is read as 253", "'t1' has one element"]
    assert len(place(elementwise("ADD", PIXELS, (), 1, 3), "26.1").hazards) == 1
    (unnoticed,) = place(elementwise("ADD", PIXELS, (), 1, -3), "main").hazards
    assert (unnoticed.found, unnoticed.evidence) == ("'t1' has one element", Evidence.INFERRED)


@pytest.mark.parametrize(
    ("model", "version", "rule", "evidence"),
    [
        (lambda: shared_map(32, 4), "25.3", "ethosu.brick-order", Evidence.EXECUTED),
        (lambda: shared_map(32, 4), "26.1", "ethosu.brick-order", Evidence.SOURCE),
        (lambda: dense((1, 4, 4, 4)), "26.2.0", "ethosu.flattened-input", Evidence.DOCUMENTED),
        (lambda: convolution(bias=False), "26.2", "teflon.missing-bias", Evidence.SOURCE),
        (lambda: convolution(bias=False), "main", "teflon.missing-bias", Evidence.INFERRED),
        (lambda: window("AVERAGE_POOL_2D", 4, 4, VALID), "26.2", "ethosu.stride-overflow", Evidence.SOURCE),
        (
            lambda: window("AVERAGE_POOL_2D", 25, 25, VALID, 25, 5, (1, 1)),
            "26.2",
            "ethosu.stride-overflow",
            Evidence.INFERRED,
        ),
        (lambda: reshape(constant=False), "25.3", "teflon.operand-read-early", Evidence.EXECUTED),
        (lambda: reshape(constant=False), "26.0", "teflon.operand-read-early", Evidence.SOURCE),
        (lambda: computed_operand("SPLIT"), "26.2", "teflon.operand-read-early", Evidence.SOURCE),
        (lambda: reshape(constant=False), "main", "teflon.operand-read-early", Evidence.INFERRED),
        (lambda: window("AVERAGE_POOL_2D", 4, 4, VALID), "main", "ethosu.stride-overflow", Evidence.INFERRED),
    ],
)
def test_evidence_of_hazards(model: Callable[[], Model], version: str, rule: str, evidence: Evidence) -> None:
    assert _only(model(), version, rule).evidence is evidence


@pytest.mark.parametrize(
    ("model", "version", "chip", "rule", "effect", "certain"),
    [
        (lambda: reshape(constant=False), "26.2", "rk3588", "teflon.operand-read-early", Effect.CRASH, True),
        (lambda: reshape(1), "26.2", "rk3588", "teflon.operand-read-early", Effect.CRASH, False),
        (lambda: reshape(constant=False), "main", "imx93", "teflon.operand-read-early", Effect.CRASH, False),
        (lambda: convolution(weights="computed"), "25.3", "imx93", "teflon.operand-read-early", Effect.CRASH, True),
        (lambda: convolution(bias="computed"), "26.0", "imx93", "teflon.operand-read-early", Effect.CRASH, True),
        (lambda: convolution(bias="computed"), "26.1", "imx93", "teflon.operand-read-early", Effect.WRONG, True),
        (lambda: convolution(bias="computed"), "26.1", "rk3588", "teflon.operand-read-early", Effect.CRASH, True),
        (lambda: convolution(bias=False), "26.2", "imx93", "teflon.missing-bias", Effect.CRASH, False),
        (lambda: shared_map(32, 4), "25.3", "imx93", "ethosu.brick-order", Effect.WRONG, True),
        (lambda: shape_arithmetic("TRANSPOSE_CONV"), "25.3", "imx93", "teflon.element-type", Effect.FAILS, True),
        (lambda: shape_arithmetic("NEG"), "25.3", "imx93", "teflon.element-type", Effect.WRONG, True),
        (lambda: with_dimension(3, INT32, 4), "26.2", "imx93", "teflon.quantized-dimension", Effect.FAILS, True),
    ],
)
def test_effects_of_hazards(
    model: Callable[[], Model], version: str, chip: str, rule: str, effect: Effect, certain: bool
) -> None:
    (hazard,) = (hazard for hazard in place(model(), version, chip).hazards if hazard.rule.id == rule)
    assert (hazard.effect, hazard.certain) == (effect, certain)
    assert effect in hazard.rule.effects


def test_reserved_bits_are_those_that_the_driver_writes() -> None:
    network = Network(quantization=SIX)
    options = Pool2DOptions(VALID, stride_w=5, stride_h=25, filter_width=5, filter_height=25)
    network.apply("AVERAGE_POOL_2D", (network.input(1, 25, 5, 4),), (1, 1, 1, 4), options)
    hazard = _only(network.model(), "26.1", "ethosu.stride-overflow")
    assert "0x1880" in hazard.message  # what a real build wrote for this pooling
    assert not hazard.certain


def test_sources_of_hazards_say_that_they_are_derived() -> None:
    rules = [rule for rule in load_stack("teflon").rules() if rule.kind is RuleKind.HAZARD]
    assert all(rule.source.startswith("derived from ") for rule in rules)


@pytest.mark.parametrize(("align", "half"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_doubling_is_what_the_reference_kernel_does_where_there_is_no_hazard(
    align: bool, half: bool, size: int
) -> None:
    model = resized(2 * size, 2 * size, align, half, size)
    interpreter: Any = Interpreter(
        model_content=serialize_model(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    values = np.arange(size * size * 4, dtype=np.int8).reshape(1, size, size, 4)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    doubled = values.repeat(2, axis=1).repeat(2, axis=2)
    assert np.array_equal(found, doubled) == ("ethosu.resize-doubled" not in hazards(model, "26.2"))
