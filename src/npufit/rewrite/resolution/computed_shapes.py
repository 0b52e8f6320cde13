"""Shapes that a network computes from shapes: small integers, followed before and after the change of size."""

from __future__ import annotations

from collections.abc import Callable

from npufit.graph import (
    NO_TENSOR,
    StridedSliceOptions,
    constant_values,
)
from npufit.rewrite.resolution.walk import ResizeWalk, Shape


def known_values(walk: ResizeWalk, index: int) -> None:
    """Follow small integers, from which shapes are computed, through the operator at `index`."""
    operator = walk.operators[index]
    if not operator.outputs or not any(tensor in walk.values for tensor in operator.inputs):
        return
    pairs = [_value(walk, tensor) for tensor in operator.inputs]
    compute = _VALUES.get(operator.type)
    if compute is None:
        return
    sides: list[Shape] = []
    for side in (0, 1):
        operands = [None if pair is None else pair[side] for pair in pairs]
        result = compute(walk, index, operands)
        if result is None:
            return
        sides.append(result)
    walk.values[operator.outputs[0]] = sides[0], sides[1]


def _value(walk: ResizeWalk, tensor: int) -> tuple[Shape, Shape] | None:
    if tensor == NO_TENSOR:
        return None
    known = walk.values.get(tensor)
    if known is not None:
        return known
    constant = constant_values(walk.tensors[tensor])
    return None if constant is None else (constant, constant)


_Compute = Callable[[ResizeWalk, int, list[Shape | None]], Shape | None]


def _take(walk: ResizeWalk, index: int, operands: list[Shape | None]) -> Shape | None:
    options = walk.operators[index].options
    values, begin, end, strides = operands
    if values is None or begin is None or end is None or strides is None or len(begin) != 1:
        return None
    if not isinstance(options, StridedSliceOptions):
        return None
    if options.shrink_axis_mask:
        return (values[begin[0]],)
    first, last = (None if options.begin_mask else begin[0]), (None if options.end_mask else end[0])
    return values[first : last : strides[0]]


def _together(walk: ResizeWalk, index: int, operands: list[Shape | None]) -> Shape | None:
    if any(operand is None for operand in operands):
        return None
    return tuple(value for operand in operands for value in operand or ())


def _same(walk: ResizeWalk, index: int, operands: list[Shape | None]) -> Shape | None:
    return operands[0]


def _product(walk: ResizeWalk, index: int, operands: list[Shape | None]) -> Shape | None:
    first, second = operands
    if first is None or second is None:
        return None
    count = max(len(first), len(second))
    if {len(first), len(second)} - {1, count}:
        return None
    first, second = (one * count if len(one) == 1 else one for one in (first, second))
    return tuple(a * b for a, b in zip(first, second, strict=True))


_VALUES: dict[str, _Compute] = {
    "STRIDED_SLICE": _take,
    "PACK": _together,
    "CONCATENATION": _together,
    "CAST": _same,
    "RESHAPE": _same,
    "SQUEEZE": _same,
    "MUL": _product,
}
