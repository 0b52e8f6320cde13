"""The output stage of convolutions, planned once: accumulators to results, in floating point wherever that is exact.

A scaled value is a multiple of 2^-shift. If every such multiple within the clamp fits a float64, then a product in
float64 is exact there; outside it is rounded, but a rounded value never crosses the clamp, so the result is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType

import numpy as np
import numpy.typing as npt

from npufit.ethosu.arithmetic import DOUBLE_ROUNDING_FROM, look_up_bytes, requantize
from npufit.ethosu.arrays import Array, Bytes, Integers
from npufit.ethosu.estimates import Estimate
from npufit.ethosu.operations import ActivationType, BlockOperation, Element, Rounding
from npufit.ethosu.weights import Scales

_FLOAT64_BITS = 53
_EXACT_FLOAT64, _EXACT_INT64 = 1 << 52, 1 << 62
"""A bit less than the types have, because the sums and products that are compared with them are rounded themselves."""

_ROW_VALUES = 2048
"""Values of a row: NumPy runs over rows, and short ones cost more than their values (`UNBUFFERED_VALUES`)."""

UNBUFFERED_VALUES = 512
"""NumPy copies the vector that is broadcast for every row that is shorter than its buffer, which takes as long as the
operation. Its own choice, 8192 values, is longer than most rows here."""

_BLOCK_VALUES = 1 << 15
"""Values that are scaled at a time, to stay in the cache."""

EXACT_FLOAT32 = 1 << 24
"""Smaller integers are exact in float32."""

Floats = npt.NDArray[np.float64]

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
    """Accumulators plus `before`, times `factor`, plus `away` with the sign of that, plus `after`, within `clamp`.

    The vectors repeat the channels for a row of pixels; None stands for zeros. Results count from the smallest value of
    the type `stored`, as which they are written or looked up, so that cutting off their fractions rounds them down.
    With an `estimate`, only what that leaves open is computed in float64.
    """

    operation: BlockOperation
    stored: Element
    before: Floats | None
    factor: Floats
    away: Floats | None
    after: Floats
    clamp: tuple[float, float]
    estimate: Estimate | None

    @classmethod
    def plan(cls, operation: BlockOperation, scales: Scales, largest: Integers) -> _FloatScale | None:
        """Return the stage if it is exact, None if only integers are."""
        output, zero_point, stored = operation.output, operation.ofm.zero_point, _stored(operation)
        if stored is None or output.rounding is Rounding.TRUNCATE:
            return None
        lowest, highest = max(output.lowest, stored.lowest), min(output.highest, stored.highest)
        reach = max(abs(lowest - zero_point) + 1, abs(highest - zero_point) + 1, 1 << stored.bits)
        shift = int(scales.shift.max(initial=0))
        sums = largest.astype(np.float64) + np.abs(scales.bias)
        products = int((sums * scales.scale).max(initial=0))
        if lowest > highest or not _is_exact(reach, shift, sums, products):
            return None
        factor = np.ldexp(scales.scale.astype(np.float64), -scales.shift)
        before, after = scales.bias.astype(np.float64), np.full_like(factor, zero_point - stored.lowest + 0.5)
        away = np.zeros_like(factor)
        if output.rounding is Rounding.TFL:
            away[scales.shift > DOUBLE_ROUNDING_FROM] = 1 << DOUBLE_ROUNDING_FROM - 1
            away = np.ldexp(away, -scales.shift)
        if lowest >= zero_point:  # negative values are clamped away, so that their rounding does not matter
            after, away = after + away, np.zeros_like(away)
        if not away.any() and products + (reach + abs(zero_point) << shift) < _EXACT_FLOAT64:
            before, after = np.zeros_like(before), after + before * factor
        repeat = pixels_per_row(operation.ofm.width, operation.ofm.depth)
        clamp = float(lowest - stored.lowest), float(highest - stored.lowest)
        estimate = None
        if away.any() and stored.bits == 8 and int(largest.max(initial=0)) < EXACT_FLOAT32:
            estimate = Estimate.plan(factor, after + before * factor, away, clamp, repeat)
        return cls(
            operation=operation,
            stored=stored,
            before=np.tile(before, repeat) if before.any() else None,
            factor=np.tile(factor, repeat),
            away=np.tile(away, repeat) if away.any() else None,
            after=np.tile(after, repeat),
            clamp=clamp,
            estimate=estimate,
        )

    def __call__(self, accumulators: Array, result: Array, shram: Bytes) -> None:
        unsigned = result.view(f"<u{result.itemsize}")
        rows, targets = accumulators.reshape(-1, self.factor.size), unsigned.reshape(-1, self.factor.size)
        if self.estimate is None:
            self._scale_all(rows, targets)
        else:
            uncertain = self.estimate(rows, targets)
            targets.reshape(-1)[uncertain] = self._scale_some(rows.reshape(-1)[uncertain], uncertain)
        if self.operation.output.activation is ActivationType.TABLE:
            result[...] = look_up_bytes(unsigned, self.operation, shram)
        elif self.stored.signed:
            unsigned ^= 1 << self.stored.bits - 1

    def _scale_all(self, rows: Array, targets: Array) -> None:
        """Write the scaled `rows` to `targets`."""
        count = max(1, _BLOCK_VALUES // self.factor.size)
        buffer = np.empty((min(count, rows.shape[0]), self.factor.size), np.float64)
        signs = np.empty_like(buffer)
        for first in range(0, rows.shape[0], count):
            part = rows[first : first + count]
            values = buffer[: part.shape[0]]
            np.copyto(values, part)
            self._scale(values, signs[: part.shape[0]])
            np.copyto(targets[first : first + count], values, casting="unsafe")  # cuts off: they are not negative

    def _scale_some(self, accumulators: Array, positions: Integers) -> Array:
        """Return the scaled `accumulators`, which are at these flat positions in the rows."""
        values = accumulators.astype(np.float64)
        self._scale(values, np.empty_like(values), positions % self.factor.size)
        return values.astype(np.uint8)

    def _scale(self, values: Floats, signs: Floats, columns: Integers | EllipsisType = ...) -> None:
        """Scale accumulators of a row, or of these columns of it, in place; `signs` is room for as many."""
        if self.before is not None:
            values += self.before[columns]
        values *= self.factor[columns]
        if self.away is not None:
            values += np.copysign(self.away[columns], values, out=signs)
        values += self.after[columns]
        np.clip(values, *self.clamp, out=values)


def _is_exact(reach: int, shift: int, sums: Floats, products: int) -> bool:
    """Return True if scaled values up to `reach` are float64, and if no integer overflows on the way to larger ones."""
    return (
        reach << shift <= 1 << _FLOAT64_BITS
        and sums.max(initial=0) < _EXACT_FLOAT64
        and products + (1 << shift + 1) < _EXACT_INT64
    )


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
