"""What the kernel's window sees: the IFM minus its zero point, doubled if requested, with padding around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from npufit.ethosu.arrays import Array, Memory
from npufit.ethosu.feature_maps import read_feature_map
from npufit.ethosu.operations import Convolution, Pooling, Upscale


def enlarge(values: Array, upscale: Upscale) -> Array:
    """Return (height, width, depth) with every value repeated in both directions, or with zeros inserted between."""
    if upscale is Upscale.NONE:
        return values
    if upscale is Upscale.NEAREST:
        return values.repeat(2, axis=0).repeat(2, axis=1)
    height, width, depth = values.shape
    result = np.zeros((2 * height, 2 * width, depth), values.dtype)
    result[::2, ::2] = values
    return result


def padded_input(
    operation: Convolution | Pooling, memory: Memory, dtype: npt.DTypeLike, padding: int = 0
) -> tuple[Array, slice, slice]:
    """Return the input of all windows in `dtype` with `padding` around it, and the rows and columns inside."""
    kernel, ofm = operation.kernel, operation.ofm
    values = read_feature_map(operation.ifm, memory)
    zero_point = operation.ifm.zero_point
    height = (ofm.height - 1) * kernel.stride_y + kernel.dilated_height
    width = (ofm.width - 1) * kernel.stride_x + kernel.dilated_width
    if kernel.upscale is Upscale.NONE and values.shape[:2] == (height, width):
        shifted = np.subtract(values, zero_point, dtype=dtype, casting="unsafe")
        return shifted, slice(0, height), slice(0, width)
    if kernel.upscale is not Upscale.NONE:
        values = enlarge(np.subtract(values, zero_point, dtype=dtype, casting="unsafe"), kernel.upscale)
        zero_point = 0
    rows = slice(kernel.pad_top, min(height, kernel.pad_top + values.shape[0]))
    columns = slice(kernel.pad_left, min(width, kernel.pad_left + values.shape[1]))
    result = np.full((height, width, values.shape[2]), padding, dtype)
    inside = values[: max(0, rows.stop - rows.start), : max(0, columns.stop - columns.start)]
    if inside.size:
        np.subtract(inside, zero_point, dtype=dtype, casting="unsafe", out=result[rows, columns])
    return result, rows, columns
