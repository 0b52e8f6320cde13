"""Values for inputs that are shapes, sizes, axes or indices: random numbers there make no sense to any kernel.

Each recipe derives an operand from the shapes that the file gives to the operator's other tensors, so that the operator
does what its output says. What cannot be derived is 0, which every kernel takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from npufit.execution.values import Array
from npufit.graph import NO_TENSOR, ElementType, Model, Operator, Subgraph, Tensor, wire

Shape = tuple[int, ...]
_Recipe = Callable[[Subgraph, Operator], Sequence[int] | None]
"""Gives the values of an operand of an operator, None where they do not follow."""

_KEEP_VALUES = frozenset({"CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "SPLIT"})
"""Operators whose results have the values of their first data input: what reads them reads it."""

_LONGEST_WAY = 16
_OPERAND_TYPES = frozenset({ElementType.INT16, ElementType.INT32, ElementType.INT64})


def operand_values(model: Model, tensor: int, generator: np.random.Generator) -> Array | None:
    """Return values for `tensor` of the main subgraph where an operator reads it as an operand, else None.

    Indices are random within what they point into; shapes, sizes, axes and paddings follow from the shapes in the file.
    """
    graph = model.main
    own = graph.tensors[tensor]
    if own.element not in _OPERAND_TYPES or own.shape is None:
        return None
    dtype = np.dtype(own.element.value)
    for operator, position in _readers(graph, tensor):
        limit = _INDICES.get((operator.type, position))
        if limit is not None:
            return generator.integers(0, max(1, limit(graph, operator)), own.shape).astype(dtype)
        recipe = _OPERANDS.get((operator.type, position))
        if recipe is not None:
            values = recipe(graph, operator)
            fits = values is not None and len(values) == own.element_count
            return np.array(values if fits else [0] * own.element_count, dtype).reshape(own.shape)
    return None


def is_operand(model: Model, tensor: int) -> bool:
    """Return whether an operator reads `tensor` as a shape, a size, an axis or an index."""
    return operand_values(model, tensor, np.random.default_rng(0)) is not None


def _readers(graph: Subgraph, tensor: int) -> Iterator[tuple[Operator, int]]:
    """Yield the operators that read `tensor` with the position, also those behind operators that keep its values."""
    consumers = wire(graph).consumers
    waiting, seen = [(tensor, 0)], {tensor}
    while waiting:
        current, way = waiting.pop(0)
        for index in consumers[current]:
            operator = graph.operators[index]
            position = operator.inputs.index(current)
            yield operator, position
            data = 1 if operator.type == "SPLIT" else 0
            if operator.type in _KEEP_VALUES and position == data and way < _LONGEST_WAY:
                fresh = [output for output in operator.outputs if output != NO_TENSOR and output not in seen]
                seen.update(fresh)
                waiting += [(output, way + 1) for output in fresh]


def _tensor(graph: Subgraph, tensors: tuple[int, ...], position: int) -> Tensor | None:
    index = tensors[position] if position < len(tensors) else NO_TENSOR
    return None if index == NO_TENSOR else graph.tensors[index]


def _input_shape(graph: Subgraph, operator: Operator, position: int) -> Shape:
    tensor = _tensor(graph, operator.inputs, position)
    return () if tensor is None or tensor.shape is None else tensor.shape


def _output_shape(graph: Subgraph, operator: Operator) -> Shape:
    tensor = _tensor(graph, operator.outputs, 0)
    return () if tensor is None or tensor.shape is None else tensor.shape


def _rows_of(position: int) -> Callable[[Subgraph, Operator], int]:
    """Return the limit of indices into the first axis of an input, or into the axis that the options name."""

    def limit(graph: Subgraph, operator: Operator) -> int:
        shape = _input_shape(graph, operator, position)
        axis = getattr(operator.options, "axis", 0)
        return shape[axis] if -len(shape) <= axis < len(shape) else 1

    return limit


def _smallest_of(position: int) -> Callable[[Subgraph, Operator], int]:
    """Return a limit that every axis of an input, or of the output, keeps."""
    return lambda graph, operator: min(
        _input_shape(graph, operator, position) if position >= 0 else _output_shape(graph, operator), default=1
    )


def _sizes(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return _output_shape(graph, operator)


def _rows_and_columns(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return _output_shape(graph, operator)[1:3]


def _begin(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return [0] * len(_input_shape(graph, operator, 0))


def _end(graph: Subgraph, operator: Operator) -> Sequence[int]:
    """Return the end of a STRIDED_SLICE: the size of the output where the axes are the same, else of the input."""
    whole, part = _input_shape(graph, operator, 0), _output_shape(graph, operator)
    return part if len(part) == len(whole) else whole


def _strides(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return [1] * len(_input_shape(graph, operator, 0))


def _multiples(graph: Subgraph, operator: Operator) -> Sequence[int]:
    pairs = zip(_input_shape(graph, operator, 0), _output_shape(graph, operator), strict=False)
    return [max(1, new // max(1, old)) for old, new in pairs]


def _paddings(graph: Subgraph, operator: Operator) -> Sequence[int]:
    pairs = zip(_input_shape(graph, operator, 0), _output_shape(graph, operator), strict=False)
    added = [max(0, new - old) for old, new in pairs]
    return [part for total in added for part in (total // 2, total - total // 2)]


def _order(graph: Subgraph, operator: Operator) -> Sequence[int]:
    """Return an order of axes that gives the output's shape; the axes as they are where none does."""
    old, new = _input_shape(graph, operator, 0), _output_shape(graph, operator)
    left = list(range(len(old)))
    order: list[int] = []
    for size in new:
        axis = next((axis for axis in left if old[axis] == size), None)
        if axis is None:
            return range(len(old))
        left.remove(axis)
        order.append(axis)
    return order


def _reduced_axes(graph: Subgraph, operator: Operator) -> Sequence[int] | None:
    """Return the axes that a reduction takes away, as many as the operand has."""
    old, new = _input_shape(graph, operator, 0), _output_shape(graph, operator)
    if len(old) == len(new):
        return [axis for axis, (size, left) in enumerate(zip(old, new, strict=True)) if size != left]
    kept = 0
    gone: list[int] = []
    for axis, size in enumerate(old):
        if kept < len(new) and new[kept] == size and len(old) - axis >= len(new) - kept:
            kept += 1
        else:
            gone.append(axis)
    return gone if kept == len(new) else None


def _split_axis(position: int) -> _Recipe:
    def axis(graph: Subgraph, operator: Operator) -> Sequence[int]:
        pairs = zip(_input_shape(graph, operator, position), _output_shape(graph, operator), strict=False)
        return [next((axis for axis, (old, new) in enumerate(pairs) if old != new), 0)]

    return axis


def _part_sizes(graph: Subgraph, operator: Operator) -> Sequence[int]:
    (axis,) = _split_axis(0)(graph, operator) or (0,)
    shapes = [graph.tensors[output].shape or () for output in operator.outputs if output != NO_TENSOR]
    return [shape[axis] if axis < len(shape) else 0 for shape in shapes]


def _new_axis(graph: Subgraph, operator: Operator) -> Sequence[int]:
    old, new = _input_shape(graph, operator, 0), _output_shape(graph, operator)
    return [next((axis for axis in range(len(new)) if new[axis] == 1 and new[:axis] + new[axis + 1 :] == old), 0)]


def _last_size(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return _output_shape(graph, operator)[-1:]


def _one(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return [1]


def _zeros(graph: Subgraph, operator: Operator) -> None:
    return None


_REDUCTIONS = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL")

_OPERANDS: Mapping[tuple[str, int], _Recipe] = {
    **{(kind, 0): _sizes for kind in ("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE", "FILL", "RANDOM_UNIFORM")},
    **{(kind, 0): _sizes for kind in ("RANDOM_STANDARD_NORMAL", "MULTINOMIAL")},
    **{(kind, 1): _sizes for kind in ("RESHAPE", "BROADCAST_TO", "SPARSE_TO_DENSE")},
    ("SCATTER_ND", 2): _sizes,
    **{(kind, 1): _rows_and_columns for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")},
    ("SLICE", 1): _begin,
    ("SLICE", 2): _sizes,
    ("STRIDED_SLICE", 1): _begin,
    ("STRIDED_SLICE", 2): _end,
    ("STRIDED_SLICE", 3): _strides,
    ("DYNAMIC_UPDATE_SLICE", 2): _begin,
    ("TILE", 1): _multiples,
    **{(kind, 1): _paddings for kind in ("PAD", "PADV2", "MIRROR_PAD")},
    ("TRANSPOSE", 1): _order,
    **{(kind, 1): _reduced_axes for kind in (*_REDUCTIONS, "ARG_MAX", "ARG_MIN")},
    ("SPLIT", 0): _split_axis(1),
    ("SPLIT_V", 1): _part_sizes,
    ("SPLIT_V", 2): _split_axis(0),
    ("EXPAND_DIMS", 1): _new_axis,
    ("ONE_HOT", 1): _last_size,
    ("TOPK_V2", 1): _last_size,
    ("RANGE", 1): _last_size,
    ("RANGE", 2): _one,
    **dict.fromkeys((("RANGE", 0), ("CUMSUM", 1), ("REVERSE_V2", 1)), _zeros),
}
"""What follows from shapes, by operator type and position; None gives zeros of the right number."""

_INDICES: Mapping[tuple[str, int], Callable[[Subgraph, Operator], int]] = {
    ("GATHER", 1): _rows_of(0),
    ("EMBEDDING_LOOKUP", 0): _rows_of(1),
    ("GATHER_ND", 1): _smallest_of(0),
    ("SCATTER_ND", 0): _smallest_of(-1),
    ("ONE_HOT", 0): lambda graph, operator: (_output_shape(graph, operator) or (1,))[-1],
    ("SPARSE_TO_DENSE", 0): _smallest_of(-1),
    ("REVERSE_SEQUENCE", 1): _smallest_of(0),
}
"""How many values an index may have."""
