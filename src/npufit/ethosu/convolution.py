"""CONV and DEPTHWISE: sums of products in floating point, which is exact because no sum exceeds its integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npufit.errors import InputError
from npufit.ethosu.arithmetic import requantize
from npufit.ethosu.arrays import SHRAM, Array, Integers, Memory
from npufit.ethosu.feature_maps import write_feature_map
from npufit.ethosu.operations import Convolution, Span
from npufit.ethosu.weight_streams import Weights, decode_streams
from npufit.ethosu.weights import decode_scales, order_weights
from npufit.ethosu.windows import padded_input

_EXACT_FLOAT32 = 1 << 24
_PATCH_VALUES = 1 << 20
"""Values arranged for one matrix product."""

_ROW_VALUES = 1 << 16
"""Accumulators of a depthwise convolution that are processed at a time, to stay in the cache."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Weights in the order of the computation, and the scales of every channel.

    `matrix` is (kernel elements * input channels, output channels); depthwise (kernel elements, channels).
    """

    matrix: Array
    bias: Integers
    scale: Integers
    shift: Integers


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
        self._compute = _depthwise if operation.is_depthwise else _dense

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

    def __call__(self, memory: Memory) -> None:
        """Execute the convolution in `memory`."""
        operation = self._operation
        coefficients = self._current(memory)
        dtype = coefficients.matrix.dtype
        values, _, _ = padded_input(operation, memory, dtype)
        accumulators = self._compute(operation, coefficients.matrix, values)
        result = requantize(
            accumulators, coefficients.bias, coefficients.scale, coefficients.shift, operation, memory[SHRAM]
        )
        write_feature_map(operation.ofm, memory, result.reshape(operation.ofm.shape))

    def _current(self, memory: Memory) -> Coefficients:
        encoded = self.encoded(memory)
        if self._coefficients is None or encoded != self._encoded:
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
    element, zero_point = operation.ifm.element, operation.ifm.zero_point
    largest = max(abs(element.lowest - zero_point), abs(element.highest - zero_point))
    sums = np.abs(matrix).sum(axis=0, dtype=np.int64)
    dtype = np.float32 if int(sums.max(initial=0)) * largest < _EXACT_FLOAT32 else np.float64
    scale, shift = channels.scale, channels.shift
    if output.global_scale:
        scale, shift = np.full(depth, output.scale), np.full(depth, output.shift)
    return Coefficients(matrix.astype(dtype), channels.bias, scale, shift)


def _dense(operation: Convolution, matrix: Array, values: Array) -> Array:
    """Return the accumulators as (pixels, output channels) by one matrix product per group of rows."""
    kernel, ofm = operation.kernel, operation.ofm
    inputs = values.shape[2]
    if kernel.height == kernel.width == 1:
        picked = values[:: kernel.stride_y, :: kernel.stride_x]
        return picked.reshape(-1, inputs) @ matrix
    result = np.empty((ofm.height, ofm.width, ofm.depth), matrix.dtype)
    per_row = ofm.width * matrix.shape[0]
    rows = max(1, _PATCH_VALUES // per_row)
    patches = np.empty((min(rows, ofm.height), ofm.width, kernel.height, kernel.width, inputs), matrix.dtype)
    for first in range(0, ofm.height, rows):
        count = min(rows, ofm.height - first)
        part = patches[:count]
        for y in range(kernel.height):
            for x in range(kernel.width):
                part[:, :, y, x] = _seen(operation, values, y, x, first, count)
        np.matmul(
            part.reshape(count * ofm.width, -1),
            matrix,
            out=result[first : first + count].reshape(count * ofm.width, ofm.depth),
        )
    return result.reshape(-1, ofm.depth)


def _depthwise(operation: Convolution, matrix: Array, values: Array) -> Array:
    """Return the accumulators as (pixels, channels), adding up kernel elements one by one."""
    kernel, ofm = operation.kernel, operation.ofm
    result = np.empty(ofm.shape, matrix.dtype)
    rows = max(1, _ROW_VALUES // (ofm.width * ofm.depth))
    product = np.empty((min(rows, ofm.height), ofm.width, ofm.depth), matrix.dtype)
    for first in range(0, ofm.height, rows):
        count = min(rows, ofm.height - first)
        total = result[first : first + count]
        for element in range(kernel.height * kernel.width):
            seen = _seen(operation, values, *divmod(element, kernel.width), first, count)
            if element == 0:
                np.multiply(seen, matrix[0], out=total)
            else:
                total += np.multiply(seen, matrix[element], out=product[:count])
    return result.reshape(-1, ofm.depth)


def _seen(operation: Convolution, values: Array, y: int, x: int, first: int, count: int) -> Array:
    """Return what the kernel element (y, x) sees for `count` output rows from `first` on."""
    kernel, ofm = operation.kernel, operation.ofm
    top = y * kernel.dilation_y + first * kernel.stride_y
    left = x * kernel.dilation_x
    return values[
        top : top + (count - 1) * kernel.stride_y + 1 : kernel.stride_y,
        left : left + (ofm.width - 1) * kernel.stride_x + 1 : kernel.stride_x,
    ]
