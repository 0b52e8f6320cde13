"""Values for inputs that are shapes, sizes, axes or indices, where random numbers would make no sense.

Each recipe derives an operand from the file's shapes of the operator's other tensors, so that the operator produces its
output shape. An operand that cannot be derived is 0, which every kernel accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from npufit.execution.values import Array
from npufit.graph import NO_TENSOR, ElementType, Kind, Model, Operator, Role, Subgraph, Tensor, operator_type, wire

Shape = tuple[int, ...]
_Recipe = Callable[[Subgraph, Operator], Sequence[int] | None]
"""Gives the values of an operator's operand, None if they cannot be derived."""

_Limit = Callable[[Subgraph, Operator], int]
"""Gives the number of valid index values of an operator."""

_LONGEST_WAY = 16
_OPERAND_TYPES = frozenset({ElementType.INT16, ElementType.INT32, ElementType.INT64})


def operand_values(model: Model, tensor: int, generator: np.random.Generator) -> Array | None:
    """Return values for `tensor` of the main subgraph if an operator reads it as an operand, otherwise None.

    Indices are random within their valid range; shapes, sizes, axes and paddings are derived from the shapes in the
    file.
    """
    graph = model.main
    own = graph.tensors[tensor]
    if own.element not in _OPERAND_TYPES or own.shape is None:
        return None
    dtype = np.dtype(own.element.value)
    for operator, position in _readers(graph, tensor):
        role = operator_type(operator).role(position)
        limit = _LIMITS.get(role)
        if limit is not None:
            return generator.integers(0, max(1, limit(graph, operator)), own.shape).astype(dtype)
        recipe = _RECIPES.get(role)
        if recipe is not None:
            values = recipe(graph, operator)
            fits = values is not None and len(values) == own.element_count
            return np.array(values if fits else [0] * own.element_count, dtype).reshape(own.shape)
    return None


def is_operand(model: Model, tensor: int) -> bool:
    """Return whether an operator reads `tensor` as a shape, a size, an axis or an index."""
    return operand_values(model, tensor, np.random.default_rng(0)) is not None


def _readers(graph: Subgraph, tensor: int) -> Iterator[tuple[Operator, int]]:
    """Yield the operators that read `tensor` with the position, also after operators that keep its values."""
    consumers = wire(graph).consumers
    waiting, seen = [(tensor, 0)], {tensor}
    while waiting:
        current, way = waiting.pop(0)
        for index in consumers[current]:
            operator = graph.operators[index]
            position = operator.inputs.index(current)
            yield operator, position
            if _keeps_values(operator) and position == operator_type(operator).data and way < _LONGEST_WAY:
                fresh = [output for output in operator.outputs if output != NO_TENSOR and output not in seen]
                seen.update(fresh)
                waiting += [(output, way + 1) for output in fresh]


def _keeps_values(operator: Operator) -> bool:
    """Return whether the results of `operator` have the values of its data, so that their readers read those."""
    row = operator_type(operator)
    return row.kind is Kind.MOVEMENT or row.name == "CAST"


def _tensor(graph: Subgraph, tensors: tuple[int, ...], position: int) -> Tensor | None:
    index = tensors[position] if position < len(tensors) else NO_TENSOR
    return None if index == NO_TENSOR else graph.tensors[index]


def _input_shape(graph: Subgraph, operator: Operator, position: int) -> Shape:
    tensor = _tensor(graph, operator.inputs, position)
    return () if tensor is None or tensor.shape is None else tensor.shape


def _output_shape(graph: Subgraph, operator: Operator) -> Shape:
    tensor = _tensor(graph, operator.outputs, 0)
    return () if tensor is None or tensor.shape is None else tensor.shape


def _data_shape(graph: Subgraph, operator: Operator) -> Shape:
    return _input_shape(graph, operator, operator_type(operator).data)


def _rows(graph: Subgraph, operator: Operator) -> int:
    """Return the size of the data's axis that the options name, or of the first one."""
    shape = _data_shape(graph, operator)
    axis = getattr(operator.options, "axis", 0)
    return shape[axis] if -len(shape) <= axis < len(shape) else 1


def _smallest_of_data(graph: Subgraph, operator: Operator) -> int:
    return min(_data_shape(graph, operator), default=1)


def _smallest_of_result(graph: Subgraph, operator: Operator) -> int:
    return min(_output_shape(graph, operator), default=1)


def _last_of_result(graph: Subgraph, operator: Operator) -> int:
    return (_output_shape(graph, operator) or (1,))[-1]


def _sizes(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return _output_shape(graph, operator)


def _rows_and_columns(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return _output_shape(graph, operator)[1:3]


def _begin(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return [0] * len(_data_shape(graph, operator))


def _end(graph: Subgraph, operator: Operator) -> Sequence[int]:
    """Return the end of a STRIDED_SLICE: the size of the output if the axes are the same, otherwise of the input."""
    whole, part = _data_shape(graph, operator), _output_shape(graph, operator)
    return part if len(part) == len(whole) else whole


def _strides(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return [1] * len(_data_shape(graph, operator))


def _multiples(graph: Subgraph, operator: Operator) -> Sequence[int]:
    pairs = zip(_data_shape(graph, operator), _output_shape(graph, operator), strict=False)
    return [max(1, new // max(1, old)) for old, new in pairs]


def _paddings(graph: Subgraph, operator: Operator) -> Sequence[int]:
    pairs = zip(_data_shape(graph, operator), _output_shape(graph, operator), strict=False)
    added = [max(0, new - old) for old, new in pairs]
    return [part for total in added for part in (total // 2, total - total // 2)]


def _order(graph: Subgraph, operator: Operator) -> Sequence[int]:
    """Return an order of axes that gives the output's shape, or the unchanged order."""
    old, new = _data_shape(graph, operator), _output_shape(graph, operator)
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
    """Return the axes that a reduction removes, as many as the operand has."""
    old, new = _data_shape(graph, operator), _output_shape(graph, operator)
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


def _split_axis(graph: Subgraph, operator: Operator) -> Sequence[int]:
    pairs = zip(_data_shape(graph, operator), _output_shape(graph, operator), strict=False)
    return [next((axis for axis, (old, new) in enumerate(pairs) if old != new), 0)]


def _part_sizes(graph: Subgraph, operator: Operator) -> Sequence[int]:
    (axis,) = _split_axis(graph, operator)
    shapes = [graph.tensors[output].shape or () for output in operator.outputs if output != NO_TENSOR]
    return [shape[axis] if axis < len(shape) else 0 for shape in shapes]


def _new_axis(graph: Subgraph, operator: Operator) -> Sequence[int]:
    old, new = _data_shape(graph, operator), _output_shape(graph, operator)
    return [next((axis for axis in range(len(new)) if new[axis] == 1 and new[:axis] + new[axis + 1 :] == old), 0)]


def _last_size(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return _output_shape(graph, operator)[-1:]


def _one(graph: Subgraph, operator: Operator) -> Sequence[int]:
    return [1]


def _zeros(graph: Subgraph, operator: Operator) -> None:
    return None


_RECIPES: Mapping[Role | None, _Recipe] = {
    Role.SHAPE: _sizes,
    Role.MAP_SIZE: _rows_and_columns,
    Role.BEGIN: _begin,
    Role.END: _end,
    Role.STRIDES: _strides,
    Role.MULTIPLES: _multiples,
    Role.PADDINGS: _paddings,
    Role.ORDER: _order,
    Role.REDUCED_AXES: _reduced_axes,
    Role.SPLIT_AXIS: _split_axis,
    Role.PART_SIZES: _part_sizes,
    Role.NEW_AXIS: _new_axis,
    Role.COUNT: _last_size,
    Role.RANGE_LIMIT: _last_size,
    Role.RANGE_DELTA: _one,
    **dict.fromkeys((Role.RANGE_START, Role.AXIS, Role.OFFSET), _zeros),
}
"""Derivations from shapes, by the role of the operand; None gives zeros of the right number."""

_LIMITS: Mapping[Role | None, _Limit] = {
    Role.ROW: _rows,
    Role.POINT: _smallest_of_data,
    Role.LENGTHS: _smallest_of_data,
    Role.TARGET: _smallest_of_result,
    Role.CLASS: _last_of_result,
}
"""The number of valid values of an index."""
