"""Executing a bundle here, by its manifest alone: calls on the simulator, the rest in the reference kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from npufit.deploying.bundle import Bundle
from npufit.deploying.manifest import CpuStep, NpuStep, Place
from npufit.errors import InputError
from npufit.ethosu import SRAM_REGION, Listener, Machine, Program
from npufit.execution import Array, Reference, variables_of
from npufit.graph import Model
from npufit.graph.arrays import dtype_of
from npufit.litert import TIME_LIMIT_S
from npufit.tflite import parse_model

Bytes = npt.NDArray[np.uint8]


class BundleRunner:
    """A loaded bundle that can be run any number of times. Its state stays until `reset`, as on a board."""

    def __init__(self, bundle: Bundle, listeners: Sequence[Listener] = (), time_limit_s: float = TIME_LIMIT_S) -> None:
        """Load `bundle`; `listeners` observe the operations of all calls.

        Raises InputError if a stream or a part for the CPU cannot be executed.
        """
        manifest = bundle.manifest
        self._bundle = bundle
        self._buffers = tuple(_filled(bundle, buffer.bytes, buffer.file) for buffer in manifest.buffers)
        sram = np.zeros(manifest.device.sram_bytes, np.uint8)
        self._steps = tuple(
            _Call(bundle, step, self._buffers, sram, listeners)
            if isinstance(step, NpuStep)
            else _Segment(bundle, step, time_limit_s)
            for step in manifest.steps
        )
        self.reset()

    @property
    def operations(self) -> int:
        """Number of operations of all calls."""
        return sum(step.operations for step in self._steps)

    @property
    def findings(self) -> tuple[tuple[int, str], ...]:
        """What the sanitizer found in the calls of the last run: the number of the step and the finding."""
        return tuple((number, finding) for number, step in enumerate(self._steps) for finding in step.findings)

    @property
    def state(self) -> dict[int, Bytes]:
        """What the variables in the buffers hold, by tensor."""
        tensors = self._bundle.manifest.tensors
        places = (Place(entry.tensor, entry.buffer, entry.offset) for entry in self._bundle.manifest.state)
        return {place.tensor: _view(self._buffers, place, tensors[place.tensor].bytes) for place in places}

    def reset(self) -> None:
        """Give all variables their initial values."""
        variables = self.state
        for entry in self._bundle.manifest.state:
            variables[entry.tensor][:] = np.frombuffer(self._bundle.files[entry.file], np.uint8)
        for step in self._steps:
            step.reset()

    def run(self, inputs: Sequence[Array]) -> Iterator[dict[int, Bytes]]:
        """Yield what each step gives the host, by tensor, as bytes; `inputs` are in the order of the model's.

        Raises InputError if a step cannot be executed.
        """
        manifest, files = self._bundle.manifest, self._bundle.files
        values: dict[int, Bytes] = {
            number: np.frombuffer(files[tensor.file], np.uint8)
            for number, tensor in enumerate(manifest.tensors)
            if tensor.file is not None
        }
        values |= {
            number: np.frombuffer(array.tobytes(), np.uint8)
            for number, array in zip(manifest.inputs, inputs, strict=True)
        }
        yield values
        for step in self._steps:
            found = step.run(values)
            values = {**values, **found}
            yield found


class _Call:
    """A call of the NPU: a stream, and the buffers that it finds as its regions."""

    def __init__(
        self, bundle: Bundle, step: NpuStep, buffers: Sequence[Bytes], sram: Bytes, listeners: Sequence[Listener]
    ) -> None:
        self._step, self._buffers, self._listeners = step, buffers, listeners
        self._tensors = bundle.manifest.tensors
        self._memory = {entry.region: buffers[entry.buffer] for entry in step.regions}
        self._sram = sram[: step.sram_bytes]
        if step.sram_bytes:
            self._memory[SRAM_REGION] = self._sram
        constants = self._memory.pop(0, np.zeros(0, np.uint8))
        sizes = tuple((region, memory.size) for region, memory in self._memory.items())
        self._machine = Machine(Program(bundle.files[step.stream], constants.tobytes(), sizes, bundle.accelerator))
        self.findings: tuple[str, ...] = ()

    @property
    def operations(self) -> int:
        return len(self._machine.operations)

    def reset(self) -> None:
        """Do nothing: what a call keeps lies in the buffers."""

    def run(self, values: Mapping[int, Bytes]) -> dict[int, Bytes]:
        for place in self._step.inputs:
            data = values[place.tensor]
            _view(self._buffers, place, data.size)[:] = data
        self._sram[:] = 0
        self.findings = tuple(map(str, self._machine.run(self._memory, listeners=self._listeners).findings))
        return {
            place.tensor: _view(self._buffers, place, self._tensors[place.tensor].bytes).copy()
            for place in self._step.outputs
        }


class _Segment:
    """Operators in the reference kernels; variables keep their values from one run to the next."""

    operations = 0
    findings: tuple[str, ...] = ()

    def __init__(self, bundle: Bundle, step: CpuStep, time_limit_s: float) -> None:
        self._step, self._tensors = step, bundle.manifest.tensors
        self._model = parse_model(bundle.files[step.file], step.file)
        self._reference = Reference(self._model, time_limit_s)
        self._variables = variables_of(self._model)
        self._state: dict[int, Array] = {}

    def reset(self) -> None:
        self._state = {}

    def run(self, values: Mapping[int, Bytes]) -> dict[int, Bytes]:
        main = self._model.main
        given = {
            index: _as_tensor(values[number], self._model, index)
            for index, number in zip(main.inputs, self._step.inputs, strict=True)
        }
        found = self._reference.run({**given, **self._state}, (*main.outputs, *self._variables))
        self._state = {index: found[index] for index in self._variables if index in found}
        results: dict[int, Bytes] = {}
        for index, number in zip(main.outputs, self._step.outputs, strict=True):
            data = np.frombuffer({**given, **found}[index].tobytes(), np.uint8)
            if data.size != self._tensors[number].bytes:
                raise InputError(
                    f"{self._step.file}: its output '{self._tensors[number].name}' has {data.size} bytes, not "
                    f"{self._tensors[number].bytes}: its shape depends on the values, which a bundle does not allow."
                )
            results[number] = data
        return results


def _as_tensor(data: Bytes, model: Model, index: int) -> Array:
    tensor = model.main.tensors[index]
    dtype = dtype_of(tensor)
    assert dtype is not None
    return data.view(dtype).reshape(tensor.shape or ())


def _filled(bundle: Bundle, size: int, file: str | None) -> Bytes:
    memory = np.zeros(size, np.uint8)
    if file is not None:
        data = np.frombuffer(bundle.files[file], np.uint8)
        memory[: data.size] = data
    return memory


def _view(buffers: Sequence[Bytes], place: Place, size: int) -> Bytes:
    memory = buffers[place.buffer]
    if not 0 <= place.offset <= memory.size - size:
        raise InputError(f"tensor {place.tensor} at {place.offset} with {size} bytes is outside of its buffer.")
    return memory[place.offset : place.offset + size]
