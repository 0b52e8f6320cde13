"""The output stage of convolutions, planned once: accumulators to results, in floating point wherever that is exact.

A scaled value is a multiple of 2^-shift. If every such multiple within the clamp fits a float64, then a product in
float64 is exact there; outside it is rounded, but a rounded value never crosses the clamp, so the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.ethosu.arithmetic import DOUBLE_ROUNDING_FROM, look_up_bytes, requantize
from npufit.ethosu.arrays import Array, Bytes, Integers
from npufit.ethosu.operations import ActivationType, BlockOperation, Element, Rounding
from npufit.ethosu.weights import Scales

_EXACT_FLOAT64, _EXACT_INT64 = 1 << 52, 1 << 62
"""A bit less than the types have, because the sums and products that are compared with them are rounded themselves."""

_ROW_VALUES = 2048
"""Values of a row: NumPy runs over rows, and short ones cost more than their values (`UNBUFFERED_VALUES`)."""

UNBUFFERED_VALUES = 512
"""NumPy copies the vector that is broadcast for every row that is shorter than its buffer, which takes as long as the
operation. Its own choice, 8192 values, is longer than most rows here."""

_BLOCK_VALUES = 1 << 15
"""Values that are scaled at a time, to stay in the cache."""

Scale = Callable[[Array, Array, Bytes], None]
"""Writes what the output stage makes of accumulators, (pixels, channels), to an array of the OFM's type and that shape;
the pixels are whole rows of the OFM. Last comes the SHRAM."""


def plan_scale(operation: BlockOperation, scales: Scales, largest: Integers) -> Scale:
    """Return the output stage of `operation`, whose accumulators per channel are at most `largest` in magnitude."""
    return _FloatScale.plan(operation, scales, largest) or _IntegerScale(operation, scales)


@dataclass(frozen=True, slots=True)
class _IntegerScale:
    """Any output stage, in integers of 64 bits."""

    operation: BlockOperation
    scales: Scales

    def __call__(self, accumulators: Array, result: Array, shram: Bytes) -> None:
        scales = self.scales
        result[...] = requantize(accumulators, scales.bias, scales.scale, scales.shift, self.operation, shram)


@dataclass(frozen=True, slots=True)
class _FloatScale:
    """`accumulators` + `before`, times `factor`, plus `half_away` with the sign of that, plus `after`, clamped.

    The vectors repeat the channels for `_ROW_VALUES` and fewer. Results count from `lowest`, the smallest value of the
    type that they are stored as or looked up by.
    """

    operation: BlockOperation
    stored: Element
    before: npt.NDArray[np.float64] | None
    factor: npt.NDArray[np.float64]
    half_away: npt.NDArray[np.float64] | None
    after: npt.NDArray[np.float64]
    clamp: tuple[float, float]

    @classmethod
    def plan(cls, operation: BlockOperation, scales: Scales, largest: Integers) -> _FloatScale | None:
        """Return the stage if it is exact, None if only integers are."""
        output, zero_point = operation.output, operation.ofm.zero_point
        stored = _stored(operation)
        if stored is None or output.rounding is Rounding.TRUNCATE:
            return None
        lowest, highest = max(output.lowest, stored.lowest), min(output.highest, stored.highest)
        shift = int(scales.shift.max(initial=0))
        reach = max(abs(lowest - zero_point), abs(highest - zero_point), 1 << stored.bits) + 2
        sums = largest.astype(np.float64) + np.abs(scales.bias)
        products = int((sums * scales.scale).max(initial=0))
        if (
            lowest > highest
            or reach << shift + 1 >= _EXACT_FLOAT64
            or sums.max(initial=0) >= _EXACT_FLOAT64
            or products + (1 << shift + 1) >= _EXACT_INT64
        ):
            return None
        factor = np.ldexp(scales.scale.astype(np.float64), -scales.shift)
        bias = scales.bias.astype(np.float64)
        offset = zero_point - stored.lowest + 0.5
        away = np.where(scales.shift > DOUBLE_ROUNDING_FROM, np.ldexp(1.0, 30 - scales.shift), 0.0)
        is_double = output.rounding is Rounding.TFL and bool(away.any())
        keeps_negative = lowest < zero_point
        after = np.full_like(factor, offset) + (away if is_double and not keeps_negative else 0.0)
        before: npt.NDArray[np.float64] | None = bias
        if not (is_double and keeps_negative) and products + (reach + abs(zero_point) << shift) < _EXACT_FLOAT64:
            before, after = None, after + bias * factor
        width, depth = operation.ofm.width, operation.ofm.depth
        repeat = pixels_per_row(width, depth)
        return cls(
            operation,
            stored,
            None if before is None or not before.any() else np.tile(before, repeat),
            np.tile(factor, repeat),
            np.tile(away, repeat) if is_double and keeps_negative else None,
            np.tile(after, repeat),
            (float(lowest - stored.lowest), float(highest - stored.lowest)),
        )

    def __call__(self, accumulators: Array, result: Array, shram: Bytes) -> None:
        unsigned = result.view(f"<u{result.itemsize}")
        rows, targets = accumulators.reshape(-1, self.factor.size), unsigned.reshape(-1, self.factor.size)
        count = max(1, _BLOCK_VALUES // self.factor.size)
        buffer = np.empty((min(count, rows.shape[0]), self.factor.size), np.float64)
        signs = np.empty_like(buffer) if self.half_away is not None else buffer
        for first in range(0, rows.shape[0], count):
            part = rows[first : first + count]
            values = buffer[: part.shape[0]]
            np.copyto(values, part)
            if self.before is not None:
                values += self.before
            values *= self.factor
            if self.half_away is not None:
                values += np.copysign(self.half_away, values, out=signs[: part.shape[0]])
            values += self.after
            np.clip(values, *self.clamp, out=values)
            np.copyto(targets[first : first + count], values, casting="unsafe")  # cuts off: they are not negative
        if self.operation.output.activation is ActivationType.TABLE:
            result[...] = look_up_bytes(unsigned, self.operation, shram)
        elif self.stored.signed:
            unsigned ^= 1 << self.stored.bits - 1


def _stored(operation: BlockOperation) -> Element | None:
    """Return the type of clamped values, None if what follows them needs integers or more bits than are exact."""
    activation, element = operation.output.activation, operation.ofm.element
    if activation is ActivationType.NONE:
        return element if element.bits < 32 else None
    index = operation.output.clip or element
    return index if activation is ActivationType.TABLE and index.bits == element.bits == 8 else None


def pixels_per_row(width: int, depth: int) -> int:
    """Return how many neighbouring pixels of a row, a divisor of `width`, make a vector of at most 2048 values."""
    divisors = (count for count in range(1, width + 1) if width % count == 0)
    return max((count for count in divisors if count * depth <= _ROW_VALUES), default=1)
