"""Feature maps inside an NPU call, captured while they exist, because their memory is reused again and again."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import numpy as np

from npufit.ethosu import BlockOperation, Memory, Operation, read_feature_map
from npufit.execution.values import Array
from npufit.graph import Model
from npufit.graph.arrays import dtype_of
from npufit.stacks.vela import Write


class FeatureMaps:
    """A simulator listener that assembles tensors from the parts that operations write.

    Vela cuts feature maps into stripes of rows, and these into slices of channels. The parts of a tensor must fill it
    in that order and without gaps; otherwise the tensor is left out.
    """

    def __init__(self, model: Model, writes: Iterable[Write]) -> None:
        """Register the operations of one stream that write tensors of the main subgraph of `model`."""
        self._model = model
        self._writes = {write.offset: write for write in writes if write.subgraph == 0}
        self._parts: dict[int, _Canvas] = {}

    def executed(self, operation: Operation, memory: Memory) -> None:
        """Store the part that `operation` has written."""
        write = self._writes.get(operation.offset)
        if write is not None and isinstance(operation, BlockOperation):
            shape = write.height, write.width, write.depth
            self._parts.setdefault(write.tensor, _Canvas(shape)).add(read_feature_map(operation.ofm, memory))

    def tensors(self) -> dict[int, Array]:
        """Return the tensors that were seen completely, in their own shapes."""
        found: dict[int, Array] = {}
        for index, canvas in self._parts.items():
            tensor = self._model.main.tensors[index]
            values = canvas.values
            if values is None or tensor.shape is None or values.size != prod(tensor.shape):
                continue
            if values.dtype == dtype_of(tensor):
                found[index] = values.reshape(tensor.shape)
        return found


class _Canvas:
    """A tensor (height, width, depth) that is filled stripe by stripe, and within a stripe slice by slice."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._shape = shape
        self._values: Array | None = None
        self._row = self._channel = 0
        self._is_sound = True

    @property
    def values(self) -> Array | None:
        """The tensor, None if parts are missing or do not fit."""
        is_full = self._row == self._shape[0] and self._channel == 0
        return self._values if self._is_sound and is_full else None

    def add(self, part: Array) -> None:
        height, _, depth = part.shape
        row, channel = self._row, self._channel
        if self._values is None:
            self._values = np.empty(self._shape, part.dtype)
        place = self._values[row : row + height, :, channel : channel + depth]
        if place.shape != part.shape or self._values.dtype != part.dtype:
            self._is_sound = False
            return
        place[...] = part
        self._channel += depth
        if self._channel == self._shape[2]:
            self._row, self._channel = row + height, 0
