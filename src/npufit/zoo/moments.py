"""Estimates of a network's values: mean and variance of each channel, computed without running it.

Weights and quantization ranges follow from them, so that a random network neither dies nor saturates. Averaged over
independent zero-mean weights, the variance of a weighted sum is the weighted sum of the variances whatever the
correlation of the inputs; so the estimates hold through any number of layers. Before an activation, values are assumed
to be normally distributed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[Any]]

WINDOW_CORRELATION = 0.5
"""Assumed correlation of neighbouring pixels under a pooling window: between noise (0) and a photograph (near 1)."""

_NODES = 15
"""Points of the quadrature; with it the mean of a kinked activation is good to 0.01 deviations."""

_GREATEST_OF = {1: (0.0, 1.0), 4: (1.03, 0.49), 9: (1.49, 0.36), 25: (1.97, 0.26)}
"""Mean and variance of the greatest of n independent standard normal numbers (order statistics)."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and variance of every channel of a tensor."""

    mean: Floats
    variance: Floats

    def bounds(self, deviations: float) -> tuple[float, float]:
        """Return the lowest and the highest value within `deviations` standard deviations of any channel's mean."""
        import numpy as np

        reach = deviations * np.sqrt(self.variance)
        return float((self.mean - reach).min()), float((self.mean + reach).max())


def constant_moments(mean: float, variance: float, channels: int) -> Moments:
    """Return the same mean and variance for each of `channels` channels."""
    import numpy as np

    return Moments(np.full(channels, mean, np.float32), np.full(channels, variance, np.float32))


def join_moments(parts: Sequence[Moments]) -> Moments:
    """Return the moments of tensors that are concatenated along their channels."""
    import numpy as np

    return Moments(np.concatenate([part.mean for part in parts]), np.concatenate([part.variance for part in parts]))


def add_moments(first: Moments, second: Moments) -> Moments:
    """Return the moments of the sum of two independent tensors."""
    return Moments(first.mean + second.mean, first.variance + second.variance)


def multiply_moments(first: Moments, second: Moments) -> Moments:
    """Return the moments of the product of two independent tensors."""
    mean = first.mean * second.mean
    square = (first.mean**2 + first.variance) * (second.mean**2 + second.variance)
    return Moments(mean, _positive(square - mean * mean))


def transform_moments(moments: Moments, function: Callable[[Floats], Floats]) -> Moments:
    """Return the moments of `function` of normally distributed values, by Gauss-Hermite quadrature."""
    import numpy as np
    from numpy.polynomial.hermite_e import hermegauss

    nodes, weights = hermegauss(_NODES)
    weights = (weights / weights.sum()).astype(np.float32)
    deviation = np.sqrt(_positive(moments.variance))
    values = function(moments.mean[:, np.newaxis] + deviation[:, np.newaxis] * nodes.astype(np.float32))
    mean = weighted_sums(values, weights)
    return Moments(mean, _positive(weighted_sums(values * values, weights) - mean * mean))


def weighted_sums(rows: Floats, weights: Floats) -> Floats:
    """Return the sum of each row times `weights`, to the last bit the same on every computer.

    A matrix product is not: its library adds in an order that suits the processor.
    """
    return (rows * weights).sum(axis=-1)


def evenly(function: Callable[[Floats], Floats], values: Floats) -> Floats:
    """Return `function` of values of 32 bits, the same on every computer: computed in 64, where processors differ."""
    import numpy as np

    return function(values.astype(np.float64)).astype(np.float32)


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function of each value."""
    import numpy as np

    return 1 / (1 + evenly(np.exp, -values))


def swish(values: Floats) -> Floats:
    """Return each value times its logistic function."""
    return values * sigmoid(values)


def hard_swish(values: Floats) -> Floats:
    """Return each value x times min(max(x + 3, 0), 6) / 6."""
    import numpy as np

    return values * np.clip(values + 3, 0, 6) / 6


def leaky_relu(values: Floats, slope: float) -> Floats:
    """Return each value, the negative ones times `slope`."""
    import numpy as np

    return np.where(values < 0, slope * values, values)


def rectify_moments(moments: Moments, ceiling: float | None = None) -> Moments:
    """Return the moments after ReLU, or after a clamp to [0, ceiling], of normally distributed values."""
    mean, square = _rectified(moments.mean, moments.variance)
    if ceiling is not None:
        # min(max(x, 0), c) = max(x, 0) - max(x - c, 0); where the second term is positive the first one is it plus c.
        above, above_square = _rectified(moments.mean - ceiling, moments.variance)
        mean, square = mean - above, square - above_square - 2 * ceiling * above
    return Moments(mean, _positive(square - mean * mean))


def greatest_moments(moments: Moments, window: int) -> Moments:
    """Return the moments of the greatest of `window` (1, 4, 9 or 25) neighbours."""
    import numpy as np

    mean, variance = _GREATEST_OF[window]
    spread = (1 - WINDOW_CORRELATION) * moments.variance
    return Moments(moments.mean + mean * np.sqrt(spread), WINDOW_CORRELATION * moments.variance + variance * spread)


def average_moments(moments: Moments, window: int) -> Moments:
    """Return the moments of the average over `window` pixels."""
    kept = WINDOW_CORRELATION + (1 - WINDOW_CORRELATION) / window
    return Moments(moments.mean, moments.variance * kept)


def _rectified(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return mean and mean square of max(x, 0) for normal x."""
    import numpy as np

    deviation = np.sqrt(_positive(variance))
    ratio = mean / deviation
    density = evenly(np.exp, -0.5 * ratio * ratio) / sqrt(2 * pi)
    # The normal distribution function by the tanh approximation known from GELU, good to 0.001.
    share = 0.5 * (1 + evenly(np.tanh, sqrt(2 / pi) * (ratio + 0.044715 * ratio * ratio * ratio)))
    return mean * share + deviation * density, (mean * mean + variance) * share + mean * deviation * density


def _positive(variance: Floats) -> Floats:
    import numpy as np

    return np.maximum(variance, np.float32(1e-8))
