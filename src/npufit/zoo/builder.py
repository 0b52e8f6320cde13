"""Networks drawn operator by operator.

Each method appends one layer to a draft and returns its output as a `Signal`, which is passed to the next one.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from npufit.graph import (
    CUSTOM,
    NO_BUFFER,
    Activation,
    AddOptions,
    Buffer,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    FullyConnectedOptions,
    LeakyReluOptions,
    MulOptions,
    Operator,
    Options,
    OtherOptions,
    PackOptions,
    Padding,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    SoftmaxOptions,
    StridedSliceOptions,
    Subgraph,
    Tensor,
    infer_shapes,
    same_padding,
)
from npufit.zoo.draft import Activations, AsIs, Bias, Dialect, Draft, DraftTensor, Parameter, Role, Weights
from npufit.zoo.moments import (
    Moments,
    add_moments,
    average_moments,
    constant_moments,
    greatest_moments,
    hard_swish,
    join_moments,
    leaky_relu,
    multiply_moments,
    rectify_moments,
    sigmoid,
    swish,
    transform_moments,
)
from npufit.zoo.randomness import NumberSource
from npufit.zoo.weights import TARGETS, LayerWeights, Target, channel_targets, dense_weights, depthwise_weights

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats

RANGE_DEVIATIONS = 4.0
"""How many standard deviations of its most extreme channel a tensor's range covers."""

HIGHEST_BYTE = 127 / 128
"""The value of 255 if a byte means (byte - 128) / 128, as in the quantized files of TF1."""

PROBABILITIES = (0.0, 255 / 256)
"""The range that TFLite fixes for SOFTMAX and LOGISTIC: 1/256 per step."""

LEAST_HARD_SWISH = -0.375
LEAST_SWISH = -0.2785
"""The least values of x * min(max(x + 3, 0), 6) / 6 and of x * sigmoid(x)."""

_SUFFIX = {Activation.NONE: "BiasAdd", Activation.RELU: "Relu", Activation.RELU6: "Relu6"}
_CEILING = {Activation.RELU: None, Activation.RELU6: 6.0}


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A tensor under construction: its index in the draft, its shape and its estimated moments."""

    index: int
    shape: tuple[int, ...]
    moments: Moments

    @property
    def depth(self) -> int:
        """The number of channels."""
        return self.shape[-1]


@dataclass(frozen=True, slots=True)
class ExplicitPadding:
    """Zeros before a VALID window, written as a PAD operator called `name`, or folded into SAME."""

    name: str
    rows: tuple[int, int]
    columns: tuple[int, int]


Border = Padding | ExplicitPadding

Sides = int | tuple[int, int]
"""Height and width of a window or of its steps; one number is a square."""


class GraphBuilder:
    """Appends layers to a draft. `scope` is the first part of the name of every tensor."""

    def __init__(self, dialect: Dialect, scope: str, *, fold_padding: bool = False) -> None:
        self.draft = Draft(dialect)
        self.scope = scope
        self._fold_padding = fold_padding
        self._numbers = NumberSource()
        self._integer_constants: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}

    def image(self, size: tuple[int, int], name: str, *, highest: float = 1.0) -> Signal:
        """Return the input: an RGB image of the given height and width with values in -1..`highest`."""
        shape = (1, *size, 3)
        index = self._tensor(Tensor(name, shape, ElementType.FLOAT32), Activations(-1.0, highest))
        self.draft.inputs.append(index)
        return Signal(index, shape, constant_moments(0.0, 0.25, 3))

    def vector(self, shape: tuple[int, ...], name: str, *, low: float = -1.0, high: float = 1.0) -> Signal:
        """Return an input of any shape, channels last and without the batch, with values in low..high."""
        index = self._tensor(Tensor(name, (1, *shape), ElementType.FLOAT32), Activations(low, high))
        self.draft.inputs.append(index)
        return Signal(index, (1, *shape), constant_moments((low + high) / 2, ((high - low) / 4) ** 2, shape[-1]))

    def outputs(self, *signals: Signal) -> None:
        """Make `signals` the outputs of the network."""
        self.draft.outputs.extend(signal.index for signal in signals)

    def convolution(
        self,
        ifm: Signal,
        depth: int,
        name: str,
        *,
        kernel: Sides = 1,
        stride: Sides = 1,
        border: Border = Padding.SAME,
        activation: Activation = Activation.NONE,
        target: Target | None = None,
        clamp_is_implied: bool = True,
    ) -> Signal:
        """Append CONV_2D, with a PAD before it if `border` is explicit, and return the output.

        `clamp_is_implied` is false if the old converter measured the output's range before the activation.
        """
        ifm, padding = self._bordered(ifm, border, kernel, stride)
        shape = (depth, *_pair(kernel), ifm.depth)
        weights = dense_weights(self._numbers, shape, ifm.moments, target or TARGETS[activation])
        stride_h, stride_w = _pair(stride)
        options = Conv2DOptions(padding, stride_w, stride_h, activation)
        return self._weighted("CONV_2D", ifm, weights, 0, name, options, clamp_is_implied=clamp_is_implied)

    def depthwise(
        self,
        ifm: Signal,
        name: str,
        *,
        kernel: int = 3,
        stride: int = 1,
        multiplier: int = 1,
        dilation: int = 1,
        border: Border = Padding.SAME,
        activation: Activation = Activation.NONE,
        target: Target | None = None,
    ) -> Signal:
        """Append DEPTHWISE_CONV_2D, with a PAD before it if `border` is explicit, and return the output."""
        ifm, padding = self._bordered(ifm, border, kernel, stride)
        weights = depthwise_weights(self._numbers, kernel, multiplier, ifm.moments, target or TARGETS[activation])
        options = DepthwiseConv2DOptions(padding, stride, stride, multiplier, activation, dilation, dilation)
        return self._weighted("DEPTHWISE_CONV_2D", ifm, weights, 3, name, options)

    def fully_connected(
        self,
        ifm: Signal,
        depth: int,
        name: str,
        *,
        activation: Activation = Activation.NONE,
        target: Target | None = None,
    ) -> Signal:
        """Append FULLY_CONNECTED and return the output."""
        weights = dense_weights(self._numbers, (depth, ifm.depth), ifm.moments, target or TARGETS[activation])
        return self._weighted("FULLY_CONNECTED", ifm, weights, 0, name, FullyConnectedOptions(activation))

    def add(self, first: Signal, second: Signal, name: str, *, activation: Activation = Activation.NONE) -> Signal:
        """Append ADD of two tensors and return the sum after its activation, NONE or RELU."""
        moments = add_moments(first.moments, second.moments)
        bounds = None
        if activation is Activation.RELU:
            bounds, moments = (0.0, moments.bounds(RANGE_DEVIATIONS)[1]), rectify_moments(moments)
        return self._layer("ADD", (first, second), name, AddOptions(activation), moments, bounds)

    def multiply(self, first: Signal, second: Signal, name: str, *, lowest: float | None = None) -> Signal:
        """Append MUL of two tensors and return the product; `lowest` is the least value if known."""
        moments = multiply_moments(first.moments, second.moments)
        low, high = moments.bounds(RANGE_DEVIATIONS)
        corners = [x * y for x in self._range(first) for y in self._range(second)]
        bounds = max(low, min(corners)) if lowest is None else lowest, min(high, max(corners))
        return self._layer("MUL", (first, second), name, MulOptions(), moments, bounds)

    def scale(self, ifm: Signal, factor: float, name: str) -> Signal:
        """Append MUL by one positive number and return the product."""
        import numpy as np

        index = self.parameter(np.array(factor, np.float32), f"{name}/factor")
        moments = Moments(ifm.moments.mean * factor, ifm.moments.variance * factor**2)
        low, high = self._range(ifm)
        return self._layer("MUL", (ifm, index), name, MulOptions(), moments, (low * factor, high * factor))

    def shift(self, ifm: Signal, offset: float, name: str) -> Signal:
        """Append ADD of one number and return the sum."""
        import numpy as np

        index = self.parameter(np.array(offset, np.float32), f"{name}/offset")
        moments = Moments(ifm.moments.mean + offset, ifm.moments.variance)
        low, high = self._range(ifm)
        return self._layer("ADD", (ifm, index), name, AddOptions(), moments, (low + offset, high + offset))

    def hard_swish(self, ifm: Signal, name: str) -> Signal:
        """Append HARD_SWISH and return the output."""
        moments = transform_moments(ifm.moments, hard_swish)
        return self._layer("HARD_SWISH", (ifm,), name, None, moments, (LEAST_HARD_SWISH, self._range(ifm)[1]))

    def swish(self, ifm: Signal, name: str) -> Signal:
        """Append LOGISTIC and MUL, as converters write swish, and return the output."""
        product = self.multiply(ifm, self.logistic(ifm, f"{name}/Sigmoid"), f"{name}/mul", lowest=LEAST_SWISH)
        return replace(product, moments=transform_moments(ifm.moments, swish))

    def leaky_relu(self, ifm: Signal, slope: float, name: str) -> Signal:
        """Append LEAKY_RELU and return the output."""
        moments = transform_moments(ifm.moments, partial(leaky_relu, slope=slope))
        low, high = self._range(ifm)
        return self._layer("LEAKY_RELU", (ifm,), name, LeakyReluOptions(slope), moments, (low * slope, high))

    def normalisation(self, ifm: Signal, name: str) -> Signal:
        """Append a batch normalisation that no convolution could absorb, with ReLU: MUL and ADD by constants."""
        import numpy as np

        goal = channel_targets(self._numbers, ifm.depth, TARGETS[Activation.RELU])
        gain = np.sqrt(goal.variance / ifm.moments.variance)
        scaled_mean = gain * ifm.moments.mean
        gain_index = self.parameter(gain, f"{name}/mul/gain")
        scaled = self._layer("MUL", (ifm, gain_index), f"{name}/mul", MulOptions(), Moments(scaled_mean, goal.variance))
        offset_index = self.parameter(goal.mean - scaled_mean, f"{name}/add/offset")
        options = AddOptions(Activation.RELU)
        bounds = (0.0, goal.bounds(RANGE_DEVIATIONS)[1])
        return self._layer("ADD", (scaled, offset_index), f"{name}/Relu", options, rectify_moments(goal), bounds)

    def max_pool(self, ifm: Signal, name: str, *, kernel: int, stride: int, border: Border = Padding.SAME) -> Signal:
        """Append MAX_POOL_2D, with a PAD before it if `border` is explicit, and return the output."""
        ifm, padding = self._bordered(ifm, border, kernel, stride, foldable=False)
        options = Pool2DOptions(padding, stride, stride, kernel, kernel)
        moments = greatest_moments(ifm.moments, kernel * kernel)
        return self._same_scale("MAX_POOL_2D", (ifm,), f"{name}/MaxPool", options, moments)

    def average_pool(
        self,
        ifm: Signal,
        name: str,
        *,
        kernel: Sides,
        stride: Sides,
        padding: Padding = Padding.SAME,
    ) -> Signal:
        """Append AVERAGE_POOL_2D, over height and width or a square, and return the output."""
        (height, width), (stride_h, stride_w) = _pair(kernel), _pair(stride)
        options = Pool2DOptions(padding, stride_w, stride_h, width, height)
        moments = average_moments(ifm.moments, height * width)
        return self._same_scale("AVERAGE_POOL_2D", (ifm,), f"{name}/AvgPool", options, moments)

    def spatial_mean(self, ifm: Signal, name: str, *, keep_dims: bool) -> Signal:
        """Append MEAN over height and width and return the output."""
        axes = self._integers((1, 2), f"{name}/reduction_indices")
        moments = average_moments(ifm.moments, ifm.shape[1] * ifm.shape[2])
        low, high = moments.bounds(RANGE_DEVIATIONS)
        bounds = (max(low, self._range(ifm)[0]), high)
        return self._layer("MEAN", (ifm, axes), f"{name}/Mean", ReducerOptions(keep_dims), moments, bounds)

    def concatenation(self, parts: Sequence[Signal], name: str, *, axis: int = 3) -> Signal:
        """Append CONCATENATION and return the output."""
        moments = join_moments([part.moments for part in parts]) if axis == 3 else parts[0].moments
        options = ConcatenationOptions(axis)
        if self.draft.dialect is Dialect.TOCO:
            return self._layer("CONCATENATION", parts, name, options, moments, self._common_range(parts))
        return self._same_scale("CONCATENATION", parts, name, options, moments)

    def reshape(self, ifm: Signal, shape: tuple[int, ...], name: str) -> Signal:
        """Append RESHAPE and return the output; with a dynamic batch, also the computation of the new shape."""
        if self.draft.dialect is Dialect.KERAS:
            wanted = self._shape_at_run_time(ifm, shape[1:], name)
        else:
            wanted = self._integers(shape, f"{name}/shape")
        options = ReshapeOptions(shape) if self.draft.dialect is Dialect.TOCO else None
        return self._same_scale("RESHAPE", (ifm, wanted), f"{name}/Reshape", options, ifm.moments, shape)

    def flatten(self, ifm: Signal, name: str) -> Signal:
        """Append RESHAPE to batch and channels, as converters write Keras' Flatten, and return the output."""
        count = prod(ifm.shape[1:])
        wanted = self._integers((-1, count), f"{name}/Const")
        places = count // ifm.depth
        moments = join_moments([ifm.moments] * places)
        return self._same_scale("RESHAPE", (ifm, wanted), f"{name}/Reshape", None, moments, (1, count))

    def softmax(self, ifm: Signal, name: str) -> Signal:
        """Append SOFTMAX and return the probabilities."""
        return self._layer("SOFTMAX", (ifm,), name, SoftmaxOptions(1.0), ifm.moments, PROBABILITIES)

    def logistic(self, ifm: Signal, name: str) -> Signal:
        """Append LOGISTIC and return the probabilities."""
        moments = transform_moments(ifm.moments, sigmoid)
        return self._layer("LOGISTIC", (ifm,), name, None, moments, PROBABILITIES)

    def dequantize(self, ifm: Signal, name: str) -> Signal:
        """Append DEQUANTIZE and return a tensor that stays float."""
        return replace(ifm, index=self._append("DEQUANTIZE", (ifm.index,), name, None, AsIs.AS_IS))

    def parameter(self, values: Floats, name: str) -> int:
        """Append a constant that is quantized like an activation and return its index."""
        return self._constant(values.shape, name, Parameter(values))

    def float_constant(self, values: Floats, name: str) -> int:
        """Append a constant that stays float and return its index."""
        return self._constant(values.shape, name, AsIs.AS_IS, Buffer(values.data.cast("B")))

    def custom(
        self, code: str, options: bytes, inputs: Sequence[int], outputs: Sequence[tuple[str, tuple[int, ...]]]
    ) -> None:
        """Append a custom operator that ends the network; its outputs, names and shapes, are float."""
        indices = tuple(self._tensor(Tensor(name, shape, ElementType.FLOAT32), AsIs.AS_IS) for name, shape in outputs)
        self.draft.operators.append(Operator(CUSTOM, tuple(inputs), indices, custom_code=code, custom_options=options))
        self.draft.outputs.extend(indices)

    def _bordered(
        self, ifm: Signal, border: Border, kernel: Sides, stride: Sides, *, foldable: bool = True
    ) -> tuple[Signal, Padding]:
        """Return the input and the padding of a window operator, after appending PAD if needed."""
        if isinstance(border, Padding):
            return ifm, border
        same = tuple(map(same_padding, ifm.shape[1:3], _pair(kernel), _pair(stride)))
        if foldable and self._fold_padding and same == (border.rows, border.columns):
            return ifm, Padding.SAME
        amounts = self._integers((0, 0, *border.rows, *border.columns, 0, 0), f"{border.name}/paddings", (4, 2))
        options = OtherOptions("PadOptions")
        return self._same_scale("PAD", (ifm, amounts), f"{border.name}/Pad", options, ifm.moments), Padding.VALID

    def _weighted(
        self,
        kind: str,
        ifm: Signal,
        weights: LayerWeights,
        axis: int,
        name: str,
        options: Conv2DOptions | DepthwiseConv2DOptions | FullyConnectedOptions,
        *,
        clamp_is_implied: bool = True,
    ) -> Signal:
        """Append a layer with weights, whose output channels lie along `axis`, and a bias; return the output."""
        activation = options.fused_activation_function
        moments, bounds = weights.moments, weights.moments.bounds(RANGE_DEVIATIONS)
        if activation is not Activation.NONE:
            ceiling = _CEILING[activation]
            moments = rectify_moments(moments, ceiling)
            if self.draft.dialect is not Dialect.TOCO:
                bounds = 0.0, ceiling or bounds[1]
            elif clamp_is_implied:
                bounds = 0.0, ceiling or bounds[1]
                options = replace(options, fused_activation_function=Activation.NONE)
        # TFLiteConverter 2.15 quantizes matrices per tensor.
        role = Weights(weights.values, axis, may_be_per_channel=kind != "FULLY_CONNECTED")
        weights_index = self._constant(weights.values.shape, f"{name}/weights", role)
        bias_role = Bias(weights.bias, ifm.index, weights_index)
        bias_index = self._constant(weights.bias.shape, f"{name}/bias", bias_role)
        inputs = (ifm, weights_index, bias_index)
        return self._layer(kind, inputs, f"{name}/{_SUFFIX[activation]}", options, moments, bounds)

    def _layer(
        self,
        kind: str,
        inputs: Sequence[Signal | int],
        name: str,
        options: Options | None,
        moments: Moments,
        bounds: tuple[float, float] | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> Signal:
        """Append an operator; if `bounds` does not give its output's range, the moments do."""
        role = Activations(*(bounds or moments.bounds(RANGE_DEVIATIONS)))
        indices = tuple(entry.index if isinstance(entry, Signal) else entry for entry in inputs)
        index = self._append(kind, indices, name, options, role, shape)
        shape = self.draft.tensors[index].tensor.shape
        assert shape is not None
        return Signal(index, shape, moments)

    def _same_scale(
        self,
        kind: str,
        inputs: Sequence[Signal | int],
        name: str,
        options: Options | None,
        moments: Moments,
        shape: tuple[int, ...] | None = None,
    ) -> Signal:
        """Append an operator that copies or selects values, so that its output has the scale of its inputs."""
        signals = [entry for entry in inputs if isinstance(entry, Signal)]
        output = self._layer(kind, inputs, name, options, moments, self._common_range(signals), shape)
        self.draft.tied.append((output.index, *(signal.index for signal in signals)))
        return output

    def _append(
        self,
        kind: str,
        inputs: tuple[int, ...],
        name: str,
        options: Options | None,
        role: Role,
        shape: tuple[int, ...] | None = None,
        element: ElementType = ElementType.FLOAT32,
    ) -> int:
        """Append an operator with one output and return the output's index; the graph's rules give its shape."""
        output = Tensor(self._full_name(name), shape, element)
        if shape is None:
            operands = tuple(self.draft.tensors[index].tensor for index in inputs)
            alone = Operator(kind, tuple(range(len(inputs))), (len(inputs),), options)
            output = infer_shapes(Subgraph((*operands, output), (), (), (alone,))).tensors[-1]
        index = self._tensor(output, role)
        self.draft.operators.append(Operator(kind, inputs, (index,), options))
        return index

    def _shape_at_run_time(self, ifm: Signal, sizes: tuple[int, ...], name: str) -> int:
        """Append what Keras needs to keep a dynamic batch (SHAPE, STRIDED_SLICE and PACK); return the shape's index."""

        def append(kind: str, inputs: tuple[int, ...], part: str, options: Options, shape: tuple[int, ...]) -> int:
            return self._append(kind, inputs, f"{name}/{part}", options, AsIs.AS_IS, shape, ElementType.INT32)

        shape = append(
            "SHAPE", (ifm.index,), "Shape", OtherOptions("ShapeOptions", (("out_type", 2),)), (len(ifm.shape),)
        )
        zero = self._integers((0,), f"{name}/strided_slice/stack")
        one = self._integers((1,), f"{name}/strided_slice/stack_1")
        first = (shape, zero, one, one)
        batch = append("STRIDED_SLICE", first, "strided_slice", StridedSliceOptions(shrink_axis_mask=1), ())
        rest = tuple(self._integers((size,), f"{name}/shape/{place}", ()) for place, size in enumerate(sizes, 1))
        count = 1 + len(sizes)
        return append("PACK", (batch, *rest), "shape", PackOptions(count, 0), (count,))

    def _integers(self, values: tuple[int, ...], name: str, shape: tuple[int, ...] | None = None) -> int:
        """Return the index of an int32 constant, which equal constants share."""
        shape = (len(values),) if shape is None else shape
        index = self._integer_constants.get((values, shape))
        if index is None:
            buffer = Buffer(array("i", values).tobytes())
            tensor = Tensor(self._full_name(name), shape, ElementType.INT32, buffer=buffer)
            index = self._integer_constants[values, shape] = self._tensor(tensor, AsIs.AS_IS)
        return index

    def _constant(self, shape: tuple[int, ...], name: str, role: Role, buffer: Buffer = NO_BUFFER) -> int:
        tensor = Tensor(self._full_name(name), shape, ElementType.FLOAT32, buffer=buffer)
        return self._tensor(replace(tensor, has_rank=not shape), role)

    def _tensor(self, tensor: Tensor, role: Role) -> int:
        self.draft.tensors.append(DraftTensor(tensor, role))
        return len(self.draft.tensors) - 1

    def _range(self, signal: Signal) -> tuple[float, float]:
        role = self.draft.tensors[signal.index].role
        assert isinstance(role, Activations)
        return role.low, role.high

    def _common_range(self, signals: Sequence[Signal]) -> tuple[float, float]:
        lows, highs = zip(*map(self._range, signals), strict=True)
        return min(lows), max(highs)

    def _full_name(self, name: str) -> str:
        return f"{self.scope}/{name}" if self.scope else name


def _pair(sides: Sides) -> tuple[int, int]:
    """Return height and width; one number is a square."""
    return (sides, sides) if isinstance(sides, int) else sides
