"""BLOCKDEP: what overlaps by the definition, byte by byte, against what the sanitizer says."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import product

from ethosu_programs import (
    assemble,
    captured,
    compile_and_run,
    empty_memory,
    feature_map,
    output_registers,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from npufit.ethosu import FindingKind, Machine, Program, SanitizerFinding
from npufit.ethosu.commands import BY_NAME
from npufit.ethosu.operations import Layout
from npufit.tflite import read_model
from npufit.zoo import build, parse_spec
from real_files import find_capture, find_model

INT8, BRICKS = 1, 1 << 6
GLOBAL = 1 << 8
REGION_BYTES = 1 << 16
Shape = tuple[int, int, int]


def block_registers(block: Shape, dependency: int) -> list[str]:
    """Return the registers of the OFM's block and of BLOCKDEP."""
    sizes = zip(("HEIGHT", "WIDTH", "DEPTH"), block, strict=True)
    return [*(f"OFM_BLK_{axis}_M1 {size - 1}" for axis, size in sizes), f"BLOCKDEP {dependency}"]


def map_registers(prefix: str, base: int, shape: Shape, layout: Layout, more: int = 0) -> list[str]:
    """Return the registers of an int8 feature map in region 1, in plain order or in bricks."""
    registers = feature_map(prefix, 1, base, shape, INT8 | more | (BRICKS if layout is Layout.NHCWB16 else 0))
    if layout is Layout.NHCWB16:
        registers += [f"{prefix}_STRIDE_C {16 * shape[1]}", f"{prefix}_STRIDE_Y {-(-shape[2] // 16) * 16 * shape[1]}"]
    return registers


def address(base: int, shape: Shape, layout: Layout, place: Shape) -> int:
    """Return where a value of such a map lies."""
    _, width, depth = shape
    y, x, c = place
    if layout is Layout.NHWC:
        return base + (y * width + x) * depth + c
    return base + y * -(-depth // 16) * 16 * width + c // 16 * 16 * width + x * 16 + c % 16


def blocks(shape: Shape, block: Shape) -> list[list[Shape]]:
    """Return the places of every block of a map in the order of the hardware."""
    starts = [range(0, size, step) for size, step in zip(shape, block, strict=True)]
    ends = [
        [range(start, min(size, start + step)) for start in every]
        for every, size, step in zip(starts, shape, block, strict=True)
    ]
    return [list(product(rows, columns, channels)) for rows, columns, channels in product(*ends)]


def unguarded(stream: list[str], accelerator: str = "ethos-u65-256") -> list[SanitizerFinding]:
    """Return what the sanitizer says about overlapping kernels; nothing else may be wrong."""
    program = Program(assemble(*stream, "STOP"), b"", ((1, REGION_BYTES),), accelerator)
    findings = Machine(program).run(empty_memory(program)).findings
    assert {finding.kind for finding in findings} <= {FindingKind.UNGUARDED}
    return list(findings)


SIDES = st.integers(1, 7)
DEPTHS = st.integers(1, 40)
LAYOUTS = st.sampled_from(Layout)


@settings(deadline=None)
@given(data=st.data())
def test_windows_against_the_definition(data: st.DataObject) -> None:
    """A copy, then MAX over windows that read the copy, or a part of it that begins at another base."""
    draw = data.draw
    depth, stride, dependency = draw(DEPTHS), draw(st.integers(1, 2)), draw(st.integers(0, 3))
    window = draw(st.integers(stride, 4))
    padding = draw(st.integers(0, window - 1))
    after = (draw(SIDES), draw(SIDES), depth)
    before = ((after[0] - 1) * stride + window - padding, (after[1] - 1) * stride + window - padding, depth)
    assume(min(before) > 0)
    write_layout, read_layout, shift = draw(LAYOUTS), draw(LAYOUTS), draw(st.sampled_from([0, 0, 16, 160]))
    first_block, second_block = (
        (draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.sampled_from([8, 16, 24]))) for _ in range(2)
    )
    copied, read, result = 0x4000, 0x4000 + shift, 0x8000
    stream = [
        *output_registers(before),
        *block_registers(first_block, 0),
        *map_registers("IFM", 0, before, Layout.NHWC),
        *map_registers("OFM", copied, before, write_layout, GLOBAL),
        *("OFM_SCALE 1 0", "ELEMENTWISE 6"),
        *output_registers(after),
        *block_registers(second_block, dependency),
        *map_registers("IFM", read, before, read_layout),
        *map_registers("OFM", result, after, Layout.NHWC, GLOBAL),
        *(f"IFM_DEPTH_M1 {depth - 1}", "IFM_UPSCALE 0", f"KERNEL_HEIGHT_M1 {window - 1}"),
        *(f"KERNEL_WIDTH_M1 {window - 1}", f"KERNEL_STRIDE {0b11 * (stride - 1)}"),
        *(f"IFM_PAD_TOP {padding}", f"IFM_PAD_LEFT {padding}", "IFM_PAD_BOTTOM 0", "IFM_PAD_RIGHT 0"),
        "POOL 0",
    ]
    written = [
        {address(copied, before, write_layout, place) for place in block} for block in blocks(before, first_block)
    ]
    jobs = [
        {
            address(read, before, read_layout, (y * stride + dy - padding, x * stride + dx - padding, c))
            for y, x, c in block
            for dy, dx in product(range(window), repeat=2)
            if y * stride + dy >= padding and x * stride + dx >= padding
        }
        for block in blocks(after, second_block)
    ]
    beside = [
        (job + back, jobs[job] & written[-1 - back])
        for job, back in product(range(min(3, len(jobs))), range(min(3, len(written))))
        if job + back < dependency and jobs[job] & written[-1 - back]
    ]
    findings = unguarded(stream)
    assert bool(findings) is bool(beside)
    if beside:
        (finding,) = findings
        assert f"BLOCKDEP {min(distance for distance, _ in beside)} prevents it" in finding.message
        common = set[int]().union(*(both for distance, both in beside if distance == min(beside)[0]))
        assert finding.start <= max(common)
        assert finding.end > min(common)


SHAPE = (4, 4, 8)


def chain(block: Shape, *between: str) -> list[str]:
    """Return two unary operations, the second of which reads what the first wrote; `between` precedes the second."""
    return [
        *output_registers(SHAPE),
        *block_registers(block, 0),
        *map_registers("IFM", 0, SHAPE, Layout.NHWC),
        *map_registers("OFM", 0x1000, SHAPE, Layout.NHWC, GLOBAL),
        *("OFM_SCALE 1 0", "ELEMENTWISE 6"),
        *map_registers("IFM", 0x1000, SHAPE, Layout.NHWC),
        *map_registers("OFM", 0x2000, SHAPE, Layout.NHWC, GLOBAL),
        *between,
        "ELEMENTWISE 6",
    ]


def test_a_whole_map_in_one_block_must_be_waited_for() -> None:
    (finding,) = unguarded(chain(SHAPE, "BLOCKDEP 1"))
    assert finding.operation is not None
    assert finding.earlier is not None
    assert [finding.operation.index, finding.earlier.index] == [1, 0]
    assert finding.message == (
        f"{finding.operation} with BLOCKDEP 1 may read its IFM too early from {finding.earlier}: "
        "0x1000 to 0x1080 of region 1; BLOCKDEP 0 prevents it"
    )
    assert unguarded(chain(SHAPE, "BLOCKDEP 0")) == []


def test_the_first_blocks_may_start_beside_the_last() -> None:
    assert unguarded(chain((1, 4, 8), "BLOCKDEP 3")) == []
    (finding,) = unguarded(chain((2, 4, 8), "BLOCKDEP 3"))
    assert "BLOCKDEP 1 prevents it" in finding.message


def test_waiting_for_all_kernels_makes_blockdep_harmless() -> None:
    assert unguarded(chain(SHAPE, "BLOCKDEP 3", "KERNEL_WAIT 0")) == []
    assert len(unguarded(chain(SHAPE, "BLOCKDEP 3", "KERNEL_WAIT 1"))) == 1


def test_accumulators_over_a_table() -> None:
    stream = [
        *("DMA0_SRC_REGION 1", "DMA0_SRC 0", "DMA0_DST_REGION 0x100", "DMA0_DST 0x3800", "DMA0_LEN 256"),
        *("DMA_START", "DMA_WAIT", "ACTIVATION 16"),
    ]
    first, second = chain((1, 4, 8))[:-1], ["ACTIVATION 0", "BLOCKDEP 3", "ELEMENTWISE 6"]
    first.remove("ACTIVATION 0")
    (finding,) = unguarded([*stream, *first, *second], "ethos-u55-64")
    assert "may overwrite the table of operation 2 (ELEMENTWISE)" in finding.message
    assert unguarded([*stream, *first, "BLOCKDEP 3", "ELEMENTWISE 6"], "ethos-u55-64") == []
    large = [line.replace("0x3800", "0xb800") for line in stream]
    assert unguarded([*large, *first, *second]) == []


def raised(program: Program) -> Program:
    """Return the program with every BLOCKDEP at its largest value."""
    words = struct.unpack(f"<{len(program.stream) // 4}I", program.stream)
    code = BY_NAME["BLOCKDEP"].code
    changed = [code | 3 << 16 if word & 0xFFFF == code and word >> 16 <= 3 else word for word in words]
    return replace(program, stream=struct.pack(f"<{len(words)}I", *changed))


def test_vela_guards_and_a_raised_register_does_not() -> None:
    for model in (
        build(parse_spec("zoo:mobilenet_v2@96,int8,io=int8")),
        read_model(find_model("kws_ref_model.tflite")),
    ):
        program = compile_and_run(model).calls[0].program
        assert Machine(program).run(empty_memory(program)).findings == ()
        findings = Machine(raised(program)).run(empty_memory(program)).findings
        assert len(findings) > 3
        assert {finding.kind for finding in findings} == {FindingKind.UNGUARDED}
        assert all("with BLOCKDEP 3 may read its IFM" in finding.message for finding in findings)


def test_mesa_sets_the_largest_value_without_a_look() -> None:
    name = "keras_mobilenet_v2_224_int8_per_tensor_io_int8"
    program, _ = captured(find_capture(name), 0)
    findings = Machine(program).run(empty_memory(program)).findings
    assert len(findings) == 12
    assert all("with BLOCKDEP 3" in finding.message for finding in findings)
