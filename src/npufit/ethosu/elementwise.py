"""ELEMENTWISE: one small function per mode, on operands minus their zero points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from npufit.ethosu.arithmetic import finish, shift_right
from npufit.ethosu.arrays import SHRAM, Array, Bytes, Integers, Memory, dtype_of
from npufit.ethosu.byte_tables import is_of_bytes, look_up, look_up_pairs, table_of_bytes, table_of_pairs
from npufit.ethosu.feature_maps import StoredMap, read_feature_map
from npufit.ethosu.operations import Elementwise, FeatureMap

_UNSCALED_OPERAND_SHIFT = {8: 19, 16: 14}
"""Bits by which the unscaled operand is shifted left if only one is scaled."""

_CHUNK = 1 << 14
_WORTH_A_TABLE = 1 << 12
"""Values from which on a table of all pairs pays: it costs the time of 65,536 values, once."""

Function = Callable[[Elementwise, Integers, Integers], Integers]


def plan_elementwise(operation: Elementwise) -> Callable[[Memory], None]:
    """Return the execution of `operation`, by tables if it works on enough bytes."""
    if not is_of_bytes(operation):
        return partial(elementwise, operation)
    ifm, ofm = StoredMap(operation.ifm), StoredMap(operation.ofm)
    if operation.ifm2 is None:
        return partial(_by_byte, operation, table_of_bytes(operation, elementwise), ifm, ofm)
    height, width, depth = operation.ofm.shape
    if height * width * depth < _WORTH_A_TABLE or operation.ifm.shape != operation.ofm.shape:
        return partial(elementwise, operation)
    return partial(_by_pair, operation, table_of_pairs(operation, elementwise), ifm, StoredMap(operation.ifm2), ofm)


def _by_byte(operation: Elementwise, table: bytes, ifm: StoredMap, ofm: StoredMap, memory: Memory) -> None:
    ofm.write(memory, look_up(ifm.read(memory), table, operation, memory[SHRAM]))


def _by_pair(
    operation: Elementwise, table: Bytes, ifm: StoredMap, ifm2: StoredMap, ofm: StoredMap, memory: Memory
) -> None:
    result = look_up_pairs(ifm.read(memory), ifm2.read(memory), table, operation, memory[SHRAM])
    ofm.write(memory, result)


def elementwise(operation: Elementwise, memory: Memory) -> None:
    """Execute `operation` in `memory`."""
    ofm = operation.ofm
    own = read_feature_map(operation.ifm, memory)
    other = None if operation.ifm2 is None else read_feature_map(operation.ifm2, memory)
    result = np.empty(ofm.shape, dtype_of(ofm.element))
    rows = max(1, _CHUNK // (ofm.width * ofm.depth))
    function = _MODES[operation.mode]
    for first in range(0, ofm.height, rows):
        part = slice(first, first + rows)
        left = _operand(operation.ifm, own[part])
        right = _second_operand(operation, other, part)
        if operation.ifm2_first:
            left, right = right, left
        values = function(operation, left, right) + ofm.zero_point
        result[part] = finish(values, operation, memory[SHRAM])
    StoredMap(ofm).write(memory, result)


def _operand(feature_map: FeatureMap, values: Array) -> Integers:
    wide = values.astype(np.int64)
    if feature_map.zero_point:
        wide -= feature_map.zero_point
    return wide


def _second_operand(operation: Elementwise, other: Array | None, part: slice) -> Integers:
    if other is None or operation.ifm2 is None:
        return np.asarray(operation.scalar or 0, np.int64)
    return _operand(operation.ifm2, other if other.shape[0] == 1 else other[part])


def _scaled(operation: Elementwise, values: Integers) -> Integers:
    """Return `values` by the OFM scale; 32-bit operands are only shifted."""
    output = operation.output
    scale = 1 if operation.ifm.element.bits == 32 else output.scale
    return shift_right(values * scale if scale != 1 else values, output.shift, output.rounding)


def _aligned(operation: Elementwise, left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """Return the operands of a sum on one scale."""
    bits = operation.ifm.element.bits
    if bits == 32:
        return left, right
    if operation.scaled_operand == 0:
        return left * operation.first_scale, right * operation.second_scale
    up = _UNSCALED_OPERAND_SHIFT[bits]
    scale, shift, rounding = operation.first_scale, operation.first_shift, operation.output.rounding
    implied = up + 1  # the unscaled operand is shifted and halved
    if operation.scaled_operand == 1:
        return shift_right(left * scale, shift, rounding, implied), right << up
    return left << up, shift_right(right * scale, shift, rounding, implied)


def _add(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    left, right = _aligned(operation, left, right)
    return _scaled(operation, left + right)


def _subtract(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    left, right = _aligned(operation, left, right)
    return _scaled(operation, left - right)


def _multiply(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return _scaled(operation, left * right)


def _minimum(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return np.minimum(left, right)


def _maximum(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return np.maximum(left, right)


def _leaky(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return np.where(left < 0, _scaled(operation, left), left)


def _absolute(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return _scaled(operation, np.abs(left))


def _leading_zeros(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    # The exponent of a float64 is the number of bits of an integer below 2^53.
    return np.where(left < 0, 0, 32 - np.frexp(left.astype(np.float64))[1].astype(np.int64))


def _shift_right(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return shift_right(left, np.clip(right, 0, 62), operation.output.rounding)


def _shift_left(operation: Elementwise, left: Integers, right: Integers) -> Integers:
    return left << np.clip(right, 0, 31)


_MODES: dict[str, Function] = {
    "MUL": _multiply,
    "ADD": _add,
    "SUB": _subtract,
    "MIN": _minimum,
    "MAX": _maximum,
    "LRELU": _leaky,
    "ABS": _absolute,
    "CLZ": _leading_zeros,
    "SHR": _shift_right,
    "SHL": _shift_left,
}
