"""One operator as Teflon sees it: four dimensions, the first scale, the constants."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import copysign, inf

from npufit.formatting import shorten
from npufit.graph import (
    Activation,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Subgraph,
    Tensor,
    fused_activation,
)
from npufit.stacks.delegates.located_operator import LocatedOperator
from npufit.stacks.teflon.release import Release

POOLS = frozenset({"AVERAGE_POOL_2D", "MAX_POOL_2D"})

Dimensions = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Node(LocatedOperator):
    """An operator as the rules of Teflon read it."""

    @property
    def activation(self) -> Activation:
        """The fused activation."""
        return fused_activation(self.operator.options)

    @property
    def strides(self) -> tuple[int, int]:
        """Stride in height and width; 1, 1 for operators that have none."""
        options = self.operator.options
        return getattr(options, "stride_h", 1), getattr(options, "stride_w", 1)

    @property
    def dilation(self) -> tuple[int, int]:
        """Dilation in height and width as Teflon reads it: only from operator version 2 on."""
        options = self.operator.options
        if self.operator.version < 2 or not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)):
            return 1, 1
        return options.dilation_h_factor, options.dilation_w_factor

    @property
    def concatenation_axis(self) -> int:
        """The axis of a CONCATENATION as the file writes it, which may be negative."""
        options = self.operator.options
        return options.axis if isinstance(options, ConcatenationOptions) else 0

    @staticmethod
    def name_of(tensor: Tensor) -> str:
        """Return the name of `tensor` in a printable form."""
        return shorten(tensor.name)


def nodes_of(subgraph: Subgraph) -> tuple[Node, ...]:
    """Return every operator of `subgraph` as a node, in order."""
    return tuple(Node(subgraph, index, operator) for index, operator in enumerate(subgraph.operators))


def four_dimensions(tensor: Tensor) -> Dimensions:
    """Return the shape of `tensor` as Mesa holds it: right-aligned in four dimensions, leading ones added.

    Of a shape with more than four dimensions only the last four are kept; an unknown shape counts as that of a scalar.
    """
    shape = tensor.shape or ()
    n, h, w, c = (1, 1, 1, 1, *shape)[-4:]
    return n, h, w, c


def round_to_float32(value: float) -> float:
    """Return `value` rounded to 32-bit floating point, in which Teflon computes real ranges."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return copysign(inf, value)


def integer_range(tensor: Tensor) -> tuple[int, int] | None:
    """Return the lowest and highest value of an integer tensor, None for other elements."""
    if not tensor.element.value.startswith(("int", "uint")):
        return None
    return tensor.element.integer_range


def real_maximum(tensor: Tensor, channel: int = 0) -> float:
    """Return the largest real value that an integer tensor can hold, computed in 32-bit floats as Teflon does."""
    quantization = tensor.quantization
    highest = tensor.element.integer_range[1]
    points = quantization.zero_points or (0,)
    zero_point = points[channel] if channel < len(points) else points[0]
    scale = quantization.scales[channel] if channel < len(quantization.scales) else quantization.scale
    return round_to_float32((highest - zero_point) * scale)


def real_minimum(tensor: Tensor) -> float:
    """Return the smallest real value that an integer tensor can hold."""
    quantization = tensor.quantization
    return round_to_float32((tensor.element.integer_range[0] - quantization.zero_point) * quantization.scale)


def is_per_channel(tensor: Tensor | None, release: Release) -> bool:
    """Return whether Mesa of `release` takes `tensor` as per-channel.

    Differing scales always count; until 26.0 differing zero points count as well.
    """
    if tensor is None:
        return False
    if tensor.quantization.is_per_channel:
        return True
    points = tensor.quantization.zero_points
    return release <= Release.M26_0 and any(point != points[0] for point in points)


def clamp_is_implied(activation: Activation, tensor: Tensor) -> bool:
    """Return whether the range of an integer tensor already has the effect of `activation`.

    A dropped ReLU does no harm if the smallest integer stands for zero: the value saturates there.
    """
    if activation is Activation.NONE:
        return True
    limits = integer_range(tensor)
    if limits is None or not tensor.quantization.scales:
        return False
    at_zero = tensor.quantization.zero_point == limits[0]
    if activation is Activation.RELU:
        return at_zero
    if activation is Activation.RELU6:
        return at_zero and real_maximum(tensor) <= 6.0
    if activation is Activation.RELU_N1_TO_1:
        return real_minimum(tensor) >= -1.0 and real_maximum(tensor) <= 1.0
    return False


def flattens_input(node: Node) -> bool:
    """Return whether a FULLY_CONNECTED joins rows or pixels of its input, and so reads it as one run of elements.

    Source: `ethosu_lower.c` of 26.2 (pop-os/mesa @aee40d4a5b8c).
    """
    ifm, weights, ofm = node.input(0), node.input(1), node.output
    if node.type != "FULLY_CONNECTED" or ifm is None or weights is None or ofm is None:
        return False
    (_, height, width, depth), (_, out_height, out_width, _) = four_dimensions(ifm), four_dimensions(ofm)
    return four_dimensions(weights)[3] != depth or out_height != 1 or out_width != height * width
