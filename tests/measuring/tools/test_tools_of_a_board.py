"""A board with several tools, benched: each run is made by the best one that can make it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from boards.fake_boards import add_python, write_board
from npufit.measurements import Role
from npufit.measuring import BenchOptions, bench
from real_files import find_model
from scripted_tools import FAMILIES, Fault, write_benchmark_model

_QUICK = BenchOptions(runs=2, least_s=0, processes=1, xnnpack=False, day="2026-11-22")


def test_an_old_benchmark_model_times_and_the_boards_python_writes_the_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_board("laptop", tmp_path / "board")
    write_benchmark_model(root / "usr/bin/tensorflow-lite-2.10.0/examples", FAMILIES["vx-2.10"])
    add_python(root)
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(root))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    (found,) = bench(find_model("kws_ref_model.tflite"), "local", replace(_QUICK, compare=True)).measurements

    assert (found.software.tool, found.software.tool_version) == ("benchmark_model", "2.10.0")
    assert [run.role for run in found.runs] == [Role.CPU, Role.OUTPUTS]
    assert found.cpu is not None
    assert found.cpu.ms == 971.535  # what the script prints
    assert found.outputs is not None
    assert found.outputs.tensors[0].values == 12  # what LiteRT computed
    assert not [problem for problem in found.problems if "output" in problem.lower()]


def test_a_crash_after_the_times_is_said_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_board("laptop", tmp_path / "board")
    write_benchmark_model(
        root / "usr/bin/tensorflow-lite-2.20.0/examples", FAMILIES["cpu-2.20"], Fault.LATE, when="always"
    )
    monkeypatch.setenv("NPUFIT_BOARD_ROOT", str(root))
    (found,) = bench(find_model("kws_ref_model.tflite"), "local", _QUICK).measurements
    assert found.cpu is not None
    assert found.cpu.ms == 1239.807
    words = "CPU alone: benchmark_model printed its times, and then it crashed (segmentation fault)."
    assert words in found.problems
