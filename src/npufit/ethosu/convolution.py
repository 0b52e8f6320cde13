"""CONV and DEPTHWISE: sums of products in floating point, which is exact because no sum exceeds its integers.

Block of rows after block of rows, so that what one block needs stays in the cache: input, accumulators, results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from npufit.errors import InputError
from npufit.ethosu.arrays import CONSTANTS, SHRAM, Array, Bytes, Integers, Memory, dtype_of
from npufit.ethosu.feature_maps import StoredMap
from npufit.ethosu.operations import Convolution, Span
from npufit.ethosu.scaling import EXACT_FLOAT32, Scale, pixels_per_row, plan_scale
from npufit.ethosu.weight_streams import Weights, decode_streams
from npufit.ethosu.weights import Scales, decode_scales, order_weights
from npufit.ethosu.windows import Rows

_DENSE_VALUES = 1 << 17
"""Values that a block of rows arranges for its matrix product."""

_DEPTHWISE_VALUES = 1 << 15
"""Accumulators of a block of rows of a depthwise convolution."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Weights in the order of the computation, and the output stage.

    `matrix` is (kernel elements * input channels, output channels); depthwise (kernel elements, one row of values).
    """

    matrix: Array
    scale: Scale


Encoded = tuple[tuple[bytes, ...], tuple[bytes, ...]]
"""Compressed weights and scales, one of each per core."""


class ConvolutionStep:
    """One convolution, whose coefficients are decoded once, and again only if their bytes change."""

    def __init__(self, operation: Convolution, ofm_micro_depth: int) -> None:
        """Create the step; nothing is decoded yet."""
        self._operation = operation
        self._ofm_micro_depth = ofm_micro_depth
        self._encoded: Encoded = ((), ())
        self._coefficients: Coefficients | None = None
        self._constants: Bytes | None = None
        self._rows, self._result = Rows(operation), StoredMap(operation.ofm)
        self._accumulate: Accumulate = _depthwise if operation.is_depthwise else _dense
        per_row = operation.ofm.width * operation.ofm.depth
        if not operation.is_depthwise:
            taps = operation.kernel.height * operation.kernel.width
            per_row = max(per_row, operation.ofm.width * operation.ifm.depth * taps)
        values = _DEPTHWISE_VALUES if operation.is_depthwise else _DENSE_VALUES
        self._rows_per_block = min(operation.ofm.height, max(1, values // per_row))

    def encoded(self, memory: Memory) -> Encoded:
        """Return the current compressed weights and scales in `memory`, one of each per core."""
        operation = self._operation
        return _copies(operation.weights, memory), _copies(operation.scales, memory)

    def prepare(self, encoded: Encoded, streams: tuple[Weights | None, ...]) -> None:
        """Store coefficients: `streams` is what the weights in `encoded` decoded to.

        Raises InputError if they do not match the operation.
        """
        weights, scales = encoded
        try:
            self._coefficients = _coefficients(self._operation, streams, scales, self._ofm_micro_depth)
        except InputError as error:
            name = str(self._operation)
            raise InputError(f"{name[0].upper()}{name[1:]}: {error}") from None
        self._encoded = weights, scales

    def rely_on(self, constants: Bytes) -> None:
        """Take the coefficients as unchanged in a memory with these `constants`: nothing else is written there."""
        self._constants = constants

    def __call__(self, memory: Memory) -> None:
        """Execute the convolution in `memory`."""
        operation, ofm = self._operation, self._operation.ofm
        coefficients = self._current(memory)
        matrix, shram = coefficients.matrix, memory[SHRAM]
        values = self._rows.read(memory)
        result = np.empty(ofm.shape, dtype_of(ofm.element))
        seen = self._rows.buffer(self._rows_per_block, matrix.dtype)
        for first in range(0, ofm.height, self._rows_per_block):
            count = min(self._rows_per_block, ofm.height - first)
            self._rows.fill(seen, values, first, count)
            accumulators = self._accumulate(operation, matrix, seen, count)
            coefficients.scale(accumulators, result[first : first + count].reshape(-1, ofm.depth), shram)
        self._result.write(memory, result)

    def _current(self, memory: Memory) -> Coefficients:
        if self._coefficients is not None and memory[CONSTANTS] is self._constants:
            return self._coefficients
        encoded = self.encoded(memory)
        if self._coefficients is None or encoded != self._encoded:
            self._constants = None  # coefficients of other constants are stored from now on
            self.prepare(encoded, decode_streams(encoded[0]))
        assert self._coefficients is not None
        return self._coefficients


def _copies(spans: tuple[Span, ...], memory: Memory) -> tuple[bytes, ...]:
    return tuple(memory[span.region][span.offset : span.offset + span.length].tobytes() for span in spans)


def _coefficients(
    operation: Convolution, streams: tuple[Weights | None, ...], scales: tuple[bytes, ...], ofm_micro_depth: int
) -> Coefficients:
    depth, output = operation.ofm.depth, operation.output
    channels = decode_scales(scales, depth)
    decoded = order_weights(streams, operation, ofm_micro_depth)
    matrix = np.ascontiguousarray(decoded.reshape(depth, -1).T)
    scale, shift = channels.scale, channels.shift
    if output.global_scale:
        scale, shift = np.full(depth, output.scale), np.full(depth, output.shift)
    # Windows see the values as they are stored: what the zero point adds to every sum is known and goes to the bias.
    bias = channels.bias - operation.ifm.zero_point * matrix.sum(axis=0, dtype=np.int64)
    largest = _largest_sums(operation, matrix)
    dtype = np.float32 if int(largest.max(initial=0)) < EXACT_FLOAT32 else np.float64
    matrix = matrix.astype(dtype)
    if operation.is_depthwise:
        matrix = np.tile(matrix, (1, _pixels_together(operation)))
    return Coefficients(matrix, plan_scale(operation, Scales(bias, scale, shift), largest))


def _largest_sums(operation: Convolution, matrix: Array) -> Integers:
    """Return for each channel what no sum of products exceeds in magnitude, nor a part of it in any order."""
    element, zero_point = operation.ifm.element, operation.ifm.zero_point  # padding has the zero point's value
    lowest, highest = min(element.lowest, zero_point), max(element.highest, zero_point)
    positive = np.maximum(matrix, 0).sum(axis=0, dtype=np.int64)
    negative = positive - matrix.sum(axis=0, dtype=np.int64)
    most = positive * max(highest, 0) - negative * min(lowest, 0)
    least = positive * min(lowest, 0) - negative * max(highest, 0)
    return np.maximum(most, -least)


Accumulate = Callable[[Convolution, Array, Array, int], Array]
"""Accumulators, (pixels, channels), of some rows of the OFM from the rows that their windows see."""


def _dense(operation: Convolution, matrix: Array, seen: Array, count: int) -> Array:
    """Return the accumulators by one matrix product."""
    kernel, width = operation.kernel, operation.ofm.width
    if kernel.height == kernel.width == kernel.stride_x == kernel.stride_y == 1:
        return seen[:count].reshape(-1, matrix.shape[0]) @ matrix
    patches = np.ascontiguousarray(_windows(operation, seen, count).transpose(2, 3, 0, 1, 4))
    return patches.reshape(count * width, -1) @ matrix


def _depthwise(operation: Convolution, matrix: Array, seen: Array, count: int) -> Array:
    """Return the accumulators by one sum over the kernel elements, several pixels of a row side by side."""
    windows = _windows(operation, seen, count, _pixels_together(operation))
    weights = matrix.reshape(*windows.shape[:2], -1)
    return np.einsum("yxhwc,yxc->hwc", windows, weights).reshape(-1, operation.ofm.depth)


def _pixels_together(operation: Convolution) -> int:
    """Return how many pixels of a row one multiplication of a depthwise convolution takes: neighbours of the IFM."""
    ofm = operation.ofm
    return pixels_per_row(ofm.width, ofm.depth) if operation.kernel.stride_x == 1 else 1


def _windows(operation: Convolution, seen: Array, count: int, together: int = 1) -> Array:
    """Return a view of what each kernel element sees: (element's y, x, rows of the OFM, columns, values).

    With a step of one column, `together` neighbouring pixels are one column of so many times the values.
    """
    kernel, width = operation.kernel, operation.ofm.width
    row, column, item = seen.strides
    return np.ndarray(
        (kernel.height, kernel.width, count, width // together, together * seen.shape[2]),
        seen.dtype,
        seen.data,
        0,
        (
            *(kernel.dilation_y * row, kernel.dilation_x * column),
            *(kernel.stride_y * row, kernel.stride_x * together * column, item),
        ),
    )
