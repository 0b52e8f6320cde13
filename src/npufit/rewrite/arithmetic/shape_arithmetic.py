"""What operators make of integer vectors, as networks use them to compute shapes from shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph import (
    ConcatenationOptions,
    GatherOptions,
    Operator,
    PackOptions,
    ReducerOptions,
    StridedSliceOptions,
)

IntegerArray = npt.NDArray[Any]


def _strided_slice(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    options = operator.options
    if not isinstance(options, StridedSliceOptions) or len(operands) != 4 or operands[0].ndim != 1:
        return None
    if options.ellipsis_mask or options.new_axis_mask or options.offset or operands[1].size != 1:
        return None
    source, begin, end, stride = operands[0], *(int(operand[0]) for operand in operands[1:])
    if options.shrink_axis_mask & 1:
        return source[begin]
    return source[None if options.begin_mask & 1 else begin : None if options.end_mask & 1 else end : stride]


def _slice(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    if len(operands) != 3 or operands[0].ndim != 1:
        return None
    begin, size = int(operands[1][0]), int(operands[2][0])
    return operands[0][begin:] if size < 0 else operands[0][begin : begin + size]


def _gather(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    options = operator.options
    plain = isinstance(options, GatherOptions) and not options.axis and not options.batch_dims
    return np.take(operands[0], operands[1], axis=0) if plain and operands[0].ndim == 1 else None


def _pack(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    return np.stack(operands, operator.options.axis) if isinstance(operator.options, PackOptions) else None


def _concatenate(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    options = operator.options
    return np.concatenate(operands, options.axis) if isinstance(options, ConcatenationOptions) else None


def _product(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    keep = isinstance(operator.options, ReducerOptions) and operator.options.keep_dims
    axes = tuple(int(axis) for axis in operands[1].reshape(-1))
    return np.asarray(np.prod(operands[0], axis=axes, keepdims=keep))


def _reshape(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    return operands[0].reshape(tuple(map(int, operands[1]))) if len(operands) == 2 else None


def _squeeze(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    return operands[0].reshape(()) if operands[0].size == 1 else None


def _expand(operator: Operator, operands: list[IntegerArray]) -> IntegerArray | None:
    return operands[0].reshape((1,)) if operands[0].ndim == 0 else None


SHAPE_ARITHMETIC: Mapping[str, Callable[[Operator, list[IntegerArray]], IntegerArray | None]] = {
    "SHAPE": lambda _, operands: operands[0],
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "GATHER": _gather,
    "PACK": _pack,
    "CONCATENATION": _concatenate,
    "CAST": lambda _, operands: operands[0],
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "EXPAND_DIMS": _expand,
    "REDUCE_PROD": _product,
    "ADD": lambda _, operands: operands[0] + operands[1],
    "SUB": lambda _, operands: operands[0] - operands[1],
    "MUL": lambda _, operands: operands[0] * operands[1],
}
"""The operators that converters write between SHAPE and RESHAPE, on integer vectors."""
