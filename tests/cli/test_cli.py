"""The command line: exit codes, pipes, messages without tracebacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from npufit.tflite import read_model
from real_files import find_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def npufit(tmp_path: Path) -> Run:
    """Return a function that runs the command in a folder of its own."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "npufit", *arguments],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NPUFIT_CACHE_DIR": str(tmp_path / "cache"), **environment},
            timeout=120,
        )

    return run


def test_help_names_every_command(npufit: Run) -> None:
    done = npufit("--help")
    assert done.returncode == 0
    for command in ("check", "targets", "rules", "zoo"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "light"),
    [
        (("--help",), {"numpy", "rich", "pydantic", "jinja2", "ai_edge_litert", "flatbuffers", "npufit.graph"}),
        (
            ("check", str(find_model("person_detect.tflite")), "-t", "imx93/teflon@26.2"),
            {
                "numpy",
                "rich",
                "pydantic",
                "jinja2",
                "ai_edge_litert",
                "flatbuffers",
                "tomllib",
                "npufit.rewrite.passes",
            },
        ),
    ],
    ids=["help", "check for teflon"],
)
def test_start_up_imports_nothing_heavy(arguments: tuple[str, ...], light: set[str]) -> None:
    code = (
        f"import sys; sys.argv = ['npufit', *{arguments!r}]\n"
        "from npufit.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted({light!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_check_answers_in_its_first_line(npufit: Run) -> None:
    done = npufit("check", "zoo:mobilenet_v1@128,uint8", "-t", "imx93/teflon@26.2")
    assert done.returncode == 0
    assert done.stdout.startswith("imx93/teflon@26.2: 30 of 31 operators on the NPU in 1 partition")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_a_failed_gate_is_exit_code_1_and_named(npufit: Run) -> None:
    arguments = ("check", "zoo:mobilenet_v2@96,int8", "-t", "imx93/teflon@25.3")
    done = npufit(*arguments, "--require", "npu-operators>=95%")
    assert done.returncode == 1
    assert "FAILED: npu-operators>=95% on imx93/teflon@25.3 (found 19.72 %)" in done.stdout
    done = npufit(*arguments, "--json", "--require", "npu-operators>=95%")
    assert done.returncode == 1
    assert "FAILED" in done.stderr
    assert json.loads(done.stdout)["gates"][0]["passed"] is False
    assert npufit(*arguments, "--require", "partitions<=14").returncode == 0


def test_wrong_input_is_exit_code_2_and_one_message(npufit: Run) -> None:
    done = npufit("check", "missing.tflite", "-t", "imx93/teflon")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("npufit: missing.tflite: no such file")


def test_a_missing_converter_is_exit_code_3(npufit: Run) -> None:
    done = npufit("check", "zoo:mobilenet_v1@32", "-t", "imx95/neutron", "--converter", "/no/such/converter")
    assert (done.returncode, done.stdout) == (3, "")
    assert "/no/such/converter" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_goes_through_a_pipe_and_into_a_file(npufit: Run, tmp_path: Path) -> None:
    arguments = ("check", "zoo:mobilenet_v1@32", "-t", "imx93/teflon", "--json")
    done = npufit(*arguments)
    assert json.loads(done.stdout)["results"][0]["target"] == "imx93/teflon@26.2"
    assert npufit(*arguments, "-o", "out.json").stdout == ""
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(done.stdout)


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m npufit check zoo:inception_v1@64 -t imx93/teflon --all | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("imx93/teflon@26.2:")


def test_colour_is_for_terminals_or_on_demand(npufit: Run) -> None:
    arguments = ("check", "zoo:mobilenet_v1@32,uint8", "-t", "imx93/teflon")
    assert "\x1b" not in npufit(*arguments).stdout
    assert "\x1b" in npufit(*arguments, "--color", "always").stdout
    assert "\x1b" not in npufit(*arguments, "--color", "never", FORCE_COLOR="1").stdout


def test_a_log_comes_from_a_file_or_from_standard_input(npufit: Run, tmp_path: Path) -> None:
    log = "Teflon delegate: loaded ethosu driver\nteflon: compiling graph: 90 tensors 30 operations\n"
    (tmp_path / "board.log").write_text(log)
    arguments = ("check", "zoo:mobilenet_v1@32,uint8", "-t", "imx93/teflon", "--log")
    assert "it agrees with the rules" in npufit(*arguments, "board.log").stdout
    assert "it agrees with the rules" in npufit(*arguments, "-", stdin=log).stdout
    twice = npufit(*arguments, "-", stdin=log + log.splitlines()[1] + "\n").stdout
    assert "Differences: the log" in twice


def test_targets_and_rules_and_networks_are_listed(npufit: Run) -> None:
    targets = npufit("targets")
    assert "imx93/teflon" in targets.stdout
    assert "lf-6.6.36 (default)" in " ".join(targets.stdout.split())
    assert {info["target"] for info in json.loads(npufit("targets", "--json").stdout)} >= {
        "imx93/vela",
        "imx95/neutron",
    }
    rules = {rule["id"]: rule["former_ids"] for rule in json.loads(npufit("rules", "--json").stdout)}
    former = {name for names in rules.values() for name in names}
    assert former == {f"H{number}" for number in range(1, 24)}
    assert rules["ethosu.brick-order"] == ["H1"]
    assert json.loads(npufit("rules", "h1", "--json").stdout)["id"] == "ethosu.brick-order"
    assert "zoo:mobilenet_v2" in npufit("zoo").stdout


def test_zoo_writes_a_file_that_check_reads(npufit: Run, tmp_path: Path) -> None:
    done = npufit("zoo", "mobilenet_v1@32,uint8,alpha=0.5", "-o", "small.tflite")
    assert done.returncode == 0
    assert len(read_model(tmp_path / "small.tflite").main.operators) == 31
    assert npufit("check", "small.tflite", "-t", "imx93/teflon").returncode == 0


@pytest.mark.parametrize(
    "arguments", [("targets",), ("check", "zoo:mobilenet_v1@32,uint8,alpha=0.25", "-t", "imx93/teflon")]
)
def test_a_reader_that_leaves_is_no_failed_gate(arguments: tuple[str, ...]) -> None:
    """`npufit check … | head -1` may close the pipe before all is written."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "npufit", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
