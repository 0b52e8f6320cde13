"""Executing a file that Vela compiled: `ethos-u` on the simulator, everything else in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from npufit.errors import InputError
from npufit.ethosu import CompiledCall, Listener, Machine, SanitizerFinding, read_programs
from npufit.execution.partial import LeftOut
from npufit.execution.progress import OperationCounter, Progress, Stage, ignore_progress
from npufit.execution.segment import Segment
from npufit.execution.steps import Step, run_steps
from npufit.execution.values import Array, Values
from npufit.graph import ElementType, Model, Tensor
from npufit.graph.arrays import dtype_of, stored_values
from npufit.litert import TIME_LIMIT_S
from npufit.stacks.vela import is_precompiled

Memory = dict[int, npt.NDArray[np.uint8]]
"""The regions of the NPU's address space, by number."""

_SCRATCH = 1


class CompiledModel:
    """A loaded compiled file that can be run any number of times. All its calls share one memory."""

    def __init__(self, model: Model, progress: Progress = ignore_progress, time_limit_s: float = TIME_LIMIT_S) -> None:
        """Load `model`; `time_limit_s` is for each load and run of LiteRT.

        Raises InputError if a stream cannot be executed.
        """
        self._model = model
        # Where Vela places nothing on the NPU, its file has no call.
        self.calls = read_programs(model) if is_precompiled(model) else ()
        if any(call.subgraph for call in self.calls):
            raise InputError(
                f"{model.name}: there are ethos-u operators outside the first subgraph, which npufit cannot execute."
            )
        self._memory = _allocate(self.calls)
        self._steps = tuple(_plan(model, self.calls, self._memory, progress, time_limit_s))
        self._calls = [step for step in self._steps if isinstance(step, _Call)]
        self._counter = OperationCounter(progress, sum(call.operation_count for call in self._calls))
        self.listen(())

    @property
    def partitions(self) -> int:
        """Number of calls of the NPU."""
        return len(self.calls)

    @property
    def findings(self) -> tuple[tuple[int, SanitizerFinding], ...]:
        """The sanitizer's findings in the last run: the number of the call and the finding."""
        return tuple((number, finding) for number, call in enumerate(self._calls) for finding in call.findings)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The operators for the CPU that LiteRT cannot execute; their outputs are made up."""
        return tuple(entry for step in self._steps if isinstance(step, Segment) for entry in step.left_out)

    def run(self, inputs: Values) -> dict[int, Array]:
        """Return every tensor that crosses between steps, by its index in the compiled file."""
        self._counter.restart()
        return run_steps(self._model, self._steps, inputs)

    def listen(self, listeners: Sequence[Listener]) -> None:
        """Let one listener per call observe the operations of the following runs; None ends that."""
        for number, call in enumerate(self._calls):
            call.listeners = (listeners[number], self._counter) if listeners else (self._counter,)


class _Call(Step):
    """One `ethos-u` operator."""

    def __init__(self, model: Model, call: CompiledCall, memory: Memory) -> None:
        self._tensors = model.main.tensors
        self._call = call
        self._memory = memory
        self._machine = Machine(call.program)
        self.findings: tuple[SanitizerFinding, ...] = ()
        self.listeners: tuple[Listener, ...] = ()

    @property
    def operation_count(self) -> int:
        """Number of operations in the stream."""
        return len(self._machine.operations)

    def run(self, values: Values) -> dict[int, Array]:
        scratch = self._memory[_SCRATCH]
        for index, offset in self._call.inputs:
            tensor = self._tensors[index]
            array = _initial_state(tensor) if tensor.is_variable and index not in values else values[index]
            data = np.frombuffer(array.tobytes(), np.uint8)
            _place(scratch, offset, data.size)[:] = data
        self.findings = self._machine.run(self._memory, listeners=self.listeners).findings
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


def _initial_state(tensor: Tensor) -> Array:
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
