"""Weights and biases that keep a layer active, from estimates of its inputs.

Weights are random. Each output channel is scaled to the desired deviation; the bias removes the estimated mean. Batch
normalisation does the same in a trained network before it is folded into the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npufit.graph import Activation
from npufit.zoo.moments import Moments, evenly, weighted_sums
from npufit.zoo.randomness import NumberSource
from npufit.zoo.remembered import Layer, LayerMemory, WeightValues

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats

GAIN_SPREAD = 0.3
"""Standard deviation of the logarithm of a channel's gain, so that the scales of channels differ as in real files."""

OFFSET_SPREAD = 0.3
"""Standard deviation of a channel's mean, in units of the layer's deviation."""

CENTERED_FROM = 16
"""Weights are centered from this number of input channels on; fewer leave too little freedom."""

_MEMORY = LayerMemory()


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a layer's sums before the activation: the mean of its channels and their deviation."""

    mean: float
    deviation: float


TARGETS = {
    Activation.NONE: Target(0.0, 1.0),
    Activation.RELU: Target(0.25, 1.0),
    Activation.RELU6: Target(0.75, 1.5),
}
"""Above the kink in the middle, far below 6 at the top."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """The weights and the bias of a layer, and the moments of its values before the activation."""

    values: WeightValues
    bias: Floats
    moments: Moments


def dense_weights(numbers: NumberSource, shape: tuple[int, ...], ifm: Moments, target: Target) -> LayerWeights:
    """Return weights for a convolution or matrix product: output channels first in `shape`, input channels last."""
    return _drawn_once(numbers, shape, ifm, target, lambda: _draw_dense(numbers, shape, ifm, target))


def _draw_dense(
    numbers: NumberSource, shape: tuple[int, ...], ifm: Moments, target: Target
) -> tuple[Floats, Floats, Moments]:
    import numpy as np

    rows = numbers.draw(shape[0], int(np.prod(shape[1:])))
    taps = rows.shape[1] // shape[-1]
    mean, variance = np.tile(ifm.mean, taps), np.tile(ifm.variance, taps)
    if shape[-1] >= CENTERED_FROM:
        rows = _centered(rows, np.sqrt(variance))
    goal = channel_targets(numbers, shape[0], target)
    gain = np.sqrt(goal.variance / weighted_sums(rows * rows, variance))
    bias = goal.mean - gain * weighted_sums(rows, mean)
    return (rows * gain[:, np.newaxis]).reshape(shape), bias, goal


def depthwise_weights(
    numbers: NumberSource, kernel: int, multiplier: int, ifm: Moments, target: Target
) -> LayerWeights:
    """Return weights for a depthwise convolution, of shape 1 x kernel x kernel x output channels."""
    shape = 1, kernel, kernel, len(ifm.mean) * multiplier
    return _drawn_once(numbers, shape, ifm, target, lambda: _draw_depthwise(numbers, shape, multiplier, ifm, target))


def _draw_depthwise(
    numbers: NumberSource, shape: tuple[int, ...], multiplier: int, ifm: Moments, target: Target
) -> tuple[Floats, Floats, Moments]:
    import numpy as np

    mean, variance = np.repeat(ifm.mean, multiplier), np.repeat(ifm.variance, multiplier)
    values = numbers.draw(*shape)
    taps = values.reshape(-1, len(mean))
    goal = channel_targets(numbers, len(mean), target)
    gain = np.sqrt(goal.variance / ((taps * taps).sum(axis=0) * variance))
    return values * gain, goal.mean - gain * taps.sum(axis=0) * mean, goal


def channel_targets(numbers: NumberSource, depth: int, target: Target) -> Moments:
    """Return mean and variance for each of `depth` channels, scattered around the target as in trained networks."""
    import numpy as np

    gains, offsets = numbers.draw(2, depth)
    deviation = np.float32(target.deviation) * evenly(np.exp, np.float32(GAIN_SPREAD) * gains)
    mean = np.float32(target.mean) + np.float32(OFFSET_SPREAD * target.deviation) * offsets
    return Moments(mean, deviation * deviation)


def _drawn_once(
    numbers: NumberSource,
    shape: tuple[int, ...],
    ifm: Moments,
    target: Target,
    draw: Callable[[], tuple[Floats, Floats, Moments]],
) -> LayerWeights:
    """Return what `draw` does, or remember it; `numbers` go on after it in any case."""
    place = numbers.place
    key = place, shape, target, ifm.mean.tobytes(), ifm.variance.tobytes()
    layer = _MEMORY.find(key)
    values: Floats | None = None
    if layer is None:
        values, bias, moments = draw()
        layer = _MEMORY.add(key, Layer(bias, moments, numbers.place))
    else:
        numbers.move_to(layer.place_after)

    def make() -> Floats:
        if values is not None:
            return values
        after = numbers.place
        numbers.move_to(place)
        again, _, _ = draw()
        numbers.move_to(after)
        return again

    return LayerWeights(WeightValues(shape, make, layer.forms), layer.bias, layer.moments)


def _centered(rows: Floats, direction: Floats) -> Floats:
    """Return the rows without their component along `direction`, the deviations of the inputs.

    If an image has more or less contrast than expected, the means of all channels move along that direction; rows
    orthogonal to it do not pass the shift on.
    """
    import numpy as np

    unit = direction / np.sqrt(weighted_sums(direction, direction))
    return rows - np.outer(weighted_sums(rows, unit), unit)
