"""Operations on bytes as tables, made before any data is known: what becomes of every byte, or of every pair of bytes.

The tables come from executing the operation itself on all of them, so they cannot differ from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

import numpy as np

from npufit.ethosu.arithmetic import look_up_bytes
from npufit.ethosu.arrays import SHRAM, Array, Bytes, Memory, dtype_of
from npufit.ethosu.operations import (
    ActivationType,
    BlockOperation,
    Element,
    Elementwise,
    FeatureMap,
    Layout,
    Pooling,
)

_BYTE_BITS = 8
_BYTES = 1 << _BYTE_BITS
_UNCHANGED = bytes(range(_BYTES))
_FIRST, _SECOND, _RESULT = 1, 2, 3
"""Regions of the memory in which operations are executed ahead of time."""

_BLOCK_VALUES = 1 << 15
"""Pairs that are looked up at a time, to stay in the cache."""

_Operation = TypeVar("_Operation", Elementwise, Pooling)


def is_of_bytes(operation: Elementwise | Pooling) -> bool:
    """Return True if bytes go in and bytes come out, and nothing but a table of bytes follows the clamp."""
    second = operation.ifm2 if isinstance(operation, Elementwise) else None
    inputs = [operation.ifm] if second is None else [operation.ifm, second]
    stored = (*(given.element for given in inputs), operation.ofm.element, _clamped(operation))
    plain = operation.output.activation in (ActivationType.NONE, ActivationType.TABLE)
    return plain and all(element.bits == _BYTE_BITS for element in stored)


def table_of_bytes(operation: _Operation, execute: Callable[[_Operation, Memory], None]) -> bytes:
    """Return what `execute` makes of each byte, clamped, before a table of the SHRAM."""
    ofm = _plain_map(operation.ofm, _RESULT, _BYTES, 1)
    return _execute(_alone(operation, _plain_map(operation.ifm, _FIRST, _BYTES, 1), ofm), execute)


def table_of_pairs(operation: Elementwise, execute: Callable[[Elementwise, Memory], None]) -> Bytes:
    """Return what `execute` makes of each pair, 256 times the first byte plus the second, as `table_of_bytes` does."""
    assert operation.ifm2 is not None
    ofm = _plain_map(operation.ofm, _RESULT, _BYTES, _BYTES)
    alone = _alone(operation, _plain_map(operation.ifm, _FIRST, _BYTES, 1), ofm)
    alone = replace(alone, ifm2=_plain_map(operation.ifm2, _SECOND, 1, _BYTES))
    return np.frombuffer(_execute(alone, execute), np.uint8)


def look_up(values: Array, table: bytes, operation: BlockOperation, shram: Bytes) -> Array:
    """Return the results of `values`, which are bytes, by the table of `operation`."""
    if table == _UNCHANGED:
        found = values.view(np.uint8)
    else:
        found = np.frombuffer(values.tobytes().translate(table), np.uint8).reshape(values.shape)
    return _finish(found, operation, shram)


def look_up_pairs(first: Array, second: Array, table: Bytes, operation: BlockOperation, shram: Bytes) -> Array:
    """Return the results of two maps of bytes, the second one broadcast, by the table of `operation`."""
    height, width, depth = first.shape
    found = np.empty(first.shape, np.uint8)
    count = max(1, _BLOCK_VALUES // (width * depth))
    for start in range(0, height, count):
        pairs = first[start : start + count].view(np.uint8).astype(np.uint16)
        pairs <<= _BYTE_BITS
        pairs |= (second if second.shape[0] == 1 else second[start : start + count]).view(np.uint8).astype(np.uint16)
        table.take(pairs, out=found[start : start + count], mode="wrap")  # the mode that checks nothing
    return _finish(found, operation, shram)


def _finish(clamped: Bytes, operation: BlockOperation, shram: Bytes) -> Array:
    if operation.output.activation is ActivationType.TABLE:
        if _clamped(operation).signed:  # entries follow the values, from the lowest one on
            clamped = np.bitwise_xor(clamped, 0x80, dtype=np.uint8)
        return look_up_bytes(clamped, operation, shram)
    return clamped.view(dtype_of(operation.ofm.element))


def _clamped(operation: BlockOperation) -> Element:
    """Return the type of values after the clamp: the index of a table, or the result."""
    has_table = operation.output.activation is ActivationType.TABLE
    return operation.output.clip or operation.ofm.element if has_table else operation.ofm.element


def _alone(operation: _Operation, ifm: FeatureMap, ofm: FeatureMap) -> _Operation:
    """Return `operation` on other maps, without what its place in a stream adds, so that equal ones are equal."""
    return replace(
        operation,
        index=0,
        offset=0,
        used=(),
        unset=(),
        block=(1, 1, 1),
        block_dependency=0,
        ifm=ifm,
        ofm=replace(ofm, element=_clamped(operation)),
        output=replace(operation.output, activation=ActivationType.NONE, table=0),
    )


def _plain_map(like: FeatureMap, region: int, height: int, width: int) -> FeatureMap:
    return FeatureMap(
        region=region,
        bases=(0, 0, 0, 0),
        width0=width,
        height0=height,
        height1=height,
        stride_y=width,
        stride_x=1,
        stride_c=1,
        layout=Layout.NHWC,
        element=like.element,
        zero_point=like.zero_point,
        height=height,
        width=width,
        depth=1,
    )


@lru_cache(maxsize=512)
def _execute(operation: _Operation, execute: Callable[[_Operation, Memory], None]) -> bytes:
    every = np.arange(_BYTES, dtype=np.uint8)
    result = np.empty(operation.ofm.height * operation.ofm.width, np.uint8)
    execute(operation, {_FIRST: every, _SECOND: every, _RESULT: result, SHRAM: np.zeros(0, np.uint8)})
    return result.tobytes()
