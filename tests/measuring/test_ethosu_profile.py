"""Cycles by position in a command stream, made from real streams as NPU and firmware would, become operators' times."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npufit
from boards.fake_boards import write_board
from npufit.ethosu import decode, read_programs
from npufit.graph import Model, OperatorId
from npufit.loading import load
from npufit.measurements import OperatorMeasurement
from npufit.measuring.proof import ethosu_profile
from npufit.stacks import PlaceOptions, compiling_stack, resolve_target
from npufit.stacks.vela import Compilation
from npufit.tflite import parse_model
from real_files import find_model
from scripted_tools import FAMILIES, write_benchmark_model

_KEYWORDS, _SHUFFLENET = "kws_ref_model.tflite", "fastestdet_shufflenetv2.tflite"
_WAITING = ("CONV", "DEPTHWISE", "POOL", "ELEMENTWISE", "KERNEL_WAIT", "STOP")


@cache
def _compiled(name: str) -> tuple[Model, Compilation, tuple[bytes, ...]]:
    model = load(str(find_model(name)))
    target = resolve_target("imx93/vela")
    stack = compiling_stack(target)
    assert stack is not None
    compilation = stack.compile(model, target, PlaceOptions())
    calls = read_programs(parse_model(compilation.compiled, name))
    return model, compilation, tuple(call.program.stream for call in calls)


Wait = tuple[int, int, OperatorId | None]
"""A position at which the NPU waits, for how many cycles, and on which operator it works then."""


def _waits(stream: bytes, number: int, compilation: Compilation, seed: int) -> list[Wait]:
    """Return where the NPU waits in a stream if each operation takes some cycles and it reads one command ahead."""
    chance = random.Random(seed)
    starts = {s.offset: s.operator for s in compilation.database.stretches if s.stream == number}
    waits: list[Wait] = []
    operator, busy = next(iter(starts.values())), chance.randrange(100, 900)
    for instruction in decode(stream):
        if instruction.name in _WAITING:
            waits.append((instruction.offset, busy, operator))
            operator = starts.get(instruction.offset, operator)
            busy = 0 if instruction.name == "KERNEL_WAIT" else chance.randrange(2_000, 200_000)
    return waits


def _lines(waits: Sequence[Wait], period: int, *, is_late: bool = False) -> list[str]:
    """Return what the delegate prints if the firmware reads the registers every `period` cycles.

    `is_late` leaves out the reading after the NPU has stopped: then that of its last wait is the one that gets lost.
    """
    total = sum(cycles for _, cycles, _ in waits)
    buffer = [(0, 0, 0)]
    now, begin, done = 0, 0, 0
    while done < len(waits):
        if waits[done][0] != buffer[-1][1]:
            buffer.append((now, waits[done][0], 1))
        now += period
        while done < len(waits) and begin + waits[done][1] <= now:
            begin += waits[done][1]
            done += 1
    samples = buffer[:-1] if is_late else buffer
    lines = [f"Ethos-u cycle counter: {total}", "Ethos_u qread profiling data."]
    return lines + [
        f"index:{index},qread:0x{qread:x},status:0x{status:x},cycle count:{cycles}"
        for index, (cycles, qread, status) in enumerate(samples)
    ]


def _profiled(
    name: str, inferences: int, period: int, *, is_late: bool = False
) -> tuple[list[Wait], tuple[OperatorMeasurement, ...] | str]:
    model, compilation, streams = _compiled(name)
    waits = [_waits(stream, number, compilation, number) for number, stream in enumerate(streams)]
    printed = [
        line
        for _ in range(inferences)
        for call in waits
        for line in ["INFO: noise", *_lines(call, period, is_late=is_late)]
    ]
    rows = ethosu_profile("\n".join(printed).encode(), model, compilation, 1000.0)
    return [wait for call in waits for wait in call], rows


@pytest.mark.parametrize("name", [_KEYWORDS, _SHUFFLENET])
def test_every_operator_gets_its_cycles_back(name: str) -> None:
    waits, rows = _profiled(name, inferences=3, period=50)
    assert not isinstance(rows, str)
    truth: dict[int, int] = {}
    for _, cycles, operator in waits:
        assert operator is not None
        truth[operator.index] = truth.get(operator.index, 0) + cycles
    assert {row.index for row in rows} == set(truth)
    pauses = {index: sum(1 for _, _, operator in waits if operator and operator.index == index) for index in truth}
    late = len(waits)
    for row in rows:
        assert row.index is not None
        assert row.cycles is not None
        assert row.ms == pytest.approx(row.cycles / 1e6, rel=1e-3)
        # A reading is late by a period at most, at both ends of each stay.
        assert abs(row.cycles - truth[row.index]) <= 200 * (pauses[row.index] + 1), (row, truth[row.index])
    assert sum(row.cycles or 0 for row in rows) == pytest.approx(sum(truth.values()), abs=late)


def test_rows_name_operators_of_the_users_model_in_execution_order() -> None:
    model, _, _ = _compiled(_KEYWORDS)
    _, rows = _profiled(_KEYWORDS, inferences=1, period=50)
    assert not isinstance(rows, str)
    assert [row.index for row in rows] == sorted(row.index for row in rows if row.index is not None)
    for row in rows:
        assert row.index is not None
        assert row.type == model.main.operators[row.index].name
        assert row.name == model.main.tensors[model.main.operators[row.index].outputs[0]].name
        assert "never seen on a board" in row.how


def test_a_slow_firmware_that_misses_operators_loses_no_time() -> None:
    waits, rows = _profiled(_KEYWORDS, inferences=2, period=400_000, is_late=True)
    assert not isinstance(rows, str)
    assert len(rows) > 8
    assert sum(row.cycles or 0 for row in rows) == pytest.approx(sum(cycles for _, cycles, _ in waits), abs=20)


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        (b"", "printed no profile"),
        (b"Ethos_u profiling_buffer_size is too small, please set a larger number\n", "profiling_buffer_size"),
        (b"Ethos_u qread profiling data.\nindex:0,qread:0x0,status:0x0,cycle count:0\n", "enable_cycle_counter"),
        (
            b"Ethos_u qread profiling data.\nindex:1,qread:0x24,status:0x1,cycle count:9\n" * 5,
            "5 profiles cannot belong to whole inferences of",
        ),
    ],
)
def test_a_profile_that_cannot_be_read_says_why(printed: bytes, why: str) -> None:
    model, compilation, _ = _compiled(_SHUFFLENET)
    said = ethosu_profile(printed, model, compilation, 1000.0)
    assert isinstance(said, str)
    assert why in said


def test_positions_outside_of_the_stream_and_counters_that_begin_anew_are_survived() -> None:
    model, compilation, _ = _compiled(_KEYWORDS)
    lines = [
        "Ethos_u qread profiling data.",
        "index:0,qread:0x0,status:0x0,cycle count:0",
        "index:1,qread:0xffffffff,status:0x1,cycle count:900",
        "index:2,qread:0x14c,status:0x1,cycle count:5",
        "index:3,qread:0x0,status:0x1,cycle count:9223372036854775807",
        "index:4,qread:0xzz,status:0x1,cycle count:1",
    ]
    rows = ethosu_profile("\n".join(lines).encode(), model, compilation, 1000.0)
    assert not isinstance(rows, str)
    assert all(row.cycles is not None and row.cycles >= 0 for row in rows)


_PIECES = (
    "Ethos-u cycle counter: ",
    "Ethos_u qread profiling data.",
    "index:",
    ",qread:0x",
    ",status:0x1",
    "\n",
    "ff",
    "9",
)


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.integers(0, 1 << 70).map(str)), max_size=60))
def test_no_output_makes_it_fail(pieces: list[str]) -> None:
    model, compilation, _ = _compiled(_KEYWORDS)
    rows = ethosu_profile("".join(pieces).encode(), model, compilation, 1000.0)
    assert isinstance(rows, str) or all(row.cycles is not None and row.cycles >= 0 for row in rows)


def test_a_bench_with_a_profile_has_every_operator_on_the_npu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, compilation, streams = _compiled(_KEYWORDS)
    waits = [_waits(stream, number, compilation, seed=7) for number, stream in enumerate(streams)]
    lines = [line for call in waits for line in _lines(call, period=50)]
    root = write_board("imx93-bsp", tmp_path / "board")
    examples = root / "usr" / "bin" / "tensorflow-lite-2.11.1" / "examples"
    write_benchmark_model(examples, FAMILIES["vela-2.11"], call_profile="\n".join([*lines, ""]))
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(root))
    target = str(resolve_target("imx93/vela"))
    options = npufit.BenchOptions(target, runs=3, least_s=0.0, processes=1, with_proof=False, with_profile=True)
    [measured] = npufit.bench(find_model(_KEYWORDS), "local", options).measurements
    assert measured.target == target
    inside = [row for row in measured.operators if row.cycles is not None]
    assert {row.index for row in inside} == {
        one.operator.index for one in compilation.database.stretches if one.operator
    }
    assert sum(row.ms or 0.0 for row in inside) == pytest.approx(int(lines[0].split()[-1]) / 1e6, rel=1e-3)
