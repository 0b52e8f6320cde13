"""Models of one operator that no file at hand has: 16-bit activations, and a few with 8 bits.

16-bit models have int8 weights per channel, an int64 bias and zero points of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from networks import INT8, INT16, UINT8, Network, quantized
from npufit.graph import (
    Activation,
    AddOptions,
    BatchMatMulOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    LeakyReluOptions,
    Model,
    MulOptions,
    Operator,
    Options,
    OtherOptions,
    PackOptions,
    Padding,
    Pool2DOptions,
    Quantization,
    ReducerOptions,
    ReshapeOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SoftmaxOptions,
    SplitOptions,
    StridedSliceOptions,
    SubOptions,
    TransposeConvOptions,
)
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.vela import STACK
from npufit.tflite import parse_model

VELA = Target("imx93", "vela", "5.2")

_SCALE = 1 / 4096
_SOFTMAX = 1 / 32768
_IMAGE = (1, 9, 7, 12)

Values = npt.NDArray[Any]
Draw = Callable[[Network], None]


def _weights(network: Network, shape: Sequence[int], axis: int, ifm: int, bias_depth: int) -> tuple[int, int]:
    """Add random int8 weights, quantized per channel along `axis`, and a bias of 64 bits."""
    generator = np.random.default_rng(sum(shape))
    channels = shape[axis]
    scales = generator.uniform(0.2, 1.0, channels) / 127 / np.sqrt(np.prod(shape) / channels)
    weights = generator.integers(-127, 128, shape, np.int8)
    kernel = network.constant(weights, Quantization(tuple(scales), (0,) * channels, axis))
    bias = generator.integers(-(1 << 24), 1 << 24, bias_depth, np.int64)
    scale = network.tensors[ifm].quantization.scale
    return kernel, network.constant(bias, Quantization(tuple(scale * scales), (0,) * channels))


def compiled_with_names(model: Model) -> Model:
    """Return what Vela makes of `model`, with the names that the user's own Vela would have kept."""
    compiled = parse_model(STACK.compile(model, VELA, PlaceOptions()).compiled, "compiled")
    tensors = list(compiled.main.tensors)
    for index, tensor in enumerate(tensors):
        if tensor.name.startswith("#0."):
            tensors[index] = replace(tensor, name=model.main.tensors[int(tensor.name[3:])].name)
    return replace(compiled, subgraphs=(replace(compiled.main, tensors=tuple(tensors)),))


MODELS: dict[str, Draw] = {}
"""How each model is drawn, by name; 16 bits unless it says otherwise."""


def draw(name: str) -> Model:
    """Return the model called `name`."""
    network = Network(INT16, quantization=quantized(_SCALE))
    MODELS[name](network)
    return network.model(*network.unread(), name=name)


def _register(name: str) -> Callable[[Draw], Draw]:
    def keep(draw: Draw) -> Draw:
        MODELS[name] = draw
        return draw

    return keep


def _convolution(kernel: int, stride: int, dilation: int, padding: Padding, activation: Activation) -> Draw:
    def build(network: Network) -> None:
        ifm = network.input(*_IMAGE)
        weights, bias = _weights(network, (10, kernel, kernel, 12), 0, ifm, 10)
        shape = _window(kernel, stride, dilation, padding, 10)
        options = Conv2DOptions(padding, stride, stride, activation, dilation, dilation)
        network.apply("CONV_2D", (ifm, weights, bias), shape, options, quantization=quantized(_SCALE / 2))

    return build


def _depthwise(kernel: int, stride: int, padding: Padding) -> Draw:
    def build(network: Network) -> None:
        ifm = network.input(*_IMAGE)
        weights, bias = _weights(network, (1, kernel, kernel, 12), 3, ifm, 12)
        shape = _window(kernel, stride, 1, padding, 12)
        options = DepthwiseConv2DOptions(padding, stride, stride, 1, Activation.NONE, 1, 1)
        network.apply("DEPTHWISE_CONV_2D", (ifm, weights, bias), shape, options, quantization=quantized(_SCALE / 2))

    return build


def _window(kernel: int, stride: int, dilation: int, padding: Padding, depth: int) -> tuple[int, ...]:
    lost = (kernel - 1) * dilation if padding is Padding.VALID else 0
    height, width = (-(-(size - lost) // stride) for size in _IMAGE[1:3])
    return 1, height, width, depth


def _pool(kind: str, kernel: int, stride: int, padding: Padding) -> Draw:
    def build(network: Network) -> None:
        options = Pool2DOptions(padding, stride, stride, kernel, kernel)
        network.apply(kind, (network.input(*_IMAGE),), _window(kernel, stride, 1, padding, 12), options)

    return build


MODELS.update(
    {
        "conv_1x1": _convolution(1, 1, 1, Padding.VALID, Activation.NONE),
        "conv_3x3": _convolution(3, 1, 1, Padding.SAME, Activation.RELU),
        "conv_3x3_stride_2": _convolution(3, 2, 1, Padding.SAME, Activation.NONE),
        "conv_3x3_dilation_2": _convolution(3, 1, 2, Padding.VALID, Activation.RELU6),
        "depthwise_3x3": _depthwise(3, 1, Padding.SAME),
        "depthwise_5x5_stride_2": _depthwise(5, 2, Padding.VALID),
        "average_pool_2x2": _pool("AVERAGE_POOL_2D", 2, 2, Padding.VALID),
        "average_pool_3x3_same": _pool("AVERAGE_POOL_2D", 3, 1, Padding.SAME),
        "max_pool_3x3": _pool("MAX_POOL_2D", 3, 2, Padding.SAME),
    }
)


@_register("fully_connected")
def _fully_connected(network: Network) -> None:
    ifm = network.input(1, 40)
    generator = np.random.default_rng(0)
    weights = generator.integers(-127, 128, (24, 40), np.int8)
    bias = generator.integers(-(1 << 24), 1 << 24, 24, np.int64)
    kernel = network.constant(weights, Quantization((0.001,), (0,)))
    inputs = ifm, kernel, network.constant(bias, Quantization((_SCALE * 0.001,), (0,)))
    network.apply("FULLY_CONNECTED", inputs, (1, 24), FullyConnectedOptions())


@_register("transpose_conv")
def _transpose_conv(network: Network) -> None:
    ifm = network.input(*_IMAGE)
    weights, bias = _weights(network, (6, 3, 3, 12), 0, ifm, 6)
    shape = network.constant(np.array((1, 18, 14, 6), np.int32))
    inputs = shape, weights, ifm, bias
    network.apply(
        "TRANSPOSE_CONV",
        inputs,
        (1, 18, 14, 6),
        TransposeConvOptions(Padding.SAME, 2, 2),
        quantization=quantized(_SCALE / 2),
    )


def _binary(
    kind: str, options: Options | None, scales: tuple[float, float, float], shapes: tuple[tuple[int, ...], ...] = ()
) -> Draw:
    def build(network: Network) -> None:
        own, other = shapes or (_IMAGE, _IMAGE)
        inputs = (
            network.input(*own, quantization=quantized(scales[0])),
            network.input(*other, quantization=quantized(scales[1])),
        )
        network.apply(kind, inputs, np.broadcast_shapes(own, other), options, quantization=quantized(scales[2]))

    return build


_POWERS = 2.0**-12, 2.0**-13, 2.0**-12
_ODD = 0.00031, 0.00022, 0.00047
_EQUAL = _SCALE, _SCALE, _SCALE
MODELS.update(
    {
        "add": _binary("ADD", AddOptions(pot_scale_int16=False), _ODD),
        "add_equal_scales": _binary("ADD", AddOptions(pot_scale_int16=False), _EQUAL),
        "add_powers_of_two": _binary("ADD", AddOptions(), _POWERS),
        "add_broadcast": _binary("ADD", AddOptions(pot_scale_int16=False), _ODD, (_IMAGE, (1, 1, 1, 12))),
        "add_relu": _binary("ADD", AddOptions(Activation.RELU, pot_scale_int16=False), _ODD),
        "sub": _binary("SUB", SubOptions(pot_scale_int16=False), _ODD),
        "sub_equal_scales": _binary("SUB", SubOptions(pot_scale_int16=False), _EQUAL),
        "sub_powers_of_two": _binary("SUB", SubOptions(), _POWERS),
        "mul": _binary("MUL", MulOptions(), (0.00031, 0.00022, 0.0017)),
        "mul_broadcast": _binary("MUL", MulOptions(), (0.00031, 0.00022, 0.0017), (_IMAGE, (1, 1, 1, 12))),
        "minimum": _binary("MINIMUM", OtherOptions("MaximumMinimumOptions"), _EQUAL),
        "maximum": _binary("MAXIMUM", OtherOptions("MaximumMinimumOptions"), _EQUAL),
    }
)


def _unary(kind: str, options: Options | None = None, scale: float = _SCALE, result: float | None = None) -> Draw:
    def build(network: Network) -> None:
        network.apply(
            kind,
            (network.input(*_IMAGE, quantization=quantized(scale)),),
            _IMAGE,
            options,
            quantization=quantized(result or scale),
        )

    return build


MODELS.update(
    {
        "leaky_relu": _unary("LEAKY_RELU", LeakyReluOptions(0.1), result=_SCALE * 0.9),
        "leaky_relu_equal_scales": _unary("LEAKY_RELU", LeakyReluOptions(0.1)),
        "relu": _unary("RELU"),
        "relu6": _unary("RELU6"),
        "abs": _unary("ABS"),
        "tanh": _unary("TANH", scale=0.00031, result=_SOFTMAX),
        "tanh_power_of_two": _unary("TANH", result=_SOFTMAX),
        "logistic": _unary("LOGISTIC", scale=0.00031, result=_SOFTMAX),
        "logistic_power_of_two": _unary("LOGISTIC", result=_SOFTMAX),
        "exp": _unary("EXP", OtherOptions("ExpOptions"), 0.0001, 0.001),
        "quantize_int16": _unary("QUANTIZE", OtherOptions("QuantizeOptions"), 0.00031, 0.00047),
    }
)


@_register("softmax")
def _softmax(network: Network) -> None:
    network.apply(
        "SOFTMAX", (network.input(1, 6, 20),), (1, 6, 20), SoftmaxOptions(1.0), quantization=quantized(_SOFTMAX)
    )


@_register("softmax_fine")
def _softmax_fine(network: Network) -> None:
    network.apply(
        "SOFTMAX",
        (network.input(1, 30, quantization=quantized(2.0**-15)),),
        (1, 30),
        SoftmaxOptions(1.0),
        quantization=quantized(_SOFTMAX),
    )


@_register("pad")
def _pad(network: Network) -> None:
    amounts = network.constant(np.array(((0, 0), (1, 2), (3, 0), (0, 0)), np.int32))
    network.apply("PAD", (network.input(*_IMAGE), amounts), (1, 12, 10, 12), OtherOptions("PadOptions"))


@_register("mirror_pad")
def _mirror_pad(network: Network) -> None:
    amounts = network.constant(np.array(((0, 0), (1, 1), (2, 2), (0, 0)), np.int32))
    options = OtherOptions("MirrorPadOptions", (("mode", 0),))
    network.apply("MIRROR_PAD", (network.input(*_IMAGE), amounts), (1, 11, 11, 12), options)


@_register("concatenation")
def _concatenation(network: Network) -> None:
    inputs = network.input(*_IMAGE), network.input(1, 9, 7, 5)
    network.apply("CONCATENATION", inputs, (1, 9, 7, 17), ConcatenationOptions(3))


@_register("pack")
def _pack(network: Network) -> None:
    network.apply("PACK", (network.input(4, 6), network.input(4, 6)), (2, 4, 6), PackOptions(2, 0))


@_register("reshape")
def _reshape(network: Network) -> None:
    shape = network.constant(np.array((1, 63, 12), np.int32))
    network.apply("RESHAPE", (network.input(*_IMAGE), shape), (1, 63, 12), ReshapeOptions((1, 63, 12)))


@_register("strided_slice")
def _strided_slice(network: Network) -> None:
    bounds = (network.constant(np.array(values, np.int32)) for values in ((0, 1, 2, 3), (1, 8, 6, 9), (1, 1, 1, 1)))
    network.apply("STRIDED_SLICE", (network.input(*_IMAGE), *bounds), (1, 7, 4, 6), StridedSliceOptions())


@_register("slice")
def _slice(network: Network) -> None:
    bounds = (network.constant(np.array(values, np.int32)) for values in ((0, 1, 2, 3), (1, 7, 4, 6)))
    network.apply("SLICE", (network.input(*_IMAGE), *bounds), (1, 7, 4, 6), OtherOptions("SliceOptions"))


@_register("split")
def _split(network: Network) -> None:
    axis = network.constant(np.array(3, np.int32))
    ifm = network.input(*_IMAGE)
    outputs = tuple(network.tensor((1, 9, 7, 6)) for _ in range(2))
    network.operators.append(Operator("SPLIT", (axis, ifm), outputs, SplitOptions(2)))


@_register("transpose")
def _transpose(network: Network) -> None:
    order = network.constant(np.array((0, 2, 1, 3), np.int32))
    network.apply("TRANSPOSE", (network.input(*_IMAGE), order), (1, 7, 9, 12), OtherOptions("TransposeOptions"))


@_register("mean")
def _mean(network: Network) -> None:
    axes = network.constant(np.array((1, 2), np.int32))
    network.apply(
        "MEAN", (network.input(*_IMAGE), axes), (1, 1, 1, 12), ReducerOptions(True), quantization=quantized(_SCALE / 3)
    )


@_register("reduce_max")
def _reduce_max(network: Network) -> None:
    axes = network.constant(np.array((1, 2), np.int32))
    network.apply("REDUCE_MAX", (network.input(*_IMAGE), axes), (1, 1, 1, 12), ReducerOptions(True))


@_register("resize_nearest")
def _resize_nearest(network: Network) -> None:
    size = network.constant(np.array((18, 14), np.int32))
    network.apply(
        "RESIZE_NEAREST_NEIGHBOR", (network.input(*_IMAGE), size), (1, 18, 14, 12), ResizeNearestNeighborOptions()
    )


@_register("resize_bilinear")
def _resize_bilinear(network: Network) -> None:
    size = network.constant(np.array((18, 14), np.int32))
    network.apply("RESIZE_BILINEAR", (network.input(*_IMAGE), size), (1, 18, 14, 12), ResizeBilinearOptions())


@_register("resize_bilinear_half_pixel")
def _resize_bilinear_half_pixel(network: Network) -> None:
    size = network.constant(np.array((18, 14), np.int32))
    options = ResizeBilinearOptions(half_pixel_centers=True)
    network.apply("RESIZE_BILINEAR", (network.input(*_IMAGE), size), (1, 18, 14, 12), options)


@_register("quantize_to_int8")
def _quantize_to_int8(network: Network) -> None:
    ifm, options = network.input(*_IMAGE), OtherOptions("QuantizeOptions")
    network.apply("QUANTIZE", (ifm,), _IMAGE, options, quantization=quantized(0.07, -5), element=INT8)


@_register("quantize_from_int8")
def _quantize_from_int8(network: Network) -> None:
    ifm = network.input(*_IMAGE, quantization=quantized(0.05, -7), element=INT8)
    network.apply("QUANTIZE", (ifm,), _IMAGE, OtherOptions("QuantizeOptions"), quantization=quantized(0.00047))


@_register("batch_matmul_int8")
def _batch_matmul(network: Network) -> None:
    left = network.input(2, 16, 24, quantization=quantized(0.05, 3), element=INT8)
    right = network.input(2, 24, 10, quantization=quantized(0.03, -6), element=INT8)
    network.apply(
        "BATCH_MATMUL", (left, right), (2, 16, 10), BatchMatMulOptions(), quantization=quantized(0.5, -4), element=INT8
    )


@_register("mirror_pad_int8")
def _mirror_pad_int8(network: Network) -> None:
    amounts = network.constant(np.array(((0, 0), (2, 1), (1, 2), (0, 0)), np.int32))
    ifm, options = network.input(*_IMAGE, element=INT8), OtherOptions("MirrorPadOptions", (("mode", 1),))
    network.apply("MIRROR_PAD", (ifm, amounts), (1, 12, 10, 12), options, element=INT8)


@_register("transpose_uint8")
def _transpose_uint8(network: Network) -> None:
    order = network.constant(np.array((0, 3, 1, 2), np.int32))
    ifm = network.input(1, 4, 4, 16, quantization=quantized(0.1, 128), element=UINT8)
    options = OtherOptions("TransposeOptions")
    network.apply("TRANSPOSE", (ifm, order), (1, 16, 4, 4), options, quantization=quantized(0.1, 128), element=UINT8)


def _sum_uint8(*axes: int) -> Draw:
    def build(network: Network) -> None:
        ifm = network.input(1, 8, 6, 12, quantization=quantized(0.1, 120), element=UINT8)
        shape = [1 if axis in axes else size for axis, size in enumerate((1, 8, 6, 12))]
        operand = network.constant(np.array(axes, np.int32))
        network.apply(
            "SUM", (ifm, operand), shape, ReducerOptions(True), quantization=quantized(0.5, 120), element=UINT8
        )

    return build


MODELS.update({"sum_uint8": _sum_uint8(3), "sum_uint8_axes": _sum_uint8(1, 2)})


@_register("neg_int8")
def _neg_int8(network: Network) -> None:
    ifm = network.input(*_IMAGE, quantization=quantized(0.1, -8), element=INT8)
    network.apply("NEG", (ifm,), _IMAGE, OtherOptions("NegOptions"), quantization=quantized(0.1, -8), element=INT8)


@_register("network")
def _network(network: Network) -> None:
    """A residual block, a pool and a classifier."""
    ifm = network.input(*_IMAGE)
    weights, bias = _weights(network, (12, 3, 3, 12), 0, ifm, 12)
    options = Conv2DOptions(Padding.SAME, 1, 1, Activation.RELU, 1, 1)
    first = network.apply("CONV_2D", (ifm, weights, bias), _IMAGE, options, quantization=quantized(0.0003))
    both = network.apply("ADD", (ifm, first), _IMAGE, AddOptions(pot_scale_int16=False), quantization=quantized(0.0004))
    pooled = network.apply(
        "MAX_POOL_2D", (both,), (1, 4, 3, 12), Pool2DOptions(Padding.VALID, 2, 2, 2, 2), quantization=quantized(0.0004)
    )
    weights, bias = _weights(network, (10, 4, 3, 12), 0, pooled, 10)
    options = Conv2DOptions(Padding.VALID, 1, 1, Activation.NONE, 1, 1)
    logits = network.apply("CONV_2D", (pooled, weights, bias), (1, 1, 1, 10), options)
    flat = network.constant(np.array((1, 10), np.int32))
    flattened = network.apply("RESHAPE", (logits, flat), (1, 10), ReshapeOptions((1, 10)))
    network.apply("SOFTMAX", (flattened,), (1, 10), SoftmaxOptions(1.0), quantization=quantized(_SOFTMAX))
