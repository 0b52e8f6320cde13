"""Whether the integers of two tensors mean the same."""

from __future__ import annotations

from npufit.graph import Quantization, Tensor


def same_quantization(first: Tensor, second: Tensor) -> bool:
    """Return whether two tensors represent the same real numbers by the same integers, apart from stated ranges."""
    return first.element is second.element and _parameters(first.quantization) == _parameters(second.quantization)


def _parameters(quantization: Quantization) -> object:
    axis = quantization.axis if len(quantization.scales) > 1 else 0
    return quantization.scales, quantization.zero_points or (0,) * len(quantization.scales), axis, quantization.details
