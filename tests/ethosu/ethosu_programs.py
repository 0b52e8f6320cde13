"""Programs for the tests: by the real Vela from real files, and streams that are put together by hand."""

from __future__ import annotations

import lzma
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.chips import load_chip
from npufit.ethosu import CompiledCall, Listener, Machine, Program, Run, read_programs
from npufit.ethosu.commands import BY_NAME, Form
from npufit.graph import Model
from npufit.stacks.vela.labels import label_tensors, read_label
from npufit.stacks.vela.runner import run_vela
from npufit.stacks.vela.settings import resolve_settings
from npufit.tflite import parse_model, serialize_model

Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model, what Vela made of it, and the values of all its tensors by the reference kernels."""

    source: Model
    compiled: Model
    calls: tuple[CompiledCall, ...]
    golden: Mapping[int, Values]


def compile_and_run(model: Model, *options: tuple[str, str]) -> Compiled:
    """Return `model` compiled for the i.MX 93 or as `options` say, with the reference's values for random inputs."""
    labelled = serialize_model(label_tensors(model))
    output = run_vela(labelled, resolve_settings(load_chip("imx93"), options), 120)
    compiled = parse_model(output.compiled, model.name)
    return Compiled(model, compiled, read_programs(compiled), golden_values(labelled, seed=1))


def golden_values(model: bytes, seed: int) -> dict[int, Values]:
    """Return every tensor's values by the reference kernels, for inputs over their whole range."""
    from ai_edge_litert.interpreter import (  # pyright: ignore[reportMissingTypeStubs]
        Interpreter,
        OpResolverType,
    )

    interpreter: Any = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    generator = np.random.default_rng(seed)
    for detail in interpreter.get_input_details():
        shape, dtype = tuple(int(size) for size in detail["shape"]), np.dtype(detail["dtype"])
        values: Values
        if dtype.kind == "f":
            values = generator.standard_normal(shape).astype(dtype)
        else:
            limits = np.iinfo(dtype)
            values = generator.integers(limits.min, limits.max + 1, size=shape, dtype=dtype)
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    found: dict[int, Values] = {}
    for detail in interpreter.get_tensor_details():
        try:
            found[detail["index"]] = interpreter.get_tensor(detail["index"])
        except ValueError:  # it has no data, such as an optional tensor that is left out
            continue
    return found


def differing(compiled: Compiled) -> dict[int, int]:
    """Return the tensors that leave an NPU call and are not as the reference has them, with the largest difference."""
    memory: dict[int, npt.NDArray[np.uint8]] = {}
    found: dict[int, int] = {}
    for call in compiled.calls:
        memory = memory or empty_memory(call.program)
        for tensor, offset in call.inputs:
            data = np.frombuffer(compiled.golden[source_tensor(compiled, tensor)].tobytes(), np.uint8)
            memory[1][offset : offset + data.size] = data
        run = Machine(call.program).run(memory)
        assert run.findings == ()
        for tensor, offset in call.outputs:
            golden = compiled.golden[source_tensor(compiled, tensor)]
            got = memory[1][offset : offset + golden.nbytes].view(golden.dtype).reshape(golden.shape)
            if not np.array_equal(got, golden):
                found[tensor] = int(np.abs(got.astype(np.int64) - golden.astype(np.int64)).max())
    return found


def source_tensor(compiled: Compiled, tensor: int) -> int:
    """Return the source's index of a tensor of the compiled file."""
    label = read_label(compiled.compiled.main.tensors[tensor].name)
    assert label is not None
    return label[1]


def empty_memory(program: Program) -> dict[int, npt.NDArray[np.uint8]]:
    """Return the writable regions of `program`, filled with zeros."""
    return {region: np.zeros(size, np.uint8) for region, size in program.region_bytes}


@cache
def captured(folder: Path, number: int) -> tuple[Program, bytes]:
    """Return a submission of a capture, and region 1 as it was."""

    def part(name: str) -> bytes:
        path = folder / f"submit{number:02}-{name}.bin.xz"
        return lzma.decompress(path.read_bytes()) if path.exists() else b""

    meta = (folder / f"submit{number:02}-meta.txt").read_text()
    sram = re.search(r"sram_size=(\d+)", meta)
    assert sram is not None
    buffer = part("io")
    return Program(part("cmdstream"), part("coefs"), ((1, len(buffer)), (2, int(sram[1])))), buffer


def assemble(*lines: str) -> bytes:
    """Return a stream from lines such as `IFM_DEPTH_M1 15`, `OFM_SCALE 1 31` and `CONV`."""
    words: list[int] = []
    for line in lines:
        name, *numbers = line.split()
        command = BY_NAME[name]
        value, shift = (*(int(number, 0) for number in numbers), 0, 0)[:2]
        if not command.has_payload:
            words.append(command.code | (value & 0xFFFF) << 16)
        elif command.form is Form.SCALE:
            words += (command.code | 1 << 14 | shift << 16, value)
        else:
            words += (command.code | 1 << 14 | (value >> 32 & 0xFF) << 16, value & 0xFFFFFFFF)
    return struct.pack(f"<{len(words)}I", *words)


def feature_map(
    prefix: str, region: int, base: int, shape: tuple[int, int, int], precision: int, size: int = 1
) -> list[str]:
    """Return the registers of an NHWC feature map that lies in one piece; `size` is the bytes of a value."""
    height, width, depth = shape
    return [
        f"{prefix}_REGION {region}",
        f"{prefix}_BASE0 {base}",
        f"{prefix}_HEIGHT0_M1 {height - 1}",
        f"{prefix}_HEIGHT1_M1 {height - 1}",
        f"{prefix}_WIDTH0_M1 {width - 1}",
        f"{prefix}_STRIDE_Y {width * depth * size}",
        f"{prefix}_STRIDE_X {depth * size}",
        f"{prefix}_STRIDE_C {size}",
        f"{prefix}_ZERO_POINT 0",
        f"{prefix}_PRECISION {precision}",
    ]


def output_registers(shape: tuple[int, int, int]) -> list[str]:
    """Return the registers of the OFM's size and of an output stage that neither clamps int8 nor looks up."""
    height, width, depth = shape
    return [
        f"OFM_HEIGHT_M1 {height - 1}",
        f"OFM_WIDTH_M1 {width - 1}",
        f"OFM_DEPTH_M1 {depth - 1}",
        *("ACTIVATION 0", "ACTIVATION_MIN -128", "ACTIVATION_MAX 127"),
        *("OFM_BLK_HEIGHT_M1 0", "OFM_BLK_WIDTH_M1 0", "OFM_BLK_DEPTH_M1 7", "BLOCKDEP 0"),
    ]


def execute(stream: bytes, memory: dict[int, npt.NDArray[np.uint8]], *listeners: Listener) -> Run:
    """Execute a stream by hand in `memory`, whose regions have the sizes that they have."""
    program = Program(stream, b"", tuple((region, values.size) for region, values in memory.items()))
    return Machine(program).run(memory, listeners=listeners)
