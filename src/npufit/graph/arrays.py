"""Constants as NumPy arrays, and the real numbers that integers stand for.

This is the only module of this room that needs NumPy, so it is not part of the room's public face: importing the graph
stays cheap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph.element import ElementType
from npufit.graph.quantization import Quantization
from npufit.graph.tensor import Tensor

Reals = npt.NDArray[np.float64]

_DTYPES = {
    element: np.dtype(element.value)
    for element in (
        ElementType.FLOAT16,
        ElementType.FLOAT32,
        ElementType.FLOAT64,
        ElementType.INT8,
        ElementType.INT16,
        ElementType.INT32,
        ElementType.INT64,
        ElementType.UINT8,
        ElementType.UINT16,
        ElementType.UINT32,
        ElementType.UINT64,
        ElementType.BOOL,
        ElementType.COMPLEX64,
        ElementType.COMPLEX128,
    )
}


def dtype_of(tensor: Tensor) -> np.dtype[Any] | None:
    """Return the NumPy type of a tensor's elements; None if there is none (strings, resources, 4-bit types)."""
    return _DTYPES.get(tensor.element)


def stored_values(tensor: Tensor) -> npt.NDArray[Any] | None:
    """Return the values of a tensor that the file stores as a plain array, None if NumPy cannot hold them."""
    dtype = dtype_of(tensor)
    if dtype is None or tensor.shape is None or tensor.sparsity is not None:
        return None
    if tensor.external_data is not None or not tensor.buffer.size_bytes:
        return None
    return np.frombuffer(tensor.buffer.data, dtype).reshape(tensor.shape)


def real_values(values: npt.NDArray[Any], quantization: Quantization, axis: int | None = None) -> Reals:
    """Return the real numbers that `values` stand for; the values themselves without a scale.

    Channels are along `axis`, by default that of the quantization. If the scales do not match the shape, as in some
    files, the first one counts.
    """
    real = values.astype(np.float64)
    if not quantization.scales:
        return real
    axis = quantization.axis if axis is None else axis
    count = len(quantization.scales)
    if count == 1 or not 0 <= axis < values.ndim or values.shape[axis] != count:
        return (real - quantization.zero_point) * quantization.scale
    sides = [1] * values.ndim
    sides[axis] = count
    points = quantization.zero_points if len(quantization.zero_points) == count else (quantization.zero_point,) * count
    scales = np.array(quantization.scales, np.float64)
    return (real - np.array(points, np.float64).reshape(sides)) * scales.reshape(sides)
