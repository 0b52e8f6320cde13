"""The combined effect of a chain of operators that only move elements: where each element of its source goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph import (
    NO_TENSOR,
    GatherOptions,
    Operator,
    StridedSliceOptions,
    constant_values,
    has_operands,
    operator_type,
)
from npufit.rewrite.surgery.editor import Editor
from npufit.rewrite.surgery.quantization_equality import same_quantization

Places = npt.NDArray[Any]

_MOST_ELEMENTS = 1 << 23
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Movement:
    """A tensor made from `source` by `operators` (the last first): element i is the source's `places[i]`."""

    source: int
    operators: tuple[int, ...]
    places: Places


def movements(editor: Editor, tensor: int) -> Iterator[Movement]:
    """Yield how `tensor` is made from each earlier tensor by only moving elements, the farthest first."""
    chain: list[int] = []
    sources: list[int] = []
    current = tensor
    while len(chain) < _LONGEST:
        index = editor.producer(current)
        operator = None if index is None else editor.operator(index)
        source = NO_TENSOR if operator is None else _source(operator)
        if index is None or source == NO_TENSOR or not _keeps(editor, source, tensor):
            break
        chain.append(index)
        sources.append(source)
        current = source
    for length in range(len(chain), 0, -1):
        places = _follow(editor, sources[length - 1], chain[:length], tensor)
        if places is not None:
            yield Movement(sources[length - 1], tuple(chain[:length]), places)


def _source(operator: Operator) -> int:
    """Return the tensor whose elements `operator` moves, NO_TENSOR if it does something else."""
    if operator.type not in _MOVES or not has_operands(operator):
        return NO_TENSOR
    return operator.inputs[operator_type(operator).data]


def _keeps(editor: Editor, source: int, tensor: int) -> bool:
    first, last = editor.tensor(source), editor.tensor(tensor)
    known = first.shape is not None and last.shape is not None and not first.is_variable
    plain = len(first.quantization.scales) <= 1
    return known and plain and same_quantization(first, last) and prod(first.shape or ()) <= _MOST_ELEMENTS


def _follow(editor: Editor, source: int, chain: list[int], tensor: int) -> Places | None:
    shape = editor.tensor(source).shape or ()
    places: Places | None = np.arange(prod(shape)).reshape(shape)
    read = source
    for index in reversed(chain):
        operator = editor.operator(index)
        outputs = operator.outputs
        written = next(
            (output for output in outputs if output == tensor or (index != chain[0] and _leads(editor, output, chain))),
            NO_TENSOR,
        )
        if places is None or written == NO_TENSOR or read not in operator.inputs:
            return None
        try:
            places = _MOVES[operator.type](editor, operator, places, outputs.index(written))
        except (ValueError, IndexError):
            return None
        read = written
    shape = editor.tensor(tensor).shape
    return places if places is not None and places.shape == shape else None


def _leads(editor: Editor, output: int, chain: list[int]) -> bool:
    return any(_source(editor.operator(index)) == output for index in chain)


def _constant(editor: Editor, operator: Operator, position: int) -> tuple[int, ...]:
    index = operator.input(position)
    values = None if index == NO_TENSOR else constant_values(editor.tensor(index))
    if values is None:
        raise ValueError("the operand is computed")
    return values


def _reshape(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    shape = editor.tensor(operator.outputs[0]).shape
    return None if shape is None else places.reshape(shape)


def _transpose(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    return places.transpose(_constant(editor, operator, 1))


def _gather(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    options = operator.options
    if not isinstance(options, GatherOptions) or options.batch_dims:
        return None
    chosen = np.array(_constant(editor, operator, 1))
    if (chosen < 0).any():
        return None
    shape = editor.tensor(operator.inputs[1]).shape or ()
    return np.take(places, chosen.reshape(shape), axis=options.axis)


def _slice(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    begin, size = _constant(editor, operator, 1), _constant(editor, operator, 2)
    ends = zip(begin, size, strict=True)
    return places[tuple(slice(first, None if count < 0 else first + count) for first, count in ends)]


def _strided_slice(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    options = operator.options
    if not isinstance(options, StridedSliceOptions) or options.ellipsis_mask or options.new_axis_mask or options.offset:
        return None
    begin, end, strides = (_constant(editor, operator, position) for position in (1, 2, 3))
    picked: list[slice | int] = []
    for axis, (first, last, stride) in enumerate(zip(begin, end, strides, strict=True)):
        if options.shrink_axis_mask >> axis & 1:
            picked.append(first)
        else:
            start = None if options.begin_mask >> axis & 1 else first
            picked.append(slice(start, None if options.end_mask >> axis & 1 else last, stride))
    return places[tuple(picked)]


def _split(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    (axis,) = _constant(editor, operator, 0)
    return np.split(places, len(operator.outputs), axis)[output]


def _unpack(editor: Editor, operator: Operator, places: Places, output: int) -> Places | None:
    return np.take(places, output, axis=getattr(operator.options, "axis", 0))


_MOVES: dict[str, Callable[[Editor, Operator, Places, int], Places | None]] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "TRANSPOSE": _transpose,
    "GATHER": _gather,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "SPLIT": _split,
    "UNPACK": _unpack,
}
"""The effect of each operator on an array of positions instead of values."""


def is_reshape(places: Places, shape: tuple[int, ...]) -> bool:
    """Return whether all elements of a tensor of `shape` are there in order."""
    return places.size == prod(shape) and bool(np.array_equal(places.reshape(-1), np.arange(places.size)))


def find_order(places: Places, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the axis order by which a tensor of `shape` was transposed, None if it is not a transposition."""
    if places.ndim != len(shape) or places.size != prod(shape) or not places.size:
        return None
    steps = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    left = list(range(len(shape)))
    order: list[int] = []
    for axis, size in enumerate(places.shape):
        step = int(np.take(places, 1, axis).flat[0] - places.flat[0]) if size > 1 else None
        fits = (one for one in left if shape[one] == size and (step is None or steps[one] == step))
        found = next(fits, None)
        if found is None:
            return None
        left.remove(found)
        order.append(found)
    whole = np.arange(places.size).reshape(shape)
    return tuple(order) if np.array_equal(whole.transpose(order), places) else None


def find_channels(places: Places, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the channels that are picked from an image of `shape`, None if pixels move as well."""
    if places.ndim != 4 or len(shape) != 4 or places.shape[:3] != shape[:3] or not places.size:
        return None
    channels = places[0, 0, 0]
    pixels = np.arange(prod(shape[:3])).reshape((*shape[:3], 1)) * shape[3]
    if (channels >= shape[3]).any() or not np.array_equal(pixels + channels, places):
        return None
    return tuple(map(int, channels))
