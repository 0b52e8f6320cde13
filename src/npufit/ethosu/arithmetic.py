"""Scaling, rounding, clamping and tables, on whole arrays of 64-bit integers.

The behaviour of the rounding modes was established by comparing whole networks with LiteRT's reference kernels: they
agree everywhere except in FULLY_CONNECTED, whose reference rounds once and the TFL mode twice (one step at most).
"""

from __future__ import annotations

import numpy as np

from npufit.ethosu.activations import FUNCTIONS
from npufit.ethosu.arrays import Array, Bytes, Integers, dtype_of
from npufit.ethosu.operations import ActivationType, BlockOperation, Element, Rounding

DOUBLE_ROUNDING_FROM = 31
"""Larger shifts round twice in the TFL mode."""

_INT32 = Element(32, True)
_CHUNK = 1 << 15
"""Values that are scaled at a time, so that the intermediate 64-bit arrays stay in the cache."""

TABLE_BYTES = 2048
"""The look-up tables are the last bytes of the SHRAM (ethos-u-vela, architecture_features.py)."""

_TABLE_SLOT_BYTES = 256


def shift_right(values: Integers, shift: int | Integers, rounding: Rounding, implied: int = 0) -> Integers:
    """Return `values` divided by two to the power of `shift`, rounded.

    NATURAL rounds halves up, TRUNCATE rounds towards zero. TFL rounds halves up; for shifts above 31 it rounds twice,
    as the reference kernels do, which is the same as also adding 2^30 with the sign of the value. If the reference
    kernels shift left by `implied` bits first and the hardware does not, its shifts are that much smaller.
    """
    amount = np.asarray(shift, np.int64)
    half = np.where(amount > 0, np.int64(1) << np.maximum(amount - 1, 0), 0)
    if rounding is Rounding.TRUNCATE:
        return np.where(values < 0, -(-values >> amount), values >> amount)
    double_from = DOUBLE_ROUNDING_FROM - implied
    if rounding is Rounding.TFL and bool((amount > double_from).any()):
        twice = np.where(amount > double_from, np.int64(1) << double_from - 1, 0)
        half = half + np.where(values < 0, -twice, twice)
    shifted = values + half
    shifted >>= amount
    return shifted


def requantize(
    accumulators: Array, bias: Integers, scale: Integers, shift: Integers, operation: BlockOperation, shram: Bytes
) -> Array:
    """Return the OFM's values for `accumulators` of (pixels, channels): bias and scale per channel, then `finish`."""
    result = np.empty(accumulators.shape, dtype_of(operation.ofm.element))
    rounding, zero_point = operation.output.rounding, operation.ofm.zero_point
    rows = max(1, _CHUNK // max(1, accumulators.shape[1]))
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    is_double = shift > DOUBLE_ROUNDING_FROM
    double = rounding is Rounding.TFL and bool(is_double.any())
    # 2^30 more for what is not negative, 2^30 less otherwise: add it to all, take twice of it from the negative.
    upper = half + np.where(is_double, np.int64(1) << 30, 0) if double else half
    correction = np.where(is_double, np.int64(1) << 31, 0)
    buffer = np.empty((rows, accumulators.shape[1]), np.int64)
    signs = np.empty_like(buffer)
    for start in range(0, accumulators.shape[0], rows):
        part = accumulators[start : start + rows]
        chunk = buffer[: part.shape[0]]
        np.copyto(chunk, part, casting="unsafe")
        chunk += bias
        chunk *= scale
        if rounding is Rounding.TRUNCATE:
            chunk[...] = shift_right(chunk, shift, rounding)
        else:
            if double:
                negative = np.right_shift(chunk, 63, out=signs[: part.shape[0]])
                negative &= correction
                chunk += upper
                chunk -= negative
            else:
                chunk += upper
            chunk >>= shift
        chunk += zero_point
        result[start : start + rows] = finish(chunk, operation, shram)
    return result


def finish(values: Integers, operation: BlockOperation, shram: Bytes) -> Array:
    """Return the written form of scaled values with their zero point: clamped, through the activation, as OFM type."""
    output, element = operation.output, operation.ofm.element
    if output.activation is ActivationType.TABLE:
        return _look_up(values, operation, shram)
    if output.activation is not ActivationType.NONE:
        values = FUNCTIONS[output.activation](values)
    if element.bits == _INT32.bits:
        np.clip(values, _INT32.lowest, _INT32.highest, out=values)
    else:
        np.clip(values, max(output.lowest, element.lowest), min(output.highest, element.highest), out=values)
    return values.astype(dtype_of(element))


def table_span(operation: BlockOperation) -> tuple[int, int]:
    """Return the start of the table of `operation` in the SHRAM, counted from its end (negative), and its bytes."""
    wide = (operation.output.clip or operation.ofm.element).bits == 16
    length = TABLE_BYTES if wide else 256 * operation.ofm.element.size_bytes
    return -TABLE_BYTES + operation.output.table * _TABLE_SLOT_BYTES, length


def look_up_bytes(indices: Bytes, operation: BlockOperation, shram: Bytes) -> Array:
    """Return the entries of a table of 256 bytes, as OFM type, for `indices` from its first entry on."""
    offset, length = table_span(operation)
    start = shram.size + offset
    table = shram[start : start + length].tobytes()
    found = np.frombuffer(indices.tobytes().translate(table), dtype_of(operation.ofm.element))
    return found.reshape(indices.shape)


def _look_up(values: Integers, operation: BlockOperation, shram: Bytes) -> Array:
    """Return the table's entries: 256 of OFM type, or 512 pairs of base and slope for 16-bit values."""
    output, element = operation.output, operation.ofm.element
    index_type = output.clip or element
    lowest, highest = max(output.lowest, index_type.lowest), min(output.highest, index_type.highest)
    np.clip(values, lowest, highest, out=values)
    offset, length = table_span(operation)
    start = shram.size + offset
    if index_type.bits == 8:
        table = shram[start : start + length].view(dtype_of(element))
        return table[values - index_type.lowest]
    table = shram[start : start + length].view("<i4").astype(np.int64)
    entry = table[values - index_type.lowest >> 7]
    base, slope = (entry & 0xFFFF ^ 0x8000) - 0x8000, entry >> 16
    interpolated = base + (slope * (values & 0x7F) + 64 >> 7)
    return np.clip(interpolated, element.lowest, element.highest).astype(dtype_of(element))
