"""Models of one operator that no file at hand has: 16-bit activations, and a few with 8 bits.

16-bit models have int8 weights per channel, an int64 bias and zero points of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph import (
    Activation,
    AddOptions,
    BatchMatMulOptions,
    Buffer,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
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
    Subgraph,
    SubOptions,
    Tensor,
    TransposeConvOptions,
)
from npufit.stacks import PlaceOptions, Target
from npufit.stacks.vela import compile_model
from npufit.tflite import parse_model

VELA = Target("imx93", "vela", "5.2")

INT8, INT16, INT32, INT64 = ElementType.INT8, ElementType.INT16, ElementType.INT32, ElementType.INT64
_SCALE = 1 / 4096
_SOFTMAX = 1 / 32768
_IMAGE = (1, 9, 7, 12)

Values = npt.NDArray[Any]
Draw = Callable[["Sketch"], None]


@dataclass
class Sketch:
    """A model under construction. Every method returns the index of the tensor that it adds."""

    tensors: list[Tensor] = field(default_factory=list[Tensor])
    operators: list[Operator] = field(default_factory=list[Operator])
    inputs: list[int] = field(default_factory=list[int])

    def tensor(
        self, shape: Sequence[int], scale: float = _SCALE, element: ElementType = INT16, zero_point: int = 0
    ) -> int:
        """Add a tensor that nobody writes yet."""
        quantization = Quantization((scale,), (zero_point,))
        self.tensors.append(Tensor(f"t{len(self.tensors)}", tuple(shape), element, quantization))
        return len(self.tensors) - 1

    def input(self, *shape: int, scale: float = _SCALE, element: ElementType = INT16, zero_point: int = 0) -> int:
        """Add an input."""
        self.inputs.append(self.tensor(shape or _IMAGE, scale, element, zero_point))
        return self.inputs[-1]

    def constant(self, values: Values, quantization: Quantization | None = None) -> int:
        """Add a constant."""
        element = ElementType(str(values.dtype))
        kind = quantization or Quantization()
        self.tensors.append(Tensor(f"t{len(self.tensors)}", values.shape, element, kind, Buffer(values.tobytes())))
        return len(self.tensors) - 1

    def weights(self, shape: Sequence[int], axis: int, ifm: int, bias_depth: int) -> tuple[int, int]:
        """Add random weights, quantized per channel along `axis`, and a bias of 64 bits."""
        generator = np.random.default_rng(sum(shape))
        channels = shape[axis]
        scales = generator.uniform(0.2, 1.0, channels) / 127 / np.sqrt(np.prod(shape) / channels)
        weights = generator.integers(-127, 128, shape, np.int8)
        kernel = self.constant(weights, Quantization(tuple(scales), (0,) * channels, axis))
        bias = generator.integers(-(1 << 24), 1 << 24, bias_depth, np.int64)
        scale = self.tensors[ifm].quantization.scale
        return kernel, self.constant(bias, Quantization(tuple(scale * scales), (0,) * channels))

    def apply(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        options: Options | None = None,
        scale: float = _SCALE,
        element: ElementType = INT16,
        zero_point: int = 0,
    ) -> int:
        """Add an operator with one output."""
        output = self.tensor(shape, scale, element, zero_point)
        self.operators.append(Operator(kind, tuple(inputs), (output,), options))
        return output

    def model(self, name: str) -> Model:
        """Return the model; what nobody reads is an output."""
        read = {index for operator in self.operators for index in operator.inputs}
        written = [index for operator in self.operators for index in operator.outputs]
        outputs = tuple(index for index in written if index not in read)
        return Model(name, (Subgraph(tuple(self.tensors), tuple(self.inputs), outputs, tuple(self.operators)),))


def compiled_with_names(model: Model) -> Model:
    """Return what Vela makes of `model`, with the names that the user's own Vela would have kept."""
    compiled = parse_model(compile_model(model, VELA, PlaceOptions()).compiled, "compiled")
    tensors = list(compiled.main.tensors)
    for index, tensor in enumerate(tensors):
        if tensor.name.startswith("#0."):
            tensors[index] = replace(tensor, name=model.main.tensors[int(tensor.name[3:])].name)
    return replace(compiled, subgraphs=(replace(compiled.main, tensors=tuple(tensors)),))


MODELS: dict[str, Draw] = {}
"""How each model is drawn, by name; 16 bits unless it says otherwise."""


def draw(name: str) -> Model:
    """Return the model called `name`."""
    sketch = Sketch()
    MODELS[name](sketch)
    return sketch.model(name)


def _register(name: str) -> Callable[[Draw], Draw]:
    def keep(draw: Draw) -> Draw:
        MODELS[name] = draw
        return draw

    return keep


def _convolution(kernel: int, stride: int, dilation: int, padding: Padding, activation: Activation) -> Draw:
    def build(sketch: Sketch) -> None:
        ifm = sketch.input()
        weights, bias = sketch.weights((10, kernel, kernel, 12), 0, ifm, 10)
        shape = _window(kernel, stride, dilation, padding, 10)
        options = Conv2DOptions(padding, stride, stride, activation, dilation, dilation)
        sketch.apply("CONV_2D", (ifm, weights, bias), shape, options, _SCALE / 2)

    return build


def _depthwise(kernel: int, stride: int, padding: Padding) -> Draw:
    def build(sketch: Sketch) -> None:
        ifm = sketch.input()
        weights, bias = sketch.weights((1, kernel, kernel, 12), 3, ifm, 12)
        shape = _window(kernel, stride, 1, padding, 12)
        options = DepthwiseConv2DOptions(padding, stride, stride, 1, Activation.NONE, 1, 1)
        sketch.apply("DEPTHWISE_CONV_2D", (ifm, weights, bias), shape, options, _SCALE / 2)

    return build


def _window(kernel: int, stride: int, dilation: int, padding: Padding, depth: int) -> tuple[int, ...]:
    lost = (kernel - 1) * dilation if padding is Padding.VALID else 0
    height, width = (-(-(size - lost) // stride) for size in _IMAGE[1:3])
    return 1, height, width, depth


def _pool(kind: str, kernel: int, stride: int, padding: Padding) -> Draw:
    def build(sketch: Sketch) -> None:
        options = Pool2DOptions(padding, stride, stride, kernel, kernel)
        sketch.apply(kind, (sketch.input(),), _window(kernel, stride, 1, padding, 12), options)

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
def _fully_connected(sketch: Sketch) -> None:
    ifm = sketch.input(1, 40)
    generator = np.random.default_rng(0)
    weights = generator.integers(-127, 128, (24, 40), np.int8)
    bias = generator.integers(-(1 << 24), 1 << 24, 24, np.int64)
    kernel = sketch.constant(weights, Quantization((0.001,), (0,)))
    inputs = ifm, kernel, sketch.constant(bias, Quantization((_SCALE * 0.001,), (0,)))
    sketch.apply("FULLY_CONNECTED", inputs, (1, 24), FullyConnectedOptions())


@_register("transpose_conv")
def _transpose_conv(sketch: Sketch) -> None:
    ifm = sketch.input()
    weights, bias = sketch.weights((6, 3, 3, 12), 0, ifm, 6)
    shape = sketch.constant(np.array((1, 18, 14, 6), np.int32))
    inputs = shape, weights, ifm, bias
    sketch.apply("TRANSPOSE_CONV", inputs, (1, 18, 14, 6), TransposeConvOptions(Padding.SAME, 2, 2), _SCALE / 2)


def _binary(
    kind: str, options: Options | None, scales: tuple[float, float, float], shapes: tuple[tuple[int, ...], ...] = ()
) -> Draw:
    def build(sketch: Sketch) -> None:
        own, other = shapes or (_IMAGE, _IMAGE)
        inputs = sketch.input(*own, scale=scales[0]), sketch.input(*other, scale=scales[1])
        sketch.apply(kind, inputs, np.broadcast_shapes(own, other), options, scales[2])

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
    def build(sketch: Sketch) -> None:
        sketch.apply(kind, (sketch.input(scale=scale),), _IMAGE, options, scale if result is None else result)

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
def _softmax(sketch: Sketch) -> None:
    sketch.apply("SOFTMAX", (sketch.input(1, 6, 20),), (1, 6, 20), SoftmaxOptions(1.0), _SOFTMAX)


@_register("softmax_fine")
def _softmax_fine(sketch: Sketch) -> None:
    sketch.apply("SOFTMAX", (sketch.input(1, 30, scale=2.0**-15),), (1, 30), SoftmaxOptions(1.0), _SOFTMAX)


@_register("pad")
def _pad(sketch: Sketch) -> None:
    amounts = sketch.constant(np.array(((0, 0), (1, 2), (3, 0), (0, 0)), np.int32))
    sketch.apply("PAD", (sketch.input(), amounts), (1, 12, 10, 12), OtherOptions("PadOptions"))


@_register("mirror_pad")
def _mirror_pad(sketch: Sketch) -> None:
    amounts = sketch.constant(np.array(((0, 0), (1, 1), (2, 2), (0, 0)), np.int32))
    options = OtherOptions("MirrorPadOptions", (("mode", 0),))
    sketch.apply("MIRROR_PAD", (sketch.input(), amounts), (1, 11, 11, 12), options)


@_register("concatenation")
def _concatenation(sketch: Sketch) -> None:
    inputs = sketch.input(), sketch.input(1, 9, 7, 5)
    sketch.apply("CONCATENATION", inputs, (1, 9, 7, 17), ConcatenationOptions(3))


@_register("pack")
def _pack(sketch: Sketch) -> None:
    sketch.apply("PACK", (sketch.input(4, 6), sketch.input(4, 6)), (2, 4, 6), PackOptions(2, 0))


@_register("reshape")
def _reshape(sketch: Sketch) -> None:
    shape = sketch.constant(np.array((1, 63, 12), np.int32))
    sketch.apply("RESHAPE", (sketch.input(), shape), (1, 63, 12), ReshapeOptions((1, 63, 12)))


@_register("strided_slice")
def _strided_slice(sketch: Sketch) -> None:
    bounds = (sketch.constant(np.array(values, np.int32)) for values in ((0, 1, 2, 3), (1, 8, 6, 9), (1, 1, 1, 1)))
    sketch.apply("STRIDED_SLICE", (sketch.input(), *bounds), (1, 7, 4, 6), StridedSliceOptions())


@_register("slice")
def _slice(sketch: Sketch) -> None:
    bounds = (sketch.constant(np.array(values, np.int32)) for values in ((0, 1, 2, 3), (1, 7, 4, 6)))
    sketch.apply("SLICE", (sketch.input(), *bounds), (1, 7, 4, 6), OtherOptions("SliceOptions"))


@_register("split")
def _split(sketch: Sketch) -> None:
    axis = sketch.constant(np.array(3, np.int32))
    ifm = sketch.input()
    outputs = tuple(sketch.tensor((1, 9, 7, 6)) for _ in range(2))
    sketch.operators.append(Operator("SPLIT", (axis, ifm), outputs, SplitOptions(2)))


@_register("transpose")
def _transpose(sketch: Sketch) -> None:
    order = sketch.constant(np.array((0, 2, 1, 3), np.int32))
    sketch.apply("TRANSPOSE", (sketch.input(), order), (1, 7, 9, 12), OtherOptions("TransposeOptions"))


@_register("mean")
def _mean(sketch: Sketch) -> None:
    axes = sketch.constant(np.array((1, 2), np.int32))
    sketch.apply("MEAN", (sketch.input(), axes), (1, 1, 1, 12), ReducerOptions(True), _SCALE / 3)


@_register("reduce_max")
def _reduce_max(sketch: Sketch) -> None:
    axes = sketch.constant(np.array((1, 2), np.int32))
    sketch.apply("REDUCE_MAX", (sketch.input(), axes), (1, 1, 1, 12), ReducerOptions(True))


@_register("resize_nearest")
def _resize_nearest(sketch: Sketch) -> None:
    size = sketch.constant(np.array((18, 14), np.int32))
    sketch.apply("RESIZE_NEAREST_NEIGHBOR", (sketch.input(), size), (1, 18, 14, 12), ResizeNearestNeighborOptions())


@_register("resize_bilinear")
def _resize_bilinear(sketch: Sketch) -> None:
    size = sketch.constant(np.array((18, 14), np.int32))
    sketch.apply("RESIZE_BILINEAR", (sketch.input(), size), (1, 18, 14, 12), ResizeBilinearOptions())


@_register("resize_bilinear_half_pixel")
def _resize_bilinear_half_pixel(sketch: Sketch) -> None:
    size = sketch.constant(np.array((18, 14), np.int32))
    options = ResizeBilinearOptions(half_pixel_centers=True)
    sketch.apply("RESIZE_BILINEAR", (sketch.input(), size), (1, 18, 14, 12), options)


@_register("quantize_to_int8")
def _quantize_to_int8(sketch: Sketch) -> None:
    ifm, options = sketch.input(), OtherOptions("QuantizeOptions")
    sketch.apply("QUANTIZE", (ifm,), _IMAGE, options, 0.07, INT8, -5)


@_register("quantize_from_int8")
def _quantize_from_int8(sketch: Sketch) -> None:
    ifm = sketch.input(*_IMAGE, scale=0.05, element=INT8, zero_point=-7)
    sketch.apply("QUANTIZE", (ifm,), _IMAGE, OtherOptions("QuantizeOptions"), 0.00047)


@_register("batch_matmul_int8")
def _batch_matmul(sketch: Sketch) -> None:
    left = sketch.input(2, 16, 24, scale=0.05, element=INT8, zero_point=3)
    right = sketch.input(2, 24, 10, scale=0.03, element=INT8, zero_point=-6)
    sketch.apply("BATCH_MATMUL", (left, right), (2, 16, 10), BatchMatMulOptions(), 0.5, INT8, -4)


@_register("mirror_pad_int8")
def _mirror_pad_int8(sketch: Sketch) -> None:
    amounts = sketch.constant(np.array(((0, 0), (2, 1), (1, 2), (0, 0)), np.int32))
    ifm, options = sketch.input(element=INT8), OtherOptions("MirrorPadOptions", (("mode", 1),))
    sketch.apply("MIRROR_PAD", (ifm, amounts), (1, 12, 10, 12), options, element=INT8)


@_register("transpose_uint8")
def _transpose_uint8(sketch: Sketch) -> None:
    order = sketch.constant(np.array((0, 3, 1, 2), np.int32))
    ifm = sketch.input(1, 4, 4, 16, scale=0.1, element=ElementType.UINT8, zero_point=128)
    options = OtherOptions("TransposeOptions")
    sketch.apply("TRANSPOSE", (ifm, order), (1, 16, 4, 4), options, 0.1, ElementType.UINT8, 128)


def _sum_uint8(*axes: int) -> Draw:
    def build(sketch: Sketch) -> None:
        ifm = sketch.input(1, 8, 6, 12, scale=0.1, element=ElementType.UINT8, zero_point=120)
        shape = [1 if axis in axes else size for axis, size in enumerate((1, 8, 6, 12))]
        operand = sketch.constant(np.array(axes, np.int32))
        sketch.apply("SUM", (ifm, operand), shape, ReducerOptions(True), 0.5, ElementType.UINT8, 120)

    return build


MODELS.update({"sum_uint8": _sum_uint8(3), "sum_uint8_axes": _sum_uint8(1, 2)})


@_register("neg_int8")
def _neg_int8(sketch: Sketch) -> None:
    ifm = sketch.input(scale=0.1, element=INT8, zero_point=-8)
    sketch.apply("NEG", (ifm,), _IMAGE, OtherOptions("NegOptions"), 0.1, INT8, -8)


@_register("network")
def _network(sketch: Sketch) -> None:
    """A residual block, a pool and a classifier."""
    ifm = sketch.input()
    weights, bias = sketch.weights((12, 3, 3, 12), 0, ifm, 12)
    options = Conv2DOptions(Padding.SAME, 1, 1, Activation.RELU, 1, 1)
    first = sketch.apply("CONV_2D", (ifm, weights, bias), _IMAGE, options, 0.0003)
    both = sketch.apply("ADD", (ifm, first), _IMAGE, AddOptions(pot_scale_int16=False), 0.0004)
    pooled = sketch.apply("MAX_POOL_2D", (both,), (1, 4, 3, 12), Pool2DOptions(Padding.VALID, 2, 2, 2, 2), 0.0004)
    weights, bias = sketch.weights((10, 4, 3, 12), 0, pooled, 10)
    options = Conv2DOptions(Padding.VALID, 1, 1, Activation.NONE, 1, 1)
    logits = sketch.apply("CONV_2D", (pooled, weights, bias), (1, 1, 1, 10), options)
    flat = sketch.constant(np.array((1, 10), np.int32))
    flattened = sketch.apply("RESHAPE", (logits, flat), (1, 10), ReshapeOptions((1, 10)))
    sketch.apply("SOFTMAX", (flattened,), (1, 10), SoftmaxOptions(1.0), _SOFTMAX)
