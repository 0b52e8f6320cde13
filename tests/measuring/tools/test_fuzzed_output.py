"""Output of tools is untrusted: readers return times or words, whatever bytes they get, and soon."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import fields
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npufit.boards import PythonRuntime
from npufit.cost.measured import read_session, read_statistics
from npufit.measuring.tools import DelegateUse, RunRequest, Timing, Tool
from npufit.measuring.tools.benchmark_model import BenchmarkModel
from npufit.measuring.tools.bundle import BundleTool
from npufit.measuring.tools.litert_benchmark import LitertBenchmark
from npufit.measuring.tools.python import PythonTool

_LOGS = Path(__file__).parents[2] / "cost/measured/benchmark_logs"
_RUNTIME = PythonRuntime(sys.executable, "3", "ai_edge_litert", "2.3.0", True)
_TOOLS: tuple[Tool, ...] = (
    BenchmarkModel("b", "2.16.2"),
    PythonTool(_RUNTIME, "s"),
    LitertBenchmark(_RUNTIME),
    BundleTool(_RUNTIME, Path()),
)
_REQUESTS = (
    RunRequest("m", 1),
    RunRequest("m", 1, DelegateUse("vx", "/usr/lib/libvx_delegate.so"), with_profile=True, outputs="/tmp/o"),
)
_DOCUMENT = (
    b'@@npufit-times-begin@@ {"version": 1, "runtime": "ai_edge_litert", "nodes": 13, "partitions": 1, '
    b'"xnnpack_partitions": 0, "warmup": {"count": 1, "first_ms": 2.0}, "timed": {"count": 2, "mean_ms": 1.1, '
    b'"min_ms": 1.0, "median_ms": 1.1, "max_ms": 1.2}, "times": {"inferences": 2, "first_ms": 3, "total": '
    b'{"min_ms": 1, "median_ms": 2}, "steps": [{"unit": "NPU", "median_ms": 1}]}, "memory_mb": 4} '
    b"@@npufit-times-end@@\n"
)
_TABLE = b" BENCHMARK RESULTS\nWarmup (first):        9.29 ms\nInference (median):    7.00 ms (50 runs)\n"
_SAMPLES = (_DOCUMENT, _TABLE, *(path.read_bytes() for path in sorted(_LOGS.glob("*.txt"))))
_HOSTILE = (
    *(b"nan", b"-1", b"1e999", b"99999999999999999999", b"inf", b"\xff\xfe\x00", b"\x1b[2J", b"\r", b"\n" * 50),
    *(b"[" * 60, b"count=", b"(all same)", b"{", b'"', b" out of 0 node(s)", b"1 nodes delegated out of 2", b"\\\n"),
)


def _check(tool: Tool, output: bytes, request: RunRequest, code: int | None) -> None:
    found = tool.read(output, request, code=code)
    if isinstance(found, str):
        assert found.isprintable()
        assert len(found) < 400
        return
    for field in fields(Timing):
        value = getattr(found, field.name)
        if isinstance(value, float):
            assert math.isfinite(value)
            assert value >= 0
    if not (request.outputs and tool.name == "bundle"):  # executed once, without times
        assert found.count
        assert found.median_ms or found.mean_ms
    assert all(line.isprintable() and len(line) <= 240 for line in found.lines)
    assert len(found.lines) <= 40
    assert found.delegate.took is None or found.delegate.took >= 0


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([0, 1, 139, -6, None, 10_000]))
def test_any_bytes_are_read(output: bytes, code: int | None) -> None:
    for tool in _TOOLS:
        for request in _REQUESTS:
            _check(tool, output, request, code)


@pytest.mark.parametrize("seed", range(20))
def test_damaged_logs_are_read(seed: int) -> None:
    random = Random(seed)
    for sample in _SAMPLES:
        data = bytearray(sample)
        for _ in range(random.randint(1, 6)):
            start = random.randrange(len(data) + 1)
            match random.randrange(4):
                case 0:
                    data[start : start + random.randint(0, 40)] = random.choice(_HOSTILE)
                case 1:
                    del data[start : start + random.randint(1, 200)]
                case 2:
                    other = random.choice(_SAMPLES)
                    data[start:start] = other[: random.randint(0, 600)]
                case _:
                    data[start:start] = bytes(random.randrange(256) for _ in range(8))
        for tool in _TOOLS:
            _check(tool, bytes(data), random.choice(_REQUESTS), random.choice((0, 1, None)))


@given(st.lists(st.text("cout=1.9 avgmedinp5e+-(alsme)\t", max_size=80), max_size=4))
def test_statistics_are_numbers_or_nothing(lines: list[str]) -> None:
    given_lines = [f"count={line}" for line in lines] + [f"Inference timings in us: Init: {line}" for line in lines]
    for found in read_statistics(given_lines):
        numbers = (found.first, found.least, found.most, found.mean, found.median)
        assert all(number is None or 0 <= number <= 1e10 for number in numbers)
    session = read_session(given_lines)
    assert session.initialization is None or session.initialization >= 0


@pytest.mark.parametrize(
    "piece",
    [b":\n", b"\n", b"a" * 100 + b"\n", b"/a" * 4000 + b"\n", b"[" + b"a/" * 4000, b"a\\\n", b"1 " * 4000 + b"\n"],
    ids=["colons", "empty", "words", "paths", "brackets", "continued", "numbers"],
)
def test_endless_output_is_read_soon(piece: bytes) -> None:
    output = piece * ((1 << 20) // len(piece)) + b"\n" + _SAMPLES[-1]
    for tool in _TOOLS:
        begin = time.process_time()
        tool.read(output, _REQUESTS[1], code=1)
        assert time.process_time() - begin < 10  # of the processor, so that a busy machine does not matter
