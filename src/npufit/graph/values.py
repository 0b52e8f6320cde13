"""The values of small integer constants: axes, paddings, shapes."""

from __future__ import annotations

from npufit.graph.element import ElementType
from npufit.graph.tensor import Tensor

_WHOLE_BYTES = frozenset(
    {
        ElementType.INT8,
        ElementType.UINT8,
        ElementType.INT16,
        ElementType.UINT16,
        ElementType.INT32,
        ElementType.UINT32,
        ElementType.INT64,
        ElementType.UINT64,
    }
)


def constant_values(tensor: Tensor, limit: int = 64) -> tuple[int, ...] | None:
    """Return the integers of a small constant, flattened; None if it has none or more than `limit`.

    Meant for operands that are really options (axis, paddings, shape), so that weights never need to be copied.
    """
    if tensor.element not in _WHOLE_BYTES or not tensor.buffer.size_bytes or tensor.sparsity is not None:
        return None
    data = tensor.buffer.data
    width = tensor.element.bits // 8
    if len(data) > limit * width or len(data) % width:
        return None
    signed = tensor.element.integer_range[0] < 0
    return tuple(
        int.from_bytes(data[start : start + width], "little", signed=signed) for start in range(0, len(data), width)
    )
