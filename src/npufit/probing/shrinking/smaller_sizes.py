"""The same operators at other sizes: inputs and filters change, everything else follows.

A knob is a size that a model is free to choose: a dimension of an input, the filters of a convolution, the sides of its
window. Constants follow the data that they meet, cut or repeated, and the shapes of results follow from the rules of
their types. A model in which something does not follow is no candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from npufit.errors import ModelError
from npufit.graph import (
    NO_TENSOR,
    Buffer,
    Model,
    Operator,
    Quantization,
    ReshapeOptions,
    Role,
    Subgraph,
    constant_values,
    operator_type,
    validate,
)
from npufit.graph.arrays import stored_values

_Shape = tuple[int, ...]

_WINDOWS = {"CONV_2D": (1, 2), "DEPTHWISE_CONV_2D": (1, 2), "TRANSPOSE_CONV": (1, 2)}
"""The axes of the weights that are the window."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One size: axis `axis` of the tensor `tensor`, which is an input, or the weights of an operator.

    `kind` tells sizes that play the same part: batch, spatial, channels, window. Knobs of one kind and size turn
    together first, because residual additions need that.
    """

    kind: str
    tensor: int
    axis: int
    size: int


def knobs_of(model: Model) -> tuple[Knob, ...]:
    """Return every size of `model` that can be chosen and is above 1, the largest first."""
    main = model.main
    found = {(knob.tensor, knob.axis): knob for knob in (*_input_knobs(main), *_weight_knobs(main)) if knob.size > 1}
    return tuple(sorted(found.values(), key=lambda knob: (-knob.size, knob.tensor, knob.axis)))


def with_sizes(model: Model, sizes: Mapping[Knob, int]) -> Model | None:
    """Return `model` with other sizes of some knobs; None if something cannot follow."""
    return _redrawn(model, model.main, {(knob.tensor, knob.axis): size for knob, size in sizes.items()}, None)


def with_operator(model: Model, index: int, operator: Operator) -> Model | None:
    """Return `model` with another operator at `index` that reads and writes the same tensors; None if it cannot be."""
    operators = (*model.main.operators[:index], operator, *model.main.operators[index + 1 :])
    return _redrawn(model, replace(model.main, operators=operators), {}, index)


def _redrawn(model: Model, main: Subgraph, chosen: Mapping[tuple[int, int], int], changed: int | None) -> Model | None:
    try:
        subgraph = _Redrawing(main, chosen).redraw(changed)
        if subgraph is None:
            return None
        redrawn = replace(model, subgraphs=(subgraph, *model.subgraphs[1:]))
        validate(redrawn)
    except (ModelError, ValueError, IndexError, ZeroDivisionError):
        return None
    return redrawn


def _input_knobs(main: Subgraph) -> Iterator[Knob]:
    for index in main.inputs:
        shape = main.tensors[index].shape or ()
        for axis, size in enumerate(shape):
            is_batch = axis == 0 and len(shape) > 1
            kind = "batch" if is_batch else "channels" if axis == len(shape) - 1 else "spatial"
            yield Knob(kind, index, axis, size)


def _weight_knobs(main: Subgraph) -> Iterator[Knob]:
    for operator in main.operators:
        row = operator_type(operator)
        for position in row.positions(operator, Role.WEIGHTS):
            tensor = operator.inputs[position]
            shape = main.tensors[tensor].shape if tensor != NO_TENSOR else None
            if shape is None or not main.tensors[tensor].is_constant or row.channel_axis is None:
                continue
            if row.channel_axis == 0:
                yield Knob("channels", tensor, 0, shape[0])
            for axis in _WINDOWS.get(operator.type, ()):
                yield Knob("window", tensor, axis, shape[axis])


class _Redrawing:
    """A walk over the operators in which every tensor takes its new shape."""

    def __init__(self, main: Subgraph, chosen: Mapping[tuple[int, int], int]) -> None:
        self._main, self._chosen = main, chosen
        self._old = main.tensors
        self._tensors = list(main.tensors)
        self._adapted: dict[int, _Shape] = {}

    def redraw(self, changed: int | None = None) -> Subgraph | None:
        """Return the subgraph with its new sizes, None if one cannot follow; the operator `changed` has new options."""
        for index in self._main.inputs:
            shape = self._old[index].shape
            if shape is None:
                return None
            self._reshape(index, self._turned(index, shape))
        operators: list[Operator] = []
        for place, operator in enumerate(self._main.operators):
            if not self._follow(operator, is_changed=place == changed):
                return None
            operators.append(self._renamed(operator))
        return replace(self._main, tensors=tuple(self._tensors), operators=tuple(operators))

    def _renamed(self, operator: Operator) -> Operator:
        """Return a RESHAPE whose options repeat its result's shape, with the new one."""
        options, output = operator.options, operator.outputs[0] if operator.outputs else NO_TENSOR
        if not isinstance(options, ReshapeOptions) or options.new_shape != self._old[output].shape:
            return operator
        return replace(operator, options=replace(options, new_shape=self._tensors[output].shape or ()))

    def _turned(self, tensor: int, shape: _Shape) -> _Shape:
        return tuple(self._chosen.get((tensor, axis), size) for axis, size in enumerate(shape))

    def _reshape(self, index: int, shape: _Shape) -> None:
        tensor = self._tensors[index]
        self._tensors[index] = replace(
            tensor, shape=shape, shape_signature=None, quantization=_cut_scales(tensor.quantization, shape)
        )

    def _follow(self, operator: Operator, *, is_changed: bool) -> bool:
        rule = operator_type(operator).shape
        if not self._adapt_weights(operator) or not self._adapt_others(operator):
            return False
        if not is_changed and all(map(self._is_as_before, operator.inputs)):
            return True
        if rule is None:
            return False
        inputs = tuple(None if index == NO_TENSOR else self._tensors[index] for index in operator.inputs)
        shape = self._listed(operator) if len(operator.inputs) == 1 else None
        shape = shape or rule(operator, inputs)
        if shape is None or not all(size > 0 for size in shape):
            return False
        for index in operator.outputs:
            self._reshape(index, shape)
        return True

    def _is_as_before(self, index: int) -> bool:
        if index == NO_TENSOR:
            return True
        new, old = self._tensors[index], self._old[index]
        return new.shape == old.shape and new.buffer is old.buffer

    def _listed(self, operator: Operator) -> _Shape | None:
        """Return the new shape of a RESHAPE whose options alone give it; None for other operators."""
        options = operator.options
        old, new = self._old[operator.inputs[0]].shape, self._tensors[operator.inputs[0]].shape
        if not isinstance(options, ReshapeOptions) or not options.new_shape or not old or not new:
            return None
        return _new_shape(self, operator, options.new_shape, old, new)

    def _adapt_weights(self, operator: Operator) -> bool:
        """Cut weights to the channels of their data, and the bias to that of the weights."""
        row = operator_type(operator)
        places = row.positions(operator, Role.WEIGHTS)
        if not places or operator.inputs[places[0]] == NO_TENSOR:
            return True
        weights, data = operator.inputs[places[0]], operator.inputs[row.data]
        shape, old, new = self._old[weights].shape, self._old[data].shape, self._tensors[data].shape
        if not self._old[weights].is_constant or shape is None or not old or not new:
            return old == new
        wanted = list(self._turned(weights, shape))
        if operator.type == "DEPTHWISE_CONV_2D":
            wanted[3] = shape[3] // old[3] * new[3]
        elif operator.type == "FULLY_CONNECTED":
            wanted[1] = prod(new) * shape[1] // prod(old) if shape[1] != old[-1] else new[-1]
        elif len(shape) == 4:
            wanted[3] = new[3] * shape[3] // old[3]
        elif tuple(wanted) != shape or old != new:
            return False
        self._resize_constant(weights, tuple(wanted))
        filters = wanted[row.channel_axis] if row.channel_axis is not None else 0
        for place in row.positions(operator, Role.BIAS):
            if operator.inputs[place] != NO_TENSOR:
                self._resize_constant(operator.inputs[place], (filters,))
        return True

    def _adapt_others(self, operator: Operator) -> bool:
        """Cut other constants to the data that they meet, and give sizes in operands their new values."""
        row = operator_type(operator)
        data = operator.inputs[row.data] if row.data < len(operator.inputs) else NO_TENSOR
        computed = [it for it in operator.inputs if it != NO_TENSOR and not self._old[it].is_constant]
        data = computed[0] if computed and (data == NO_TENSOR or self._old[data].is_constant) else data
        old = None if data == NO_TENSOR else self._old[data].shape
        new = None if data == NO_TENSOR else self._tensors[data].shape
        for place, index in enumerate(operator.inputs):
            if index == NO_TENSOR or not self._old[index].is_constant:
                continue
            role = row.role(place)
            if role in (Role.DATA, Role.PARAMETER) and old and new:
                self._resize_constant(index, _aligned(self._old[index].shape or (), old, new))
            elif role is not None and role in _SIZED and old and new and old != new:
                rule, values = _SIZES.get(role), constant_values(self._old[index])
                after = None if values is None or rule is None else rule(self, operator, values, old, new)
                if after is None:
                    return False
                self._set_values(index, after)
        return True

    def new_filters(self, operator: Operator) -> int | None:
        """Return the number of filters of an operator with weights, None without any."""
        places = operator_type(operator).positions(operator, Role.WEIGHTS)
        shape = self._tensors[operator.inputs[places[0]]].shape if places else None
        return shape[0] if shape else None

    def _resize_constant(self, index: int, shape: _Shape) -> None:
        tensor = self._old[index]
        if self._adapted.setdefault(index, shape) != shape:
            raise ValueError("two operators need the constant in two shapes")
        if tensor.shape == shape:
            return
        values = stored_values(tensor)
        if values is None or len(shape) != values.ndim or not all(shape):
            raise ValueError("a constant that cannot be cut")
        cut = values[tuple(slice(0, size) for size in shape)]
        repeats = tuple((0, size - have) for size, have in zip(shape, cut.shape, strict=True))
        cut = np.pad(cut, repeats, mode="edge")
        self._tensors[index] = replace(
            tensor,
            shape=shape,
            shape_signature=None,
            buffer=Buffer(np.ascontiguousarray(cut).tobytes()),
            quantization=_cut_scales(tensor.quantization, shape),
        )

    def _set_values(self, index: int, values: _Shape) -> None:
        tensor = self._old[index]
        if constant_values(tensor) == values:
            return
        if self._adapted.setdefault(index, values) != values:
            raise ValueError("two operators need the constant with two values")
        data = np.array(values, tensor.element.value).tobytes()
        self._tensors[index] = replace(tensor, buffer=Buffer(data))


def _aligned(shape: _Shape, old: _Shape, new: _Shape) -> _Shape:
    """Return the shape of a constant that is stretched over data: sizes of the data change with it."""
    if len(shape) > len(old):
        return shape
    offset = len(old) - len(shape)
    return tuple(
        new[offset + axis] if size == old[offset + axis] and size > 1 else size for axis, size in enumerate(shape)
    )


def _cut_scales(quantization: Quantization, shape: _Shape) -> Quantization:
    """Return `quantization` with as many scales as its axis has indices."""
    count = len(quantization.scales)
    if count <= 1 or quantization.axis >= len(shape) or count == shape[quantization.axis]:
        return quantization
    wanted = shape[quantization.axis]

    def fitted(values: tuple[float, ...]) -> tuple[float, ...]:
        return (*values, *values[-1:] * (wanted - len(values)))[:wanted] if len(values) > 1 else values

    zero_points = fitted(quantization.zero_points)
    return Quantization(fitted(quantization.scales), tuple(map(int, zero_points)), quantization.axis)


def _new_shape(walk: _Redrawing, operator: Operator, values: _Shape, old: _Shape, new: _Shape) -> _Shape | None:
    """Return what gives a RESHAPE, a TRANSPOSE_CONV or a SLICE its shape."""
    if operator.type == "TRANSPOSE_CONV":
        return _upsampled(walk, operator, values, old, new)
    if operator.type == "SLICE":
        return _clipped(walk, operator, values, old, new)
    if -1 in values:
        return values if prod(new) % abs(prod(values)) == 0 else None
    renamed = [dict(zip(old, new, strict=True)).get(size, size) for size in values]
    if prod(renamed) == prod(new):
        return tuple(renamed)
    widest = max(range(len(values)), key=values.__getitem__)
    rest = prod(size for axis, size in enumerate(renamed) if axis != widest)
    if not rest or prod(new) % rest:
        return None
    renamed[widest] = prod(new) // rest
    return tuple(renamed)


def _upsampled(walk: _Redrawing, operator: Operator, values: _Shape, old: _Shape, new: _Shape) -> _Shape | None:
    filters = walk.new_filters(operator)
    if len(values) != 4 or filters is None:
        return None
    steps = [values[axis] // old[axis] for axis in (1, 2)]
    rest = [values[axis] - old[axis] * step for axis, step in zip((1, 2), steps, strict=True)]
    rows, columns = (new[axis] * step + more for axis, step, more in zip((1, 2), steps, rest, strict=True))
    return new[0], rows, columns, filters


def _map_size(walk: _Redrawing, operator: Operator, values: _Shape, old: _Shape, new: _Shape) -> _Shape | None:
    """Return rows and columns in the same proportion."""
    if len(values) != 2 or len(old) != 4:
        return None
    return tuple(max(1, values[axis] * new[axis + 1] // old[axis + 1]) for axis in (0, 1))


def _clipped(walk: _Redrawing, operator: Operator, values: _Shape, old: _Shape, new: _Shape) -> _Shape | None:
    """Return ends and sizes of a slice: the whole stays the whole, the rest stays within."""
    return tuple(
        value if value <= 0 else after if value == before else min(value, after)
        for value, before, after in zip(values, old, new, strict=False)
    )


_SIZES = {Role.SHAPE: _new_shape, Role.MAP_SIZE: _map_size, Role.END: _clipped}
_SIZED = frozenset({*_SIZES, Role.COUNT, Role.PART_SIZES})
"""The roles whose values must follow the sizes of the data; those without a rule cannot."""
