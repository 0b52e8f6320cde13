"""From planned steps to the content of a bundle: buffers, tensors with numbers and names of their own, and files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from npufit.deploying.golden import Golden
from npufit.deploying.manifest import Buffer, BundleTensor, CpuStep, NpuStep, Place, Region, State, Step
from npufit.deploying.planning import Plan, PlannedCall, PlannedSegment, require_host_form
from npufit.deploying.segments import segment_file
from npufit.errors import InputError, InternalError
from npufit.ethosu import SRAM_REGION, Program, used_regions
from npufit.formatting import shorten
from npufit.graph import Model, Tensor
from npufit.stacks.vela import restore_names

_CONSTANTS, _SCRATCH = 0, 1


@dataclass(frozen=True, slots=True)
class Source:
    """The model that was compiled, and which of its tensors each tensor of the compiled file stands for.

    `inputs` and `outputs` are tensors of the compiled file for each input and output of the model. An input that Vela
    dropped is None; an output that nothing computes is given as the constant that it is.
    """

    model: Model
    ties: Mapping[int, int]
    inputs: tuple[int | None, ...]
    outputs: tuple[int | Tensor, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a manifest that follow from the plan, and the files that they name.

    `sources` has for each tensor that of the source model, if it is known.
    """

    buffers: tuple[Buffer, ...]
    tensors: tuple[BundleTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    steps: tuple[Step, ...]
    state: tuple[State, ...]
    files: Mapping[str, bytes]
    sources: tuple[int | None, ...]


def assemble(compiled: Model, source: Source, plan: Plan, sram_bytes: int, golden: Golden) -> Content:
    """Return the content of a bundle for `plan`; `golden` knows shapes that a file may lack.

    Raises InputError if a tensor cannot cross a step, or if a stream needs more than `sram_bytes` of SRAM.
    """
    return _Assembly(compiled, source, sram_bytes, golden).content(plan)


class _Assembly:
    def __init__(self, compiled: Model, source: Source, sram_bytes: int, golden: Golden) -> None:
        self._compiled, self._source, self._golden = compiled, source, golden
        self._hardware_sram_bytes = sram_bytes
        self._name = source.model.name
        self._numbers: dict[int, int] = {}
        self._tensors: list[BundleTensor] = []
        self._sources: list[int | None] = []
        self._files: dict[str, bytes] = {}
        self._buffers: list[Buffer] = []
        self._constants: dict[bytes, int] = {}
        self._scratch: int | None = None

    def content(self, plan: Plan) -> Content:
        self._add_buffers(call.program for call in plan.calls)
        inputs = tuple(map(self._input, range(len(self._source.inputs))))
        steps = tuple(self._step(number, step) for number, step in enumerate(plan.steps))
        outputs = tuple(map(self._output, range(len(self._source.outputs))))
        state = self._state(plan)
        return Content(
            buffers=tuple(self._buffers),
            tensors=tuple(self._tensors),
            inputs=inputs,
            outputs=outputs,
            steps=steps,
            state=state,
            files=self._files,
            sources=tuple(self._sources),
        )

    def _add_buffers(self, programs: Iterable[Program]) -> None:
        """Add the buffers for constants, one for all calls that have the same, and one scratch memory for all calls."""
        scratch_bytes = 0
        for program in programs:
            used = used_regions(program.stream)
            beyond = used - {_CONSTANTS, _SCRATCH, SRAM_REGION}
            if beyond:
                raise InputError(f"{self._name}: Vela's stream uses region {min(beyond)}, for which it has no memory.")
            if _SCRATCH in used:
                scratch_bytes = max(scratch_bytes, dict(program.region_bytes).get(_SCRATCH, 0))
            if _CONSTANTS in used and program.constants not in self._constants:
                number = len(self._constants)
                file = f"constants_{number}.bin" if number else "constants.bin"
                self._constants[program.constants] = len(self._buffers)
                self._buffers.append(Buffer(file.removesuffix(".bin"), len(program.constants), file))
                self._files[file] = program.constants
        if scratch_bytes:
            self._scratch = len(self._buffers)
            self._buffers.append(Buffer("scratch", scratch_bytes))

    def _input(self, position: int) -> int:
        index, own = self._source.inputs[position], self._source.model.main.inputs[position]
        if index is None:
            return self._add(self._source.model.main.tensors[own], own)
        return self._number(index, own)

    def _output(self, position: int) -> int:
        found, own = self._source.outputs[position], self._source.model.main.outputs[position]
        if isinstance(found, int):
            return self._number(found, own)
        file = f"values/{len(self._tensors):03d}.bin"
        self._files[file] = bytes(found.buffer.data)
        return self._add(self._in_its_shape(found, own), own, file)

    def _number(self, index: int, own: int | None = None) -> int:
        """Return the number of a tensor of the compiled file, which is added with its first use."""
        if index not in self._numbers:
            tied = self._source.ties.get(index) if own is None else own
            tensor = self._in_its_shape(self._compiled.main.tensors[index], tied)
            self._numbers[index] = self._add(tensor, tied)
        return self._numbers[index]

    def _in_its_shape(self, tensor: Tensor, own: int | None) -> Tensor:
        """Return `tensor` of the compiled file with the name and the shape of its source.

        What the file says of the shape counts only if the reference kernels do not know better: a custom operator may
        choose it. Without both, Vela's own shape stays where it has another number of values.
        """
        named = replace(tensor, name=restore_names(tensor.name, self._source.model))
        if own is None:
            return named
        original = self._source.model.main.tensors[own]
        named = replace(named, name=original.name or f"tensor {own}")
        found = self._golden.shape_of(own)
        if found is not None:
            return replace(named, shape=found)
        is_same = tensor.shape is None or original.element_count == tensor.element_count
        return replace(named, shape=original.shape) if is_same else named

    def _add(self, tensor: Tensor, own: int | None, file: str | None = None) -> int:
        require_host_form(tensor, self._name)
        quantization = tensor.quantization
        if not all(map(math.isfinite, quantization.scales)):
            raise InputError(f"{self._name}: tensor '{shorten(tensor.name)}' has a scale that is not a finite number.")
        self._tensors.append(
            BundleTensor(
                name=tensor.name,
                type=tensor.element.value,
                shape=tensor.shape or (),
                bytes=tensor.size_bytes,
                scales=quantization.scales,
                zero_points=quantization.zero_points,
                axis=quantization.axis,
                file=file,
            )
        )
        self._sources.append(own)
        return len(self._tensors) - 1

    def _step(self, number: int, step: PlannedCall | PlannedSegment) -> Step:
        return self._segment(number, step) if isinstance(step, PlannedSegment) else self._call(number, step)

    def _segment(self, number: int, step: PlannedSegment) -> CpuStep:
        file = f"cpu/{number:03d}.tflite"
        self._files[file] = segment_file(
            self._compiled,
            step.operators,
            step.inputs,
            step.outputs,
            lambda name: restore_names(name, self._source.model),
        )
        return CpuStep("cpu", file, tuple(map(self._number, step.inputs)), tuple(map(self._number, step.outputs)))

    def _call(self, number: int, step: PlannedCall) -> NpuStep:
        program = step.call.program
        file = f"streams/{number:03d}.bin"
        self._files[file] = program.stream
        used = used_regions(program.stream)
        sram = self._sram_bytes(program) if SRAM_REGION in used else 0
        buffers = {region: self._buffer_of(region, program) for region in sorted(used) if region != SRAM_REGION}
        return NpuStep(
            kind="npu",
            stream=file,
            sram_bytes=sram,
            regions=tuple(Region(region, buffer) for region, buffer in buffers.items()),
            inputs=self._places(step.inputs),
            outputs=self._places(step.outputs),
        )

    def _sram_bytes(self, program: Program) -> int:
        needed = dict(program.region_bytes).get(SRAM_REGION, 0)
        if needed > self._hardware_sram_bytes:
            raise InputError(
                f"{self._name}: a stream needs {needed} bytes of SRAM, but Linux gives the NPU "
                f"{self._hardware_sram_bytes}. Use --set arena-cache-size={self._hardware_sram_bytes} or less."
            )
        return needed

    def _buffer_of(self, region: int, program: Program) -> int:
        if region == _CONSTANTS:
            return self._constants[program.constants]
        if self._scratch is None:
            raise InternalError("A stream uses the scratch memory, but none was planned.")
        return self._scratch

    def _places(self, found: Sequence[tuple[int, int]]) -> tuple[Place, ...]:
        return tuple(self._place(self._number(index), offset) for index, offset in found)

    def _place(self, number: int, offset: int) -> Place:
        tensor = self._tensors[number]
        if self._scratch is None or not 0 <= offset <= self._buffers[self._scratch].bytes - tensor.bytes:
            raise InputError(
                f"{self._name}: Vela puts tensor '{shorten(tensor.name)}' at {offset} with {tensor.bytes} bytes, "
                "which is outside of the scratch memory."
            )
        return Place(number, self._scratch, offset)

    def _state(self, plan: Plan) -> tuple[State, ...]:
        found: list[State] = []
        for entry in plan.state:
            place = self._place(self._number(entry.tensor), entry.offset)
            file = f"state/{len(found)}.bin"
            self._files[file] = entry.value.tobytes()
            found.append(State(place.tensor, place.buffer, place.offset, file))
        return tuple(found)
