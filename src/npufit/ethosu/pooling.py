"""POOL: the largest value, the average or the sum of a window."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from npufit.ethosu.arithmetic import finish, shift_right
from npufit.ethosu.arrays import SHRAM, Array, Integers, Memory
from npufit.ethosu.byte_tables import is_of_bytes, look_up, table_of_bytes
from npufit.ethosu.feature_maps import StoredMap, read_feature_map
from npufit.ethosu.operations import Pooling, Rounding, Upscale
from npufit.ethosu.windows import enlarge, padded_input


def plan_pool(operation: Pooling) -> Callable[[Memory], None]:
    """Return the execution of `operation`, by a table if every result depends on one byte."""
    kernel, ofm, ifm = operation.kernel, operation.ofm, operation.ifm
    doubled = 1 if kernel.upscale is Upscale.NONE else 2
    is_inside = (
        (ofm.height - 1) * kernel.stride_y < doubled * ifm.height
        and (ofm.width - 1) * kernel.stride_x < doubled * ifm.width
        and kernel.pad_top == kernel.pad_left == kernel.pad_bottom == kernel.pad_right == 0
    )
    is_single = kernel.height == kernel.width == 1 and kernel.upscale is not Upscale.ZEROS
    if not (is_inside and is_single and operation.mode != "REDUCE_SUM" and is_of_bytes(operation)):
        return partial(pool, operation)
    single = replace(kernel, stride_y=1, stride_x=1, dilation_y=1, dilation_x=1, upscale=Upscale.NONE)
    table = table_of_bytes(replace(operation, kernel=single), pool)
    return partial(_by_byte, operation, table, StoredMap(ifm), StoredMap(ofm))


def _by_byte(operation: Pooling, table: bytes, ifm: StoredMap, ofm: StoredMap, memory: Memory) -> None:
    kernel = operation.kernel
    values = enlarge(ifm.read(memory), kernel.upscale)
    values = values[:: kernel.stride_y, :: kernel.stride_x][: operation.ofm.height, : operation.ofm.width]
    ofm.write(memory, look_up(values, table, operation, memory[SHRAM]))


def pool(operation: Pooling, memory: Memory) -> None:
    """Execute `operation` in `memory`."""
    values = _MODES[operation.mode](operation, memory)
    values += operation.ofm.zero_point
    StoredMap(operation.ofm).write(memory, finish(values, operation, memory[SHRAM]))


def _largest(operation: Pooling, memory: Memory) -> Integers:
    lowest = operation.ifm.element.lowest - max(operation.ifm.zero_point, 0) - 1
    values, _, _ = padded_input(operation, memory, np.int64 if operation.ifm.element.bits == 32 else np.int32, lowest)
    kernel, ofm = operation.kernel, operation.ofm
    by_row = _slide(values, kernel.height, kernel.stride_y, ofm.height, np.maximum)
    swapped = by_row.swapaxes(0, 1)
    return _slide(swapped, kernel.width, kernel.stride_x, ofm.width, np.maximum).swapaxes(0, 1).astype(np.int64)


def _average(operation: Pooling, memory: Memory) -> Integers:
    values, rows, columns = padded_input(operation, memory, np.int64)
    kernel, ofm, output = operation.kernel, operation.ofm, operation.output
    by_row = _slide(values, kernel.height, kernel.stride_y, ofm.height, np.add)
    sums = _slide(by_row.swapaxes(0, 1), kernel.width, kernel.stride_x, ofm.width, np.add).swapaxes(0, 1)
    if output.global_scale and not _is_padded(operation):
        return shift_right(sums * output.scale, output.shift, output.rounding)
    counts = np.outer(
        _inside(rows, kernel.height, kernel.stride_y, ofm.height),
        _inside(columns, kernel.width, kernel.stride_x, ofm.width),
    )
    return _divide(sums, counts[:, :, None], output.rounding)


def _is_padded(operation: Pooling) -> bool:
    """Return True if windows may differ in size: each is divided by its own, whatever the OFM scale."""
    kernel = operation.kernel
    return any((kernel.pad_top, kernel.pad_left, kernel.pad_bottom, kernel.pad_right))


def _reduce_sum(operation: Pooling, memory: Memory) -> Integers:
    values = read_feature_map(operation.ifm, memory).astype(np.int64) - operation.ifm.zero_point
    output = operation.output
    sums = values.sum(axis=2, keepdims=True)
    return shift_right(sums * output.scale, output.shift, output.rounding) if output.global_scale else sums


_MODES = {"MAX": _largest, "AVERAGE": _average, "REDUCE_SUM": _reduce_sum}


def _slide(values: Array, window: int, step: int, outputs: int, combine: np.ufunc) -> Array:
    """Return `values` with the first axis reduced by `combine` over windows."""
    if outputs == 1:
        return combine.reduce(values[:window], axis=0, keepdims=True)
    result = values[: (outputs - 1) * step + 1 : step].copy()
    for offset in range(1, window):
        combine(result, values[offset : offset + (outputs - 1) * step + 1 : step], out=result)
    return result


def _inside(inside: slice, window: int, step: int, outputs: int) -> Integers:
    """Return for every output along an axis how many of its window's elements are not padding."""
    first = np.arange(outputs, dtype=np.int64) * step
    return np.maximum(1, np.minimum(first + window, inside.stop) - np.maximum(first, inside.start))


def _divide(sums: Integers, counts: Integers, rounding: Rounding) -> Integers:
    """Return the averages computed with the hardware's reciprocals: 31 bits and more, depending on the count."""
    scale, shift = np.ones_like(counts), np.zeros_like(counts)
    for count in np.unique(counts).tolist():
        bits = math.frexp(count - 1)[1]
        scale[counts == count] = ((1 << 31 + bits) + (1 << bits)) // count
        shift[counts == count] = 31 + bits
    return shift_right(sums * scale, np.broadcast_to(shift, sums.shape), rounding)
