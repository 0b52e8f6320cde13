"""Executing a file that Vela compiled: `ethos-u` on the simulator, everything else in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from npufit.errors import InputError
from npufit.ethosu import CompiledCall, read_programs
from npufit.execution.npu_calls import Memory, NpuCall, SteppedModel
from npufit.execution.progress import Progress, Stage, ignore_progress
from npufit.execution.segment import Segment
from npufit.execution.steps import Step
from npufit.execution.values import Array, Values
from npufit.graph import ElementType, Model, Tensor
from npufit.graph.arrays import dtype_of, stored_values
from npufit.litert import TIME_LIMIT_S
from npufit.stacks.vela import is_precompiled

_SCRATCH = 1


class CompiledModel(SteppedModel):
    """A loaded compiled file that can be run any number of times. All its calls share one memory."""

    def __init__(self, model: Model, progress: Progress = ignore_progress, time_limit_s: float = TIME_LIMIT_S) -> None:
        """Load `model`; `time_limit_s` is for each load and run of LiteRT.

        Raises InputError if a stream cannot be executed.
        """
        # Where Vela places nothing on the NPU, its file has no call.
        self.calls = read_programs(model) if is_precompiled(model) else ()
        if any(call.subgraph for call in self.calls):
            raise InputError(
                f"{model.name}: there are ethos-u operators outside the first subgraph, which npufit cannot execute."
            )
        super().__init__(model, _plan(model, self.calls, _allocate(self.calls), progress, time_limit_s), progress)


class _Call(NpuCall):
    """One `ethos-u` operator."""

    def __init__(self, model: Model, call: CompiledCall, memory: Memory) -> None:
        super().__init__(call.program)
        self._tensors = model.main.tensors
        self._call = call
        self._memory = memory

    def run(self, values: Values) -> dict[int, Array]:
        scratch = self._memory[_SCRATCH]
        for index, offset in self._call.inputs:
            tensor = self._tensors[index]
            array = initial_state(tensor) if tensor.is_variable and index not in values else values[index]
            data = np.frombuffer(array.tobytes(), np.uint8)
            _place(scratch, offset, data.size)[:] = data
        self.execute(self._memory)
        return {index: self._read(scratch, index, offset) for index, offset in self._call.outputs}

    def _read(self, scratch: npt.NDArray[np.uint8], index: int, offset: int) -> Array:
        tensor = self._tensors[index]
        dtype = dtype_of(tensor)
        if dtype is None or tensor.shape is None:
            raise InputError(f"output {index} of an ethos-u operator is {tensor.element}, which NPUs do not write.")
        return _place(scratch, offset, tensor.size_bytes).copy().view(dtype).reshape(tensor.shape)


def _place(memory: npt.NDArray[np.uint8], offset: int, size: int) -> npt.NDArray[np.uint8]:
    if offset < 0 or offset + size > memory.size:
        raise InputError(f"a tensor at {offset} with {size} bytes lies outside the scratch memory of {memory.size}.")
    return memory[offset : offset + size]


def initial_state(tensor: Tensor) -> Array:
    """Return a variable with the file's value, otherwise as LiteRT resets it: zero, for int8 the zero point."""
    stored = stored_values(tensor)
    if stored is not None:
        return stored
    value = tensor.quantization.zero_point if tensor.element is ElementType.INT8 else 0
    return np.full(tensor.shape or (), value, dtype_of(tensor))


def _allocate(calls: Sequence[CompiledCall]) -> Memory:
    """Return one memory for all calls: some leave data in it that later ones read."""
    sizes: dict[int, int] = {}
    for call in calls:
        for region, size in call.program.region_bytes:
            sizes[region] = max(sizes.get(region, 0), size)
    return {region: np.zeros(size, np.uint8) for region, size in sizes.items()}


def _plan(
    model: Model, calls: Sequence[CompiledCall], memory: Memory, progress: Progress, time_limit_s: float
) -> Iterator[Step]:
    by_operator = {call.operator: call for call in calls}
    waiting: list[int] = []
    loaded = 0
    for index in range(len(model.main.operators)):
        if index not in by_operator:
            waiting.append(index)
            continue
        if waiting:
            yield Segment(model, waiting, time_limit_s)
            waiting = []
        progress(Stage.LOAD, loaded, len(calls))
        loaded += 1
        yield _Call(model, by_operator[index], memory)
    if waiting:
        yield Segment(model, waiting, time_limit_s)


def in_source_terms(values: Values, compiled: Model, source: Model, to_source: Mapping[int, int]) -> dict[int, Array]:
    """Return `values` of `compiled` by tensor of `source`, in its shapes; others are left out."""
    found: dict[int, Array] = {}
    for index, array in values.items():
        if index not in to_source:
            continue
        own = source.main.tensors[to_source[index]]
        shape = compiled.main.tensors[index].shape
        if shape is None or shape == own.shape:  # without a shape in the file, the kernel chose it
            found[to_source[index]] = array
        elif own.element_count == array.size and own.shape is not None:
            found[to_source[index]] = array.reshape(own.shape)
    return found


def tie_by_name(compiled: Model, source: Model) -> dict[int, int]:
    """Return the tensor of `source` for every tensor of `compiled` that name, type and size identify."""
    return {
        index: own[0]
        for name, (theirs, own) in _by_name(compiled, source).items()
        if name and len(theirs) == 1 and len(own) == 1
        for index in theirs
        if compiled.main.tensors[index].element is source.main.tensors[own[0]].element
    }


def _by_name(compiled: Model, source: Model) -> dict[str, tuple[list[int], list[int]]]:
    names: dict[str, tuple[list[int], list[int]]] = {}
    for side, model in enumerate((compiled, source)):
        for index, tensor in enumerate(model.main.tensors):
            names.setdefault(tensor.name, ([], []))[side].append(index)
    return names
