"""Where Mesa's `ethosu` driver puts the feature maps of a partition in its IO buffer, and what writes them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from npufit.errors import InputError
from npufit.ethosu import IO_REGION, BlockOperation, Layout, Operation
from npufit.execution.values import Array
from npufit.graph import NO_TENSOR, Model, boundary
from npufit.graph.arrays import dtype_of

_BRICK_CHANNELS = 16


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a feature map in the IO region; `in_bricks` says that it is stored in bricks of 16 channels."""

    tensor: int
    offset: int
    shape: tuple[int, int, int, int]
    in_bricks: bool


@dataclass(frozen=True, slots=True)
class PartitionLayout:
    """The operators of a partition, and its feature maps by tensor in an IO buffer of `io_bytes`.

    `inputs` and `outputs` cross its boundary; the driver copies them unchanged, whatever their layout.
    """

    operators: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    slots: tuple[Slot, ...]
    io_bytes: int

    @property
    def entering(self) -> tuple[Slot, ...]:
        """The slots that the driver fills before the stream runs."""
        by_tensor = {slot.tensor: slot for slot in self.slots}
        return tuple(by_tensor[tensor] for tensor in self.inputs if tensor in by_tensor)


@dataclass(frozen=True, slots=True)
class Origin:
    """What wrote a tensor: a partition by its number, and the operations of its stream, in words."""

    partition: int
    operations: tuple[str, ...]


def lay_out(model: Model, operators: Sequence[int]) -> PartitionLayout:
    """Return where Mesa's driver puts the feature maps of a partition.

    One slot after the other, each at a multiple of 16 bytes, in the order in which the operations reach them: the first
    input, the output, the other inputs; none is reused. PAD has no slot: it is folded into the convolution that reads
    it. A tensor that one operation of the partition writes and another reads is in bricks if its channels are a
    multiple of 16. (Mesa 25.3, `ethosu_lower.c` and `ethosu_ml.c`; the addresses in the captured streams agree.)

    Raises InputError if a feature map has more than four dimensions.
    """
    main = model.main
    source = {
        operator.outputs[0]: operator.inputs[0]
        for operator in (main.operators[index] for index in operators)
        if operator.type == "PAD"
    }
    executed = [main.operators[index] for index in operators if main.operators[index].type != "PAD"]
    read = {source.get(tensor, tensor) for operator in executed for tensor in operator.inputs}
    written = {tensor for operator in executed for tensor in operator.outputs}
    slots: dict[int, Slot] = {}
    end = 0
    for operator in executed:
        for named in (operator.inputs[0], *operator.outputs, *operator.inputs[1:]):
            tensor = source.get(named, named)
            if tensor == NO_TENSOR or main.tensors[tensor].is_constant or tensor in slots:
                continue
            shape = _four_dimensions(model, tensor)
            in_bricks = tensor in read and tensor in written and shape[3] % _BRICK_CHANNELS == 0
            slots[tensor] = Slot(tensor, end, shape, in_bricks)
            end += -(-prod(shape) * _dtype(model, tensor).itemsize // 16) * 16
    crossing = boundary(main, operators)
    return PartitionLayout(tuple(operators), crossing.inputs, crossing.outputs, tuple(slots.values()), end)


def read_feature_maps(
    model: Model, layout: PartitionLayout, io: npt.NDArray[np.uint8]
) -> tuple[dict[int, Array], dict[int, Array]]:
    """Return what a partition has written, and what has left it in bricks, read in that order.

    The driver passes bricks out unchanged, so outside readers get them.
    """
    found: dict[int, Array] = {}
    bricks: dict[int, Array] = {}
    for slot in layout.slots:
        if slot.tensor in layout.inputs:
            continue
        shape = model.main.tensors[slot.tensor].shape or ()
        leaves = slot.tensor in layout.outputs
        if leaves and slot.in_bricks:
            bricks[slot.tensor] = _read_slot(model, slot, io, in_bricks=True).reshape(shape)
        found[slot.tensor] = _read_slot(model, slot, io, in_bricks=slot.in_bricks and not leaves).reshape(shape)
    return found, bricks


def writers_of(layout: PartitionLayout, operations: Sequence[Operation]) -> dict[int, tuple[BlockOperation, ...]]:
    """Return the operations that write into the slot of each tensor, by tensor, in the order of the first of them."""
    slots = sorted(layout.slots, key=lambda slot: slot.offset)
    offsets = [slot.offset for slot in slots]
    found: dict[int, list[BlockOperation]] = {}
    for operation in operations:
        if isinstance(operation, BlockOperation) and operation.ofm.region == IO_REGION:
            position = bisect_right(offsets, operation.ofm.bases[0]) - 1
            if position >= 0:
                found.setdefault(slots[position].tensor, []).append(operation)
    return {tensor: tuple(writers) for tensor, writers in found.items()}


def is_written_so(model: Model, layout: PartitionLayout, writers: Mapping[int, Sequence[BlockOperation]]) -> bool:
    """Return whether a stream writes the slots as `lay_out` placed them: one for each operator, in order and layout.

    Otherwise the driver is of another release, and what lies in its IO buffer is unknown.
    """
    operators = (model.main.operators[index] for index in layout.operators)
    slots = {slot.tensor: slot for slot in layout.slots}
    return list(writers) == [operator.outputs[0] for operator in operators if operator.type != "PAD"] and all(
        operation.ofm.bases[0] >= slots[tensor].offset and _has_layout(operation, slots[tensor])
        for tensor, operations in writers.items()
        for operation in operations
    )


def _has_layout(operation: BlockOperation, slot: Slot) -> bool:
    """Return whether the two agree; a single column or brick is the same in both layouts."""
    is_same = slot.shape[2] == 1 or slot.shape[3] <= _BRICK_CHANNELS
    return is_same or (operation.ofm.layout is Layout.NHCWB16) == slot.in_bricks


def _read_slot(model: Model, slot: Slot, io: npt.NDArray[np.uint8], *, in_bricks: bool) -> Array:
    """Return the feature map in a slot, read in plain order or as bricks of 16 channels."""
    dtype = _dtype(model, slot.tensor)
    data = io[slot.offset : slot.offset + prod(slot.shape) * dtype.itemsize].copy().view(dtype)
    if not in_bricks:
        return data.reshape(slot.shape)
    batch, height, width, channels = slot.shape
    bricks = data.reshape(batch, height, channels // _BRICK_CHANNELS, width, _BRICK_CHANNELS)
    return np.ascontiguousarray(bricks.transpose(0, 1, 3, 2, 4)).reshape(slot.shape)


def _four_dimensions(model: Model, tensor: int) -> tuple[int, int, int, int]:
    shape = model.main.tensors[tensor].shape
    if shape is None or len(shape) > 4:
        raise InputError(
            f"{model.name}: tensor {tensor} has shape {shape}, but Mesa's driver takes at most 4 dimensions."
        )
    batch, height, width, channels = (1,) * (4 - len(shape)) + shape
    return batch, height, width, channels


def _dtype(model: Model, tensor: int) -> np.dtype[np.generic]:
    return dtype_of(model.main.tensors[tensor]) or np.dtype(np.uint8)
