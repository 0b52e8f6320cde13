"""The operators that detectors and segmenters need beyond the layers of classification networks.

Most of them move values: slices, transpositions, resizing. The others are arithmetic on two tensors, activations that
no convolution absorbs, and the transposed convolution.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from npufit.graph import (
    Activation,
    AddOptions,
    Conv2DOptions,
    ElementType,
    MulOptions,
    Operator,
    OtherOptions,
    Padding,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    SplitOptions,
    StridedSliceOptions,
    SubOptions,
    Tensor,
    TransposeConvOptions,
)
from npufit.zoo.builder import Border, GraphBuilder, Signal
from npufit.zoo.draft import Activations, AsIs, Bias, Parameter, Weights
from npufit.zoo.moments import Moments, add_moments, join_moments, leaky_relu, transform_moments
from npufit.zoo.remembered import WeightValues
from npufit.zoo.weights import LayerWeights, Target, dense_weights

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats

_SILU = Target(0.5, 1.5)
"""The scale of convolutions before SiLU: most values in its bend, few in its flat part."""

_INT64 = 4
"""The schema's number of the type."""

_LEAKY = Target(0.25, 1.0)

_SLOPE, _SLOPE_DEVIATION = 0.2, 0.04
"""The spread of PRELU's slopes. They stay positive, because the numbers are bounded at 3.5 deviations."""


class ShapingBuilder(GraphBuilder):
    """A builder with the operators of detectors and segmenters."""

    def silu_convolution(
        self, ifm: Signal, depth: int, name: str, *, kernel: int = 1, stride: int = 1, border: Border = Padding.SAME
    ) -> Signal:
        """Append CONV_2D, and LOGISTIC and MUL as its activation; return the product."""
        sums = self.convolution(ifm, depth, name, kernel=kernel, stride=stride, border=border, target=_SILU)
        return self.swish(sums, name)

    def leaky_convolution(
        self, ifm: Signal, depth: int, name: str, *, kernel: int = 1, stride: int = 1, border: Border = Padding.SAME
    ) -> Signal:
        """Append CONV_2D and LEAKY_RELU with a slope of 0.1, and return its output."""
        sums = self.convolution(ifm, depth, name, kernel=kernel, stride=stride, border=border, target=_LEAKY)
        return self.leaky_relu(sums, 0.1, f"{name}/LeakyRelu")

    def prelu(self, ifm: Signal, name: str) -> Signal:
        """Append PRELU with a slope for each channel, and return its output."""
        slopes = _SLOPE + _SLOPE_DEVIATION * self._numbers.draw(1, 1, ifm.depth)
        index = self.parameter(slopes, f"{name}/alpha")
        moments = transform_moments(ifm.moments, partial(leaky_relu, slope=float(slopes.mean())))
        low, high = self._range(ifm)
        return self._layer("PRELU", (ifm, index), f"{name}/PReLU", None, moments, (low * float(slopes.max()), high))

    def pad_channels(self, ifm: Signal, depth: int, name: str) -> Signal:
        """Append PAD with zeros after the last channel up to `depth`, and return the output."""
        import numpy as np

        added = depth - ifm.depth
        amounts = self._integers((0, 0, 0, 0, 0, 0, 0, added), f"{name}/paddings", (4, 2))
        none = np.zeros(added, np.float32)
        moments = join_moments([ifm.moments, Moments(none, none)])
        options, shape = OtherOptions("PadOptions"), (*ifm.shape[:-1], depth)
        return self._same_scale("PAD", (ifm, amounts), f"{name}/ChannelPad", options, moments, shape)

    def fixed_convolution(self, ifm: Signal, values: Floats, moments: Moments, name: str) -> Signal:
        """Append a 1x1 CONV_2D with the given weights and a zero bias; `moments` are those of its output."""
        import numpy as np

        source = WeightValues(values.shape, lambda: values)
        weights = LayerWeights(source, np.zeros(len(values), np.float32), moments)
        return self._weighted("CONV_2D", ifm, weights, 0, name, Conv2DOptions(Padding.SAME, 1, 1))

    def transposed_convolution(self, ifm: Signal, depth: int, name: str, *, scale: int = 2) -> Signal:
        """Append TRANSPOSE_CONV with a bias, whose kernel and stride are both `scale`; return the enlarged map."""
        batch, height, width, _ = ifm.shape
        shape = (batch, height * scale, width * scale, depth)
        weights = dense_weights(self._numbers, (depth, 1, 1, ifm.depth), ifm.moments, Target(0.0, 1.0))
        values = weights.values.array.repeat(scale, axis=1).repeat(scale, axis=2)
        source = WeightValues(values.shape, lambda: values)
        weights_index = self._constant(values.shape, f"{name}/weights", Weights(source, 0))
        bias_index = self._constant(weights.bias.shape, f"{name}/bias", Bias(weights.bias, ifm.index, weights_index))
        inputs = (self._integers(shape, f"{name}/output_shape"), weights_index, ifm, bias_index)
        options = TransposeConvOptions(Padding.VALID, scale, scale)
        return self._layer("TRANSPOSE_CONV", inputs, name, options, weights.moments)

    def subtract(self, first: Signal | int, second: Signal, name: str) -> Signal:
        """Append SUB of two tensors, the first perhaps a constant, and return the difference."""
        return self._binary("SUB", first, second, name)

    def add_ranges(self, first: Signal, second: Signal, name: str) -> Signal:
        """Append ADD of two tensors whose values depend on each other: its range is the sum of theirs."""
        return self._binary("ADD", first, second, name)

    def add_constant(self, ifm: Signal, values: Floats, name: str) -> Signal:
        """Append ADD of a constant and return the sum."""
        return self._binary("ADD", ifm, self.parameter(values, f"{name}/values"), name)

    def multiply_by(self, ifm: Signal, values: Floats, name: str) -> Signal:
        """Append MUL by a constant that is not negative and return the product."""
        index = self.parameter(values, f"{name}/values")
        ends = [end * factor for end in self._range(ifm) for factor in (float(values.min()), float(values.max()))]
        factor = values.mean()
        moments = Moments(ifm.moments.mean * factor, ifm.moments.variance * factor * factor)
        return self._layer("MUL", (ifm, index), name, MulOptions(), moments, (min(ends), max(ends)))

    def requantize(self, ifm: Signal, name: str, bounds: tuple[float, float] | None = None) -> Signal:
        """Append QUANTIZE, which frees the output from the scale of the input; float files have none."""
        return self._layer("QUANTIZE", (ifm,), name, None, ifm.moments, bounds or self._range(ifm))

    def second_half(self, ifm: Signal, name: str) -> Signal:
        """Append SPLIT of the channels into two halves, the first of which is unused, and return the second."""
        axis = self._integers((len(ifm.shape) - 1,), f"{name}/split_dim", ())
        shape = (*ifm.shape[:-1], ifm.depth // 2)
        halves = tuple(
            self._tensor(Tensor(self._full_name(f"{name}:{half}"), shape, ElementType.FLOAT32), self._role(ifm))
            for half in range(2)
        )
        self.draft.operators.append(Operator("SPLIT", (axis, ifm.index), halves, SplitOptions(2)))
        self.draft.tied.append((ifm.index, *halves))
        moments = Moments(ifm.moments.mean[ifm.depth // 2 :], ifm.moments.variance[ifm.depth // 2 :])
        return Signal(halves[1], shape, moments)

    def part(self, ifm: Signal, axis: int, first: int, last: int, name: str) -> Signal:
        """Append STRIDED_SLICE of `first` to `last` (excluded) along one axis and return the part."""
        rank = len(ifm.shape)
        begin, end = ([0] * rank for _ in range(2))
        begin[axis], end[axis] = first, last
        others = (1 << rank) - 1 - (1 << axis)
        options = StridedSliceOptions(begin_mask=others if first else others | 1 << axis, end_mask=others)
        bounds = tuple(
            self._integers(tuple(values), f"{name}/{suffix}")
            for values, suffix in ((begin, "begin"), (end, "end"), ([1] * rank, "strides"))
        )
        moments = ifm.moments
        if len(moments.mean) == ifm.shape[axis]:
            moments = Moments(moments.mean[first:last], moments.variance[first:last])
        return self._same_scale("STRIDED_SLICE", (ifm, *bounds), name, options, moments)

    def transpose(self, ifm: Signal, order: tuple[int, ...], name: str) -> Signal:
        """Append TRANSPOSE and return the output; its moments stay in the order of the channels."""
        permutation = self._integers(order, f"{name}/perm")
        return self._same_scale("TRANSPOSE", (ifm, permutation), name, OtherOptions("TransposeOptions"), ifm.moments)

    def flatten_channels_first(self, ifm: Signal, name: str) -> Signal:
        """Append TRANSPOSE and RESHAPE to a vector in PyTorch's order, all positions of one channel after another."""
        _, height, width, depth = ifm.shape
        channels_first = self.transpose(ifm, (0, 3, 1, 2), f"{name}/transpose")
        flat = self.reshape(channels_first, (1, depth * height * width), name)
        places = height * width
        moments = Moments(ifm.moments.mean.repeat(places), ifm.moments.variance.repeat(places))
        return replace(flat, moments=moments)

    def resize_nearest(self, ifm: Signal, size: tuple[int, int], name: str) -> Signal:
        """Append RESIZE_NEAREST_NEIGHBOR to `size`, height and width, and return the output."""
        options = ResizeNearestNeighborOptions(half_pixel_centers=True)
        return self._resize("RESIZE_NEAREST_NEIGHBOR", ifm, size, name, options)

    def resize_bilinear(self, ifm: Signal, size: tuple[int, int], name: str, *, align_corners: bool = False) -> Signal:
        """Append RESIZE_BILINEAR to `size`, height and width, and return the output.

        If corners are not aligned, the centres of pixels are.
        """
        options = ResizeBilinearOptions(align_corners, half_pixel_centers=not align_corners)
        return self._resize("RESIZE_BILINEAR", ifm, size, name, options)

    def argmax_output(self, ifm: Signal, name: str) -> None:
        """Append ARG_MAX over the channels, a map of int64, and make it an output of the network."""
        axis = self._integers((len(ifm.shape) - 1,), f"{name}/dimension", ())
        options = OtherOptions("ArgMaxOptions", (("output_type", _INT64),))
        shape, element = ifm.shape[:-1], ElementType.INT64
        index = self._append("ARG_MAX", (ifm.index, axis), name, options, AsIs.AS_IS, shape, element)
        self.draft.outputs.append(index)

    def _role(self, ifm: Signal) -> Activations:
        return Activations(*self._range(ifm))

    def _resize(
        self,
        kind: str,
        ifm: Signal,
        size: tuple[int, int],
        name: str,
        options: ResizeNearestNeighborOptions | ResizeBilinearOptions,
    ) -> Signal:
        return self._same_scale(kind, (ifm, self._integers(size, f"{name}/size")), name, options, ifm.moments)

    def _binary(self, kind: str, first: Signal | int, second: Signal | int, name: str) -> Signal:
        """Append ADD or SUB of two tensors, one perhaps a constant, and return the output."""
        sign = -1 if kind == "SUB" else 1
        options = SubOptions() if kind == "SUB" else AddOptions(Activation.NONE)
        (low, high), others = self._extent(first), sorted(sign * end for end in self._extent(second))
        parts = [entry.moments for entry in (first, second) if isinstance(entry, Signal)]
        moments = add_moments(parts[0], parts[1]) if len(parts) == 2 else parts[0]
        return self._layer(kind, (first, second), name, options, moments, (low + others[0], high + others[1]))

    def _extent(self, entry: Signal | int) -> tuple[float, float]:
        """Return the range of a tensor or a constant."""
        if isinstance(entry, Signal):
            return self._range(entry)
        role = self.draft.tensors[entry].role
        assert isinstance(role, Parameter)
        return float(role.values.min()), float(role.values.max())
