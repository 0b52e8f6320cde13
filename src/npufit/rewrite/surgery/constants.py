"""The values of constants as NumPy arrays, for passes that compute with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph import ElementType, Quantization, Tensor

_PLAIN = frozenset(
    {
        ElementType.FLOAT32,
        ElementType.INT8,
        ElementType.UINT8,
        ElementType.INT16,
        ElementType.INT32,
        ElementType.INT64,
        ElementType.BOOL,
    }
)


def values_of(tensor: Tensor) -> npt.NDArray[Any] | None:
    """Return the values of a constant, None where it is none or not stored as a plain array that NumPy can hold."""
    if tensor.element not in _PLAIN or tensor.shape is None or tensor.sparsity is not None:
        return None
    if tensor.external_data is not None or not tensor.buffer.size_bytes:
        return None
    return np.frombuffer(tensor.buffer.data, np.dtype(tensor.element.value)).reshape(tensor.shape)


def same_quantization(first: Tensor, second: Tensor) -> bool:
    """Return whether two tensors mean the same real numbers by the same integers; ranges in the file do not count."""
    return first.element is second.element and _parameters(first.quantization) == _parameters(second.quantization)


def _parameters(quantization: Quantization) -> object:
    axis = quantization.axis if len(quantization.scales) > 1 else 0
    return quantization.scales, quantization.zero_points or (0,) * len(quantization.scales), axis, quantization.details
