"""Which tools a board offers, and which programs it can run."""

from __future__ import annotations

import struct
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from npufit.boards import BoardFacts, BoardFile, PythonRuntime, connect
from npufit.errors import InputError, ToolError
from npufit.measuring.options import BenchOptions
from npufit.measuring.tools import RunRequest, able_one, one_of_each, tools_of
from npufit.measuring.tools.benchmark_model import BenchmarkModel

_FOLDER = "/usr/bin/tensorflow-lite-{}/examples/benchmark_model"
_FILES = tuple(
    BoardFile("tool", name, path, "0" * 64)
    for name, path in (
        ("benchmark_model", _FOLDER.format("2.9.1")),
        ("benchmark_model", _FOLDER.format("2.16.2")),
        ("label_image", "/usr/bin/label_image"),
    )
)
_RUNTIMES = (
    PythonRuntime("/usr/bin/python3", "3.10.9", "tflite_runtime", "2.16.2", True),
    PythonRuntime("/opt/venv/bin/python3", "3.11.2", "ai_edge_litert", "2.1.0", True),
)
_BOARD = BoardFacts((), architecture="aarch64", files=_FILES, runtimes=_RUNTIMES)
_MACHINES = {"aarch64": 0xB7, "x86_64": 0x3E, "arm": 0x28}


def _program(folder: Path, machine: str, *, kind: int = 3, order: str = "<") -> Path:
    path = folder / f"{machine}_benchmark_model"
    identity = b"\x7fELF" + bytes((2, 1 if order == "<" else 2)) + bytes(10)
    path.write_bytes(identity + struct.pack(f"{order}HH", kind, _MACHINES[machine]) + bytes(44))
    return path


def test_the_newest_benchmark_model_comes_first_and_label_image_is_none() -> None:
    tools = tools_of(_BOARD, BenchOptions())
    assert [(tool.name, tool.version) for tool in tools] == [
        ("benchmark_model", "2.16.2"),
        ("benchmark_model", "2.9.1"),
        ("python", "2.16.2"),
        ("python", "2.1.0"),
        ("litert-benchmark", "2.1.0"),
    ]


def test_what_an_older_release_cannot_do_python_does() -> None:
    tools = one_of_each(tools_of(replace(_BOARD, files=_FILES[:1]), BenchOptions()))
    assert [tool.name for tool in tools] == ["benchmark_model", "python", "litert-benchmark"]
    request = RunRequest("m", 1)
    assert able_one(tools, request).name == "benchmark_model"
    assert able_one(tools, replace(request, outputs="/tmp/o")).name == "python"
    with pytest.raises(InputError, match=r"benchmark_model 2\.9\.1 cannot write outputs"):
        able_one(tools[:1], replace(request, outputs="/tmp/o"))


@pytest.mark.parametrize("name", ["benchmark_model", "python", "litert-benchmark"])
def test_a_kind_can_be_asked_for(name: str) -> None:
    assert {tool.name for tool in tools_of(_BOARD, BenchOptions(tool=name))} == {name}


@pytest.mark.parametrize(
    ("runtimes", "words"),
    [
        ((), "no benchmark_model, and it has no Python"),
        ((PythonRuntime("p", "3.9"),), "its Python has neither LiteRT nor TensorFlow Lite"),
        ((PythonRuntime("p", "3.9", "tflite_runtime", "2.9"),), "its Python lacks NumPy"),
    ],
)
def test_a_board_without_tools_is_told_what_to_do(runtimes: tuple[PythonRuntime, ...], words: str) -> None:
    with pytest.raises(ToolError, match=words) as raised:
        tools_of(BoardFacts((), runtimes=runtimes), BenchOptions())
    assert "--tool FILE" in str(raised.value)


def test_a_kind_that_is_missing_is_told_what_there_is() -> None:
    with pytest.raises(ToolError, match=r"no benchmark_model\. It has python, litert-benchmark: leave --tool out"):
        tools_of(replace(_BOARD, files=()), BenchOptions(tool="benchmark_model"))
    with pytest.raises(ToolError, match=r"--tool python: it has no Python\. Give"):
        tools_of(BoardFacts(()), BenchOptions(tool="python"))


def test_a_program_of_the_user_is_put_onto_the_board_and_executed_there(tmp_path: Path) -> None:
    program = tmp_path / "tensorflow-lite-2.17.0-benchmark_model"
    program.write_text("#!/bin/sh\necho started as $0\n")
    (tool,) = tools_of(_BOARD, BenchOptions(tool=program))
    assert (tool.name, tool.version) == ("benchmark_model", "2.17.0")
    with connect("local") as connection:
        there = tool.prepare(connection)
        assert isinstance(there, BenchmarkModel)
        ended = connection.shell(there.path)
    assert (ended.code, ended.output) == (0, f"started as {there.path}\n".encode())


@pytest.mark.parametrize("architecture", ["aarch64", "armv7l", "x86_64", ""])
@pytest.mark.parametrize("machine", _MACHINES)
def test_programs_for_another_processor_are_refused(machine: str, architecture: str, tmp_path: Path) -> None:
    fits = {"aarch64": ("aarch64", "arm"), "armv7l": ("arm",), "x86_64": ("x86_64",), "": tuple(_MACHINES)}
    facts, options = replace(_BOARD, architecture=architecture), BenchOptions(tool=_program(tmp_path, machine))
    if machine in fits[architecture]:
        assert tools_of(facts, options)[0].name == "benchmark_model"
    else:
        with pytest.raises(InputError, match=f"a program for {machine}; the board is {architecture}"):
            tools_of(facts, options)


def test_the_python_here_is_a_program_for_this_machine() -> None:
    import platform

    assert tools_of(replace(_BOARD, architecture=platform.machine()), BenchOptions(tool=Path(sys.executable)))


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(b"\x1c\0\0\0TFL3")
    with pytest.raises(InputError, match="not a program for Linux"):
        tools_of(_BOARD, BenchOptions(tool=model))
    with pytest.raises(InputError, match="an object file, not a program"):
        tools_of(_BOARD, BenchOptions(tool=_program(tmp_path, "aarch64", kind=1)))
    android = _program(tmp_path, "aarch64")
    android.write_bytes(android.read_bytes() + b"/system/bin/linker64\0")
    with pytest.raises(InputError, match="a program for Android"):
        tools_of(_BOARD, BenchOptions(tool=android))
    with pytest.raises(InputError, match="neither a file here nor one of benchmark_model, python, litert-benchmark"):
        tools_of(_BOARD, BenchOptions(tool="benchmark"))
