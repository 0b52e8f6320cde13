"""Puts tiled regions into a graph: slices, a copy of each operator for each part, and concatenations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from npufit.errors import InternalError
from npufit.graph import (
    NO_TENSOR,
    ConcatenationOptions,
    ElementType,
    Operator,
    StridedSliceOptions,
    Tensor,
    constant_values,
)
from npufit.rewrite.surgery import Editor
from npufit.rewrite.tiling.axes import Padded
from npufit.rewrite.tiling.planning import TiledRegion
from npufit.rewrite.tiling.stripes import Stripe
from npufit.rewrite.tiling.tileable import COLUMNS, ROWS, Operand, TileableOperator

Range = tuple[int, int]
Ranges = tuple[Range, Range]


def write_tiling(editor: Editor, tiled: TiledRegion) -> None:
    """Replace the operators of a region by its tiles, one tile at a time, so that few tensors are live together."""
    end = tiled.indices[-1]
    pieces: dict[int, list[list[int]]] = {tensor: [] for tensor in tiled.region.results}
    for number, rows in enumerate(tiled.rows):
        for tensors in pieces.values():
            tensors.append([])
        for across, columns in enumerate(tiled.columns):
            name = f"tile{number}" if len(tiled.columns) == 1 else f"tile{number}x{across}"
            tile = _Tile(editor, tiled, rows, columns, end, name)
            tile.write()
            for tensor, grid in pieces.items():
                grid[-1].append(tile.kept(tensor))
    editor.remove(*tiled.indices)
    for tensor, grid in pieces.items():
        _join(editor, tensor, grid, end)


def _join(editor: Editor, tensor: int, grid: list[list[int]], near: int) -> None:
    """Assemble the pieces of `tensor`: each row of tiles first, then the rows."""
    strips: list[int] = []
    for number, row in enumerate(grid):
        if len(row) == 1:
            strips.append(row[0])
            continue
        if len(grid) == 1:
            _concatenate(editor, row, tensor, COLUMNS, near)
            return
        batch, _, width, channels = editor.tensor(tensor).shape or (1, 1, 1, 1)
        height = (editor.tensor(row[0]).shape or (1, 1, 1, 1))[1]
        strip = editor.add_like(tensor, f"row{number}", shape=(batch, height, width, channels))
        _concatenate(editor, row, strip, COLUMNS, near)
        strips.append(strip)
    _concatenate(editor, strips, tensor, ROWS, near)


def _concatenate(editor: Editor, parts: list[int], whole: int, axis: int, near: int) -> None:
    element = editor.tensor(whole).element
    version = {ElementType.INT8: 2, ElementType.INT16: 3}.get(element, 1)
    editor.add(Operator("CONCATENATION", tuple(parts), (whole,), ConcatenationOptions(axis + 1), version), near)


@dataclass
class _Tile:
    """One part of a region while it is written."""

    editor: Editor
    tiled: TiledRegion
    rows: Stripe
    columns: Stripe
    near: int
    name: str
    values: dict[int, int] = field(default_factory=dict[int, int])
    slices: dict[tuple[int, Ranges], int] = field(default_factory=dict[tuple[int, Ranges], int])

    def write(self) -> None:
        """Add the operators of this part."""
        for source in self.tiled.region.sources:
            if self._has(source):
                whole = tuple((0, size) for size in self.tiled.region.sizes[source])
                self.values[source] = self._slice(source, source, (whole[0], whole[1]), self._ranges(source))
        for member in self.tiled.region.operators:
            if any(self._has(output) for output in member.outputs):
                self._copy(member)

    def kept(self, tensor: int) -> int:
        """Return the tensor that holds this part's contribution to a result."""
        wanted = self.rows.kept[tensor], self.columns.kept[tensor]
        return self._slice(tensor, self.values[tensor], self._ranges(tensor), wanted)

    def _has(self, tensor: int) -> bool:
        return tensor in self.rows.spans and tensor in self.columns.spans

    def _ranges(self, tensor: int) -> Ranges:
        rows, columns = self.rows.spans[tensor], self.columns.spans[tensor]
        return (rows.start, rows.stop), (columns.start, columns.stop)

    def _slice(self, like: int, value: int, there: Ranges, wanted: Ranges) -> int:
        """Return the range `wanted` of tensor `value`, which holds the range `there`."""
        if there == wanted:
            return value
        known = self.slices.get((value, wanted))
        if known is not None:
            return known
        batch, _, _, channels = self.editor.tensor(like).shape or (1, 1, 1, 1)
        begin = [0, wanted[0][0] - there[0][0], wanted[1][0] - there[1][0], 0]
        size = [batch, wanted[0][1] - wanted[0][0], wanted[1][1] - wanted[1][0], channels]
        stop = [first + count for first, count in zip(begin, size, strict=True)]
        operands = [
            self._constant(f"{name}", np.array(values, np.int32))
            for name, values in (("begin", begin), ("end", stop), ("strides", [1, 1, 1, 1]))
        ]
        part = self.editor.add_like(like, f"{self.name}/slice", shape=tuple(size))
        version = 2 if self.editor.tensor(like).element is ElementType.INT8 else 1
        options = StridedSliceOptions()
        self.editor.add(Operator("STRIDED_SLICE", (value, *operands), (part,), options, version), self.near)
        self.slices[(value, wanted)] = part
        return part

    def _constant(self, name: str, values: Any) -> int:
        return self.editor.add_constant(f"{self.name}/{name}", values)

    def _operand(self, member: TileableOperator, operand: Operand) -> tuple[int, Ranges]:
        """Return a step's operand, cut if necessary, and its range."""
        there = self._ranges(operand.tensor)
        place = member.index, operand.position
        wanted = self.rows.cuts.get(place, there[0]), self.columns.cuts.get(place, there[1])
        return self._slice(operand.tensor, self.values[operand.tensor], there, wanted), wanted

    def _copy(self, member: TileableOperator) -> None:
        operator = self.editor.operator(member.index)
        inputs = list(operator.inputs)
        ranges: Ranges = ((0, 0), (0, 0))
        for operand in member.operands:
            inputs[operand.position], ranges = self._operand(member, operand)
        made = self._ranges(member.outputs[0])
        if operator.type in ("PAD", "PADV2"):
            amounts = self._amounts(operator, member, ranges)
            if not amounts.any():
                self.values[member.outputs[0]] = inputs[0]
                return
            inputs[1] = self._constant("paddings", amounts.astype(self._element(operator, 1)))
        elif operator.type.startswith("RESIZE_"):
            inputs[1] = self._constant("size", np.array([stop - start for start, stop in made], np.int32))
        elif operator.type in ("SLICE", "STRIDED_SLICE"):
            inputs[2] = self._channel_bounds(operator, made)
        else:
            inputs = [self._part_of_constant(member, index, made) for index in inputs]
        outputs = tuple(self._output(output, made) for output in operator.outputs)
        self.editor.add(replace(operator, inputs=tuple(inputs), outputs=outputs), self.near)

    def _output(self, output: int, made: Ranges) -> int:
        batch, _, _, channels = self.editor.tensor(output).shape or (1, 1, 1, 1)
        shape = (batch, made[0][1] - made[0][0], made[1][1] - made[1][0], channels)
        self.values[output] = self.editor.add_like(output, self.name, shape=shape)
        return self.values[output]

    def _element(self, operator: Operator, position: int) -> str:
        return self.editor.tensor(operator.inputs[position]).element.value

    def _amounts(self, operator: Operator, member: TileableOperator, ranges: Ranges) -> Any:
        """Return the padding of this part: that of the whole if the part touches its border."""
        values = constant_values(self.editor.tensor(operator.inputs[1]))
        if values is None:
            raise InternalError("A PAD without constant paddings was tiled.")
        amounts = np.array(values).reshape(4, 2)
        for axis in (ROWS, COLUMNS):
            axis_map = member.operands[0].maps[axis]
            if isinstance(axis_map, Padded):
                start, stop = ranges[axis]
                amounts[1 + axis] = axis_map.before if start == 0 else 0, axis_map.after if stop == axis_map.size else 0
        return amounts

    def _channel_bounds(self, operator: Operator, made: Ranges) -> int:
        """Return the ends (or sizes) of a slice of channels that takes all rows and columns of this part."""
        values = constant_values(self.editor.tensor(operator.inputs[2]))
        if values is None:
            raise InternalError("A slice without constant bounds was tiled.")
        rows, columns = (stop - start for start, stop in made)
        bounds = np.array([values[0], rows, columns, values[3]])
        return self._constant("bounds", bounds.astype(self._element(operator, 2)))

    def _part_of_constant(self, member: TileableOperator, index: int, made: Ranges) -> int:
        """Return a constant operand for this part: those with a value per position are cut."""
        if index == NO_TENSOR or member.macs or not self.editor.tensor(index).is_constant:
            return index
        tensor = self.editor.tensor(index)
        shape = (1, 1, 1, 1, *(tensor.shape or ()))[-4:]
        whole = self.tiled.region.sizes[member.outputs[0]]
        windows = [
            slice(*bounds) if len(tensor.shape or ()) >= 3 - axis and size > 1 and size == full else slice(None)
            for axis, (bounds, size, full) in enumerate(zip(made, shape[1:3], whole, strict=True))
        ]
        if windows == [slice(None), slice(None)] or all(
            bounds == (0, full) for bounds, full in zip(made, whole, strict=True)
        ):
            return index
        return self._cut(index, tensor, shape, (windows[0], windows[1]))

    def _cut(self, index: int, tensor: Tensor, shape: tuple[int, ...], windows: tuple[slice, slice]) -> int:
        dtype = np.dtype(tensor.element.value)
        values = np.frombuffer(tensor.buffer.data, dtype).reshape(shape)[:, windows[0], windows[1], :]
        values = values.reshape(values.shape[4 - len(tensor.shape or ()) :])
        return self.editor.add_constant(f"{tensor.name}/{self.name}", np.ascontiguousarray(values), tensor.quantization)
