"""A program on the virtual NPU, as structs: one stream in one file of the device, submitted again and again."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

import npufit
from npufit.ethosu import COEFFICIENTS_REGION, Machine, Program, read_programs
from npufit.stacks import PlaceOptions, resolve_target
from npufit.stacks.vela import compile_model
from npufit.tflite import parse_model
from npufit.vdevice import IgnoringObserver, ProcessMemory, virtual_device
from npufit.vdevice.drivers.ethosu.structs import (
    REGIONS,
    BoCreate,
    BoMmapOffset,
    CmdstreamBoCreate,
    Submit,
    SubmittedJob,
)
from npufit.vdevice.layouts import Struct
from npufit.vdevice.mapping import map_shared

_CREATE, _OFFSET, _STREAM, _SUBMIT = 0x41, 0x43, 0x44, 0x45


def both_ways(spec: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return an inference of a compiled network through the virtual device, and the same on the simulator alone."""
    model = npufit.load(spec)
    compiled = parse_model(compile_model(model, resolve_target("imx93/vela"), PlaceOptions()).compiled, "compiled")
    program = read_programs(compiled)[0].program
    return _submission(program), _execution(program)


def _execution(program: Program) -> Callable[[], object]:
    import numpy as np

    machine = Machine(program)
    memory = {region: np.zeros(size, np.uint8) for region, size in program.region_bytes}
    return lambda: machine.run(memory)


def _submission(program: Program) -> Callable[[], object]:
    file, memory = virtual_device("imx93", IgnoringObserver()).open(), ProcessMemory(os.getpid())

    def call(number: int, argument: Struct) -> None:
        request = 3 << 30 | ctypes.sizeof(argument) << 16 | ord("d") << 8 | number
        file.ioctl(request, ctypes.addressof(argument), memory)

    handles = [0] * REGIONS
    for region, size in ((COEFFICIENTS_REGION, len(program.constants)), *program.region_bytes):
        if size:
            buffer = BoCreate(size)
            call(_CREATE, buffer)
            handles[region] = buffer.handle
    place = BoMmapOffset(handles[COEFFICIENTS_REGION])
    call(_OFFSET, place)
    map_shared(file.descriptor, place.offset, len(program.constants)).data[:] = program.constants
    words = ctypes.create_string_buffer(program.stream, len(program.stream))
    stream = CmdstreamBoCreate(len(program.stream), 0, ctypes.addressof(words))
    call(_STREAM, stream)
    job = SubmittedJob(stream.handle, 0, (ctypes.c_uint32 * REGIONS)(*handles))
    submit = Submit(ctypes.addressof(job), 1)

    def run() -> SubmittedJob:
        call(_SUBMIT, submit)
        return job  # kept here, because the submission has its address

    return run
