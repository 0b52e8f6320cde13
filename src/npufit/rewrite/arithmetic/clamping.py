"""The integer bounds of a fused activation, as LiteRT computes them."""

from __future__ import annotations

import numpy as np

from npufit.graph import Activation, Tensor

_BOUNDS: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}

CLAMPING_OPERATORS = {"RELU": Activation.RELU, "RELU6": Activation.RELU6, "RELU_N1_TO_1": Activation.RELU_N1_TO_1}
"""The operators equivalent to a fused activation."""


def clamp_of(activation: Activation, tensor: Tensor) -> tuple[int, int] | None:
    """Return the least and the largest integer of an 8-bit `tensor` after `activation`.

    None for activations that do more than clamp, and for other tensors. A bound is divided by the scale in 32-bit
    floats and rounded to the nearest, halves away from zero.
    """
    bounds = _BOUNDS.get(activation)
    if bounds is None or not tensor.element.is_8_bit or len(tensor.quantization.scales) != 1:
        return None
    if not 0 < tensor.quantization.scale < float("inf"):
        return None
    lowest, highest = tensor.element.integer_range
    low = lowest if bounds[0] is None else max(lowest, _quantize(bounds[0], tensor))
    high = highest if bounds[1] is None else min(highest, _quantize(bounds[1], tensor))
    return low, high


def _quantize(real: float, tensor: Tensor) -> int:
    steps = np.float32(real) / np.float32(tensor.quantization.scale)
    away = np.floor(np.abs(steps.astype(np.float64)) + 0.5) * np.sign(steps)
    return tensor.quantization.zero_point + int(np.clip(away, -(1 << 30), 1 << 30))
