"""What the kernel's window sees: the IFM minus its zero point, doubled if requested, with padding around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from npufit.ethosu.arrays import Array, Memory
from npufit.ethosu.feature_maps import StoredMap, read_feature_map
from npufit.ethosu.operations import Convolution, Pooling, Upscale


class Rows:
    """The rows that the windows of a convolution see: stored values, doubled if requested, zero points around them."""

    def __init__(self, operation: Convolution) -> None:
        """Plan the places of the rows; nothing is read yet."""
        kernel, ofm, ifm = operation.kernel, operation.ofm, operation.ifm
        self._ifm, self._stored = ifm, StoredMap(ifm)
        self._upscale, self._stride = kernel.upscale, kernel.stride_y
        self._overlap = kernel.dilated_height - kernel.stride_y
        factor = 1 if kernel.upscale is Upscale.NONE else 2
        self._top, self._left = kernel.pad_top, kernel.pad_left
        self._width = (ofm.width - 1) * kernel.stride_x + kernel.dilated_width
        self._columns = max(0, min(self._width - self._left, factor * ifm.width))

    def read(self, memory: Memory) -> Array:
        """Return the values of the IFM, (height, width, depth)."""
        return enlarge(self._stored.read(memory), self._upscale, self._ifm.zero_point)

    def buffer(self, rows: int, dtype: npt.DTypeLike) -> Array:
        """Return room for what `rows` rows of the OFM see."""
        return np.empty((rows * self._stride + max(0, self._overlap), self._width, self._ifm.depth), dtype)

    def fill(self, buffer: Array, values: Array, first: int, count: int) -> None:
        """Write to `buffer` what `count` rows of the OFM from `first` on see of `values`."""
        start = first * self._stride - self._top
        rows = count * self._stride + self._overlap
        above = min(rows, max(0, -start))
        below = max(above, min(rows, values.shape[0] - start))
        if below - above < rows:
            buffer[:above] = buffer[below:rows] = self._ifm.zero_point
        inside = buffer[above:below]
        if self._columns < self._width:
            inside[:, : self._left] = self._ifm.zero_point
            inside[:, self._left + self._columns :] = self._ifm.zero_point
            inside = inside[:, self._left : self._left + self._columns]
        inside[...] = values[start + above : start + below, : self._columns]


def enlarge(values: Array, upscale: Upscale, between: int = 0) -> Array:
    """Return (height, width, depth) with every value repeated in both directions, or with `between` inserted."""
    if upscale is Upscale.NONE:
        return values
    if upscale is Upscale.NEAREST:
        return values.repeat(2, axis=0).repeat(2, axis=1)
    height, width, depth = values.shape
    result = np.full((2 * height, 2 * width, depth), between, values.dtype)
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
