"""Values of tensors, by tensor index, and how element types are stored in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph import ElementType, Tensor

Array = npt.NDArray[Any]
Values = Mapping[int, Array]
"""Values of tensors of a main subgraph, by tensor index."""

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
    """Return the NumPy type of a tensor's elements; None where NumPy has none (strings, resources, 4-bit types)."""
    return _DTYPES.get(tensor.element)


def stored_values(tensor: Tensor) -> Array | None:
    """Return the values of a tensor that the file holds in plain form, None where it holds none."""
    dtype = dtype_of(tensor)
    if dtype is None or not tensor.buffer.size_bytes or tensor.sparsity is not None:
        return None
    return np.frombuffer(tensor.buffer.data, dtype).reshape(tensor.shape or ())


def without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without its dimensions of size 1."""
    return tuple(size for size in shape if size != 1)
