"""LiteRT's own benchmark from the wheel, measured for real on this machine."""

from __future__ import annotations

import importlib.metadata
import shlex
import sys
from pathlib import Path

import pytest

from npufit.boards import PythonRuntime, connect
from npufit.measuring.tools import RunRequest, Timing
from npufit.measuring.tools.litert_benchmark import LitertBenchmark
from real_files import find_model

_RUNTIME = PythonRuntime(sys.executable, "3", "ai_edge_litert", importlib.metadata.version("ai-edge-litert"), True)
_TOOL = LitertBenchmark(_RUNTIME)
_TABLE = """\
2026-11-22 08:12:02 INFO benchmark_litert_model: Creating environment...
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.

========================================
 BENCHMARK RESULTS
========================================
Model initialization:  4.00 ms
Warmup (first):        9.29 ms
Warmup (avg):          8.07 ms (5 runs)
Inference (avg):       7.01 ms (50 runs)
Inference (min):       6.90 ms
Inference (max):       8.00 ms
Inference (median):    7.00 ms
Inference (std):       0.20 ms
Inference (p5):        6.95 ms
Inference (p95):       7.50 ms
Throughput:            52.23 MB/s
Fully accelerated:     True
========================================
"""


def test_a_real_benchmark_is_read_or_said_to_be_too_coarse() -> None:
    request = RunRequest(str(find_model("kws_ref_model.tflite")), 1, warmup=2, runs=3)
    with connect("local") as connection:
        tool = _TOOL.prepare(connection)
        ended = connection.shell(f"{shlex.join(tool.command(request).arguments)} 2>&1", time_limit_s=120)
    found = tool.read(ended.output, request, code=ended.code)
    if isinstance(found, str):
        assert "too coarse" in found
    else:
        assert (found.count, found.calls) == (3, 5)
    assert b"BENCHMARK RESULTS" in ended.output


def test_its_table_is_read() -> None:
    found = _TOOL.read(_TABLE.encode(), RunRequest("m", 1))
    assert isinstance(found, Timing)
    assert (found.count, found.calls, found.median_ms, found.mean_ms) == (50, 55, 7.0, 7.01)
    assert (found.min_ms, found.max_ms, found.p5_ms, found.p95_ms, found.std_ms) == (6.9, 8.0, 6.95, 7.5, 0.2)
    assert (found.initialization_ms, found.first_ms, found.xnnpack) == (4.0, 9.29, True)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (_TABLE.replace("7.00 ms", "0.01 ms"), "too coarse for an inference of 0.010 ms. Use --tool python"),
        (_TABLE.replace("(50 runs)", "(0 runs)"), "printed no time"),
        (_TABLE[:200], "printed no time"),
        ("/usr/bin/python3: No module named ai_edge_litert.tools", "No module named ai_edge_litert.tools"),
        ("", "printed nothing"),
    ],
)
def test_what_is_no_time_is_said(output: str, words: str) -> None:
    found = _TOOL.read(output.encode(), RunRequest("m", 1))
    assert isinstance(found, str)
    assert words in found


def test_a_missing_model_is_said(tmp_path: Path) -> None:
    request = RunRequest(str(tmp_path / "none.tflite"), 1)
    with connect("local") as connection:
        ended = connection.shell(f"{shlex.join(_TOOL.command(request).arguments)} 2>&1", time_limit_s=120)
    found = _TOOL.read(ended.output, request, code=ended.code)
    assert isinstance(found, str)
    assert found == "the tool cannot read the model"
