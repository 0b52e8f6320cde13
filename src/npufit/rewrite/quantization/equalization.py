"""Cross-layer equalization: scaling channels between two convolutions so that one weight scale suffices for both.

The output of the first convolution in a channel is divided by a factor, and the second one multiplies its input in that
channel by the same factor. Without rounding and clamping nothing changes, because RELU and no activation at all commute
with a positive factor. The quantization of the tensor between them stays, so a factor is bounded: the channel must stay
within the range of the tensor, and RELU6, which clamps all channels at 6, must have nothing to clamp in it.

The idea is Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019. There RELU6
becomes RELU; here it stays, and so do channels observed near its bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.graph import CONVOLUTIONS, Activation, Tensor, fused_activation
from npufit.graph.arrays import Reals
from npufit.rewrite.arithmetic import clamp_of
from npufit.rewrite.quantization.observed_ranges import ChannelRanges
from npufit.rewrite.quantization.weighted_operators import WEIGHTED_OPERATORS
from npufit.rewrite.surgery import Editor

_HOMOGENEOUS = (Activation.NONE, Activation.RELU, Activation.RELU6)
_ROUNDS = 20
_SMALLEST, _LARGEST = 1e-3, 1e3
_NOTHING = 1e-9
"""The relative range below which the weights of a channel count as zero: it is constant, and any factor is valid."""


@dataclass(slots=True)
class Layer:
    """The real weights of one operator, and its bias if any, while they are equalized."""

    kind: str
    weights: Reals
    bias: Reals | None

    def output_ranges(self) -> Reals:
        """Return the largest absolute weight of each output channel."""
        axis = WEIGHTED_OPERATORS[self.kind].channels
        return np.abs(self.weights).max(axis=tuple(other for other in range(self.weights.ndim) if other != axis))

    def input_ranges(self) -> Reals:
        """Return the largest absolute weight for each input channel."""
        return np.abs(self.weights).max(axis=(0, 1, 2))

    def scale_outputs(self, factors: Reals) -> None:
        """Multiply each output channel by its factor."""
        shape = [1] * self.weights.ndim
        shape[WEIGHTED_OPERATORS[self.kind].channels] = -1
        self.weights = self.weights * factors.reshape(shape)
        self.bias = None if self.bias is None else self.bias * factors

    def scale_inputs(self, factors: Reals) -> None:
        """Multiply the weights for each input channel by its factor."""
        self.weights = self.weights * factors


@dataclass(frozen=True, slots=True)
class Pair:
    """Two convolutions with a tensor between them that only the second one reads.

    `fixed` channels keep their factor of 1; `least` is the smallest factor at which a channel stays in its range.
    """

    first: int
    second: int
    tensor: int
    fixed: npt.NDArray[np.bool_]
    least: Reals


def find_pairs(
    editor: Editor, layers: Mapping[int, Layer], seen: Mapping[int, ChannelRanges], headroom: float
) -> tuple[Pair, ...]:
    """Return the pairs among `layers` (by operator); `seen` has the observed values of the tensors between them.

    `headroom` is how many times the observed values must fit into the range of the tensor.
    """
    return tuple(pair for index in layers if (pair := _pair_behind(editor, index, layers, seen, headroom)) is not None)


def equalize(layers: Mapping[int, Layer], pairs: Sequence[Pair]) -> dict[int, Reals]:
    """Scale the weights of `layers` in place; return the divisor of each tensor between them, per channel."""
    factors = {pair.tensor: np.ones(pair.least.size) for pair in pairs}
    for _ in range(_ROUNDS):
        for pair in pairs:
            first, second = layers[pair.first], layers[pair.second]
            writing, reading = _relative(first.output_ranges()), _relative(second.input_ranges())
            old = factors[pair.tensor]
            wanted = np.clip(old * np.sqrt(writing / reading), pair.least, _LARGEST)
            new = np.where(pair.fixed, 1.0, wanted)
            first.scale_outputs(old / new)
            second.scale_inputs(new / old)
            factors[pair.tensor] = new
    return factors


def _relative(ranges: Reals) -> Reals:
    return np.maximum(ranges / max(float(ranges.max(initial=0.0)), 1e-30), _NOTHING)


def _pair_behind(
    editor: Editor, index: int, layers: Mapping[int, Layer], seen: Mapping[int, ChannelRanges], headroom: float
) -> Pair | None:
    operator = editor.operator(index)
    result = operator.outputs[0]
    readers = editor.consumers(result)
    if operator.type not in CONVOLUTIONS or result in editor.outputs or len(readers) != 1 or result not in seen:
        return None
    reader = editor.operator(readers[0])
    if readers[0] not in layers or reader.type not in CONVOLUTIONS or reader.inputs.count(result) != 1:
        return None
    first, second = layers[index], layers[readers[0]]
    activation = fused_activation(operator.options)
    channels = first.output_ranges().size
    # A depthwise convolution with a depth multiplier has more weights on this axis than it reads channels.
    if activation not in _HOMOGENEOUS or second.weights.shape[3] != channels or reader.inputs[0] != result:
        return None
    ends = _real_range(editor.tensor(result), activation)
    if ends is None:
        return None
    return Pair(index, readers[0], result, *_bounds(seen[result], ends, headroom))


def _real_range(tensor: Tensor, activation: Activation) -> tuple[float, float] | None:
    clamp = clamp_of(activation, tensor)
    if clamp is None:
        return None
    return tensor.quantization.real(clamp[0]), tensor.quantization.real(clamp[1])


def _bounds(seen: ChannelRanges, ends: tuple[float, float], headroom: float) -> tuple[npt.NDArray[np.bool_], Reals]:
    """Return which channels must stay, because they come near an end of their range, and the least factors."""
    below = seen.lowest * headroom / ends[0] if ends[0] < 0 else np.zeros_like(seen.lowest)
    above = seen.highest * headroom / ends[1] if ends[1] > 0 else np.ones_like(seen.highest)
    share = np.maximum(below, above)
    return share >= 1.0, np.clip(share, _SMALLEST, 1.0)
