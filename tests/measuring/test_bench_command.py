"""`npufit bench` as users enter it: what it prints, its exit codes, and its files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from measuring.benched_boards import equip, open_folder, write_imx93
from npufit.report import published_schema
from real_files import find_model
from running_npufit import npufit_command, run_npufit
from scripted_tools import Fault

_PERSON = str(find_model("person_detect.tflite"))
_QUICK = ("--processes", "1", "--runs", "3")


@pytest.fixture
def imx93() -> Iterator[Path]:
    """Return the files of a fake i.MX 93."""
    with open_folder() as folder:
        yield write_imx93(folder / "root")


def _environment(root: Path) -> dict[str, str]:
    return {**os.environ, "NPUFIT_BOARD_ROOT": str(root)}


def _bench(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return run_npufit("bench", *arguments, "--on", "local", environment=_environment(root))


def _json(done: subprocess.CompletedProcess[bytes]) -> Any:
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(published_schema("bench")))
    return found


def test_a_proven_measurement_is_printed_kept_and_shown(imx93: Path, tmp_path: Path) -> None:
    done = _bench(
        imx93, _PERSON, *_QUICK, "-o", str(tmp_path / "kept"), "--json", "--html", str(tmp_path / "page.html")
    )
    assert done.returncode == 0, done.stderr
    found = _json(done)
    assert found["results"][0]["proof"]["verdict"] == "proven"
    (file,) = (tmp_path / "kept").iterdir()
    assert found["files"] == [str(file)]
    assert b"imx93/vela@lf-6.1.36" in (tmp_path / "page.html").read_bytes()
    shown = run_npufit("bench", "--show", str(tmp_path / "kept"))
    assert shown.returncode == 0, shown.stderr
    first = shown.stdout.decode().splitlines()[0]
    assert first.startswith("person_detect.tflite on imx93/vela@lf-6.1.36: 3.78 ms")
    again = _json(run_npufit("bench", "--show", str(file), "--json"))
    assert again["results"] == found["results"]
    assert again["board"] is None


@pytest.mark.parametrize(
    ("fault", "code", "verdict"),
    [(Fault.REFUSED, 1, "contradicted"), (Fault.CRASH, 3, "unknown")],
)
def test_the_exit_code_says_whether_the_npu_ran(
    fault: Fault, code: int, verdict: str, imx93: Path, tmp_path: Path
) -> None:
    equip(imx93, fault)
    done = _bench(imx93, _PERSON, *_QUICK, "-o", str(tmp_path), "--json", "--no-proof")
    assert done.returncode == code, done.stderr
    (result,) = _json(done)["results"]
    assert (result["proof"]["verdict"], result.get("npu")) == (verdict, None)
    assert len([*tmp_path.iterdir()]) == 1


def test_outputs_that_cannot_be_compared_are_no_success(imx93: Path, tmp_path: Path) -> None:
    equip(imx93, outputs=b"123")
    done = _bench(imx93, _PERSON, *_QUICK, "-o", str(tmp_path), "--no-proof", "--compare")
    assert done.returncode == 3, done.stderr
    assert "Outputs are not compared" in " ".join(done.stdout.decode().split())


def test_an_interrupt_at_the_keyboard_keeps_what_was_measured(imx93: Path, tmp_path: Path) -> None:
    """The NPU's run hangs; the CPU's time is already there."""
    equip(imx93, Fault.HANG)
    command = npufit_command("bench", _PERSON, "--on", "local", *_QUICK, "-o", str(tmp_path), "--json", "--no-proof")
    answer = signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background it is ignored
    try:
        child = subprocess.Popen(command, env=_environment(imx93), stdout=subprocess.PIPE, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, answer)
    with child:
        runs = next(imx93.rglob("benchmark_model")).with_name("benchmark_model.runs")
        while not runs.exists() or runs.read_text().strip() != "2":
            assert child.poll() is None
        os.kill(child.pid, signal.SIGINT)
        printed, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    found = json.loads(printed)
    assert found["ended_early"] == "interrupted"
    assert found["results"][0]["cpu"]["ms"] > 900
    assert len([*tmp_path.iterdir()]) == 1


def test_a_probe_measures_nothing(imx93: Path) -> None:
    done = _bench(imx93, "--probe", "--json")
    assert done.returncode == 0, done.stderr
    found = _json(done)
    assert found["results"] == []
    assert found["board"]["chip"] == "imx93"
    assert found["board"]["candidates"][0]["target"] == "imx93/vela@lf-6.1.36"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((_PERSON,), 2, "which board? Add --on BOARD"),
        (("--on", "local"), 2, "there is no model to measure"),
        ((_PERSON, "--on", "board"), 2, "Did you mean ssh://board?"),
        (("missing.tflite", "--on", "local"), 2, "no such file"),
        ((_PERSON, "--on", "local", "-t", "imx93/vola"), 2, "Did you mean imx93/vela"),
        ((_PERSON, "--on", "local", "--delegate-option", "fast"), 2, "Write NAME=VALUE"),
        ((_PERSON, "--on", "local", "--probe"), 2, "--probe only asks the board"),
        (("--show", "missing"), 2, "no such file or folder"),
        ((_PERSON, "--on", "local", "--tool", "python", "-t", "imx93/vela"), 3, "no delegate for imx93/vela"),
        ((_PERSON, "--on", "ssh://127.0.0.1:1"), 3, "127.0.0.1"),
    ],
)
def test_errors_say_what_to_do(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run_npufit("bench", *arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr
