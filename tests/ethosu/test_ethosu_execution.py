"""Single operations by hand, at the edges of their values; then what finds fault with a stream."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from ethosu_programs import assemble, compile_and_run, empty_memory, execute, feature_map, output_registers

from npufit.errors import InputError
from npufit.ethosu import FindingKind, Listener, Machine, Memory, Operation, Program, Run
from npufit.ethosu.operations import Convolution
from npufit.tflite import read_model
from real_files import find_model

SHAPE = (2, 3, 5)
COUNT = 30
INT8, INT32 = 0b0001, 0b1001
GLOBAL, NATURAL = 1 << 8, 2 << 14


def elementwise(
    mode: int, left: npt.NDArray[np.int8], right: npt.NDArray[np.int8], *changes: str
) -> npt.NDArray[np.int8]:
    """Return an int8 elementwise operation on two maps, by default without any scaling."""
    stream = assemble(
        *output_registers(SHAPE),
        *feature_map("IFM", 1, 0, SHAPE, INT8),
        *feature_map("IFM2", 1, COUNT, SHAPE, INT8),
        *feature_map("OFM", 1, 2 * COUNT, SHAPE, INT8 | GLOBAL),
        *("OFM_SCALE 1 0", "OPA_SCALE 1 0", "OPB_SCALE 1 0", "IFM2_BROADCAST 0", *changes),
        *(f"ELEMENTWISE {mode}", "STOP"),
    )
    memory = {1: np.concatenate([left, right, np.zeros(COUNT, np.int8)]).view(np.uint8)}
    assert execute(stream, memory).findings == ()
    return memory[1][2 * COUNT :].view(np.int8)


@pytest.mark.parametrize(
    ("mode", "expected"), [(0, np.multiply), (1, np.add), (2, np.subtract), (3, np.minimum), (4, np.maximum)]
)
def test_elementwise_modes_saturate(mode: int, expected: np.ufunc) -> None:
    generator = np.random.default_rng(mode)
    left, right = (generator.choice(np.array([-128, -127, -1, 0, 1, 5, 127], np.int8), COUNT) for _ in range(2))
    wide = expected(left.astype(np.int64), right.astype(np.int64))
    assert np.array_equal(elementwise(mode, left, right), np.clip(wide, -128, 127))


def test_absolute_value_saturates() -> None:
    left = np.resize(np.array([-128, -127, -1, 0, 127], np.int8), COUNT)
    assert np.array_equal(elementwise(6, left, left), np.resize([127, 127, 1, 0, 127], COUNT))


def test_operand_order_and_scalar() -> None:
    left, right = np.arange(COUNT, dtype=np.int8), np.full(COUNT, 7, np.int8)
    assert np.array_equal(elementwise(2, left, right, "IFM2_BROADCAST 0x40"), right - left)
    assert np.array_equal(elementwise(2, left, right, "IFM2_BROADCAST 0xc0", "IFM2_SCALAR -9"), -9 - left)


def test_broadcast_over_rows_and_columns() -> None:
    left, right = np.zeros(COUNT, np.int8), np.arange(COUNT, dtype=np.int8)
    expected = np.broadcast_to(right[:5], SHAPE).ravel()
    assert np.array_equal(elementwise(1, left, right, "IFM2_BROADCAST 3"), expected)


@pytest.mark.parametrize(("mode", "scale"), [(0, "1 0"), (1, "0x40000000 30")])
def test_pooling_leaves_padding_out(mode: int, scale: str) -> None:
    values = np.random.default_rng(5).integers(-128, 128, SHAPE, dtype=np.int8)
    stream = assemble(
        *output_registers(SHAPE),
        *feature_map("IFM", 1, 0, SHAPE, INT8),
        *feature_map("OFM", 1, COUNT, SHAPE, INT8 | NATURAL),
        *("IFM_DEPTH_M1 4", "IFM_UPSCALE 0", "KERNEL_HEIGHT_M1 2", "KERNEL_WIDTH_M1 2", "KERNEL_STRIDE 0"),
        *(f"IFM_PAD_{side} 1" for side in ("TOP", "LEFT", "BOTTOM", "RIGHT")),
        *(f"OFM_SCALE {scale}", f"POOL {mode}", "STOP"),
    )
    memory = {1: np.concatenate([values.ravel(), np.zeros(COUNT, np.int8)]).view(np.uint8)}
    assert execute(stream, memory).findings == ()
    expected = np.empty(SHAPE, np.int64)
    for y, x in np.ndindex(2, 3):
        window = values[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].reshape(-1, 5).astype(np.int64)
        average = window.sum(axis=0) / len(window)
        # The reciprocals are a little too large, so that halves go away from zero, as in the reference kernels.
        expected[y, x] = window.max(axis=0) if mode == 0 else np.sign(average) * np.floor(np.abs(average) + 0.5)
    assert np.array_equal(memory[1][COUNT:].view(np.int8).reshape(SHAPE), expected)


def test_transfers_in_rows() -> None:
    stream = assemble(
        *("DMA0_SRC_REGION 0x401", "DMA0_SRC 0", "DMA0_DST_REGION 2", "DMA0_DST 1", "DMA0_LEN 2"),
        *("DMA0_SIZE0 3", "DMA0_SKIP0 2", "DMA0_SIZE1 2", "DMA0_SKIP1 1", "DMA_START", "DMA_WAIT", "STOP"),
    )
    memory = {1: np.arange(25, dtype=np.uint8), 2: np.zeros(13, np.uint8)}
    run = execute(stream, memory)
    assert run.findings == ()
    assert run.statistics.dma_bytes == 12
    assert memory[2].tolist() == [0, 0, 1, 4, 5, 8, 9, 13, 14, 17, 18, 21, 22]


COPY = ("DMA0_SRC_REGION 1", "DMA0_SRC 0", "DMA0_DST_REGION 2", "DMA0_DST 0", f"DMA0_LEN {COUNT}", "DMA_START")
USE = (
    *output_registers(SHAPE),
    *feature_map("IFM", 2, 0, SHAPE, INT8),
    *feature_map("OFM", 2, COUNT, SHAPE, INT8 | GLOBAL),
    *("OFM_SCALE 1 0", "ELEMENTWISE 6"),
)


def sanitize(*lines: str, inputs: tuple[tuple[int, int, int], ...] = ((1, 0, COUNT),)) -> Run:
    """Return the run of a stream by hand with 30 bytes in region 1 and 60 in region 2."""
    program = Program(assemble(*lines), b"", ((1, COUNT), (2, 2 * COUNT)), inputs=inputs)
    return Machine(program).run(empty_memory(program))


def test_a_guarded_stream_has_no_findings() -> None:
    assert sanitize(*COPY, "DMA_WAIT", *USE, "STOP").findings == ()


def test_use_before_the_wait_names_both_operations() -> None:
    (finding,) = sanitize(*COPY, *USE, "STOP").findings
    assert finding.kind is FindingKind.UNGUARDED
    assert finding.earlier is not None
    assert finding.operation is not None
    assert [finding.operation.name, finding.earlier.name] == ["ELEMENTWISE", "DMA_START"]
    assert (finding.region, finding.start, finding.end) == (2, 0, COUNT)


def test_overwriting_what_a_kernel_reads() -> None:
    (finding,) = sanitize(*COPY, "DMA_WAIT", *USE, "DMA_START", "STOP").findings
    assert finding.kind is FindingKind.UNGUARDED
    assert sanitize(*COPY, "DMA_WAIT", *USE, "KERNEL_WAIT", "DMA_START", "STOP").findings == ()


def test_bytes_that_nothing_wrote() -> None:
    (finding,) = sanitize(*COPY, "DMA_WAIT", *USE, "STOP", inputs=((1, 0, COUNT - 1),)).findings
    assert finding.kind is FindingKind.UNWRITTEN
    assert "operation 0 (DMA_START)" in finding.message


def test_outside_ends_the_execution() -> None:
    run = sanitize("DMA0_LEN 61", *COPY[:4], "DMA_START", *USE, "STOP")
    assert [finding.kind for finding in run.findings] == [FindingKind.OUTSIDE] * 2
    assert run.statistics.operations == ()


def test_registers_that_nothing_set_and_no_stop() -> None:
    kinds = [finding.kind for finding in sanitize(*COPY, "DMA_WAIT", *USE[1:]).findings]
    assert FindingKind.UNSET in kinds
    assert kinds[-1] is FindingKind.NO_STOP


def test_absurd_sizes_allocate_nothing() -> None:
    huge = (*(f"OFM_{axis}_M1 65535" for axis in ("HEIGHT", "WIDTH", "DEPTH")), "IFM_STRIDE_Y 0", "OFM_STRIDE_Y 0")
    run = sanitize(*USE[:-1], *huge, "ELEMENTWISE 6", "STOP")
    assert FindingKind.ABSURD in [finding.kind for finding in run.findings]


def test_a_transfer_of_nothing_touches_nothing() -> None:
    lines = ("DMA0_LEN 0", "DMA0_DST_REGION 0", "DMA0_DST 0xffff", "DMA_START", "STOP")
    assert sanitize(*COPY[:4], *lines).findings == ()


def test_listeners_hear_of_every_operation() -> None:
    class Names:
        def __init__(self) -> None:
            self.heard: list[str] = []

        def executed(self, operation: object, memory: object) -> None:
            self.heard.append(str(operation))

    names = Names()
    listener: Listener = names
    execute(assemble("DMA_WAIT", "STOP"), {1: np.zeros(1, np.uint8)}, listener)
    assert names.heard == ["operation 0 (DMA_WAIT) at 0x0", "operation 1 (STOP) at 0x4"]


def test_other_constants_are_decoded_and_leave_no_trace() -> None:
    program = compile_and_run(read_model(find_model("micro/pad_sym_conv.tflite"))).calls[0].program
    machine = Machine(program)
    constants = np.frombuffer(program.constants, np.uint8)
    convolution = next(operation for operation in machine.operations if isinstance(operation, Convolution))
    scales = np.frombuffer(convolution_scales(machine, convolution), np.uint8)
    starts = np.lib.stride_tricks.sliding_window_view(constants, scales.size)
    start = int(np.flatnonzero((starts == scales).all(axis=1))[0])
    others = constants.copy()
    others[start + 1 : start + scales.size : 10] ^= 0x7F  # the second byte of every bias

    def results(given: dict[int, npt.NDArray[np.uint8]]) -> bytes:
        memory = empty_memory(program) | given
        machine.run(memory)
        return b"".join(memory[region].tobytes() for region, _ in program.region_bytes)

    own = results({})
    assert results({0: others}) != own
    assert results({}) == own
    assert results({0: constants.copy()}) == own


def convolution_scales(machine: Machine, convolution: Convolution) -> bytes:
    """Return the scales of one core as `convolution` finds them."""
    memory = empty_memory(machine.program)
    found: list[bytes] = []

    class Before:
        def executed(self, operation: Operation, memory: Memory) -> None:
            if operation.index == convolution.index:
                span = convolution.scales[0]
                found.append(memory[span.region][span.offset : span.offset + span.length].tobytes())

    machine.run(memory, listeners=(Before(),))
    return found[0]


def test_mutated_streams_end_in_findings() -> None:
    program = compile_and_run(read_model(find_model("micro/add_relu_bcast.tflite"))).calls[0].program
    original = struct.unpack(f"<{len(program.stream) // 4}I", program.stream)
    chance = random.Random(3)
    ends = {"refused": 0, "found": 0, "ran": 0}
    for _ in range(150):
        words = list(original)
        position = chance.randrange(len(words))
        words[position] = chance.choice((words[position] ^ 1 << chance.randrange(32), chance.getrandbits(32)))
        mutated = replace(program, stream=struct.pack(f"<{len(words)}I", *words))
        try:
            findings = Machine(mutated).run(empty_memory(mutated)).findings
        except InputError:
            ends["refused"] += 1
        else:
            ends["found" if findings else "ran"] += 1
    assert min(ends.values()) > 0
