"""`npufit accuracy` and `npufit calibrate` on the command line, and profiles as targets of `check`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from npufit.validating import accuracy_rows

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_TABLE = "model,latency_ms,unit,threads\nnet,30,cpu,1\nnet,20,cpu,2\n"
_CALIBRATE = ("calibrate", "runs.csv", "-t", "imx93/teflon", "-m", "net=zoo:mobilenet_v1@96,uint8")


@pytest.fixture
def npufit(tmp_path: Path) -> Run:
    """Return a function that runs the command in a folder of its own, which holds measurements."""
    (tmp_path / "runs.csv").write_text(_TABLE)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "npufit", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NPUFIT_CACHE_DIR": str(tmp_path / "cache")},
            timeout=120,
        )

    return run


def test_accuracy_lists_every_measurement(npufit: Run, tmp_path: Path) -> None:
    done = npufit("accuracy", "--json", "--svg", "plot.svg")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(npufit("accuracy", "--json-schema").stdout))
    assert len(document["rows"]) == len(accuracy_rows())
    ElementTree.parse(tmp_path / "plot.svg")
    text = npufit("accuracy", "imx93/vela")
    assert text.returncode == 0
    assert "imx8mp" not in text.stdout
    assert "Not counted" in text.stdout
    assert npufit("accuracy", "imx93/vela", "--markdown").stdout.count("### imx93/vela") <= 1


def test_accuracy_of_something_unknown_is_wrong_input(npufit: Run) -> None:
    done = npufit("accuracy", "imx39")
    assert done.returncode == 2
    assert "no measurement of 'imx39'" in done.stderr


def test_a_calibration_is_written_and_is_a_target(npufit: Run, tmp_path: Path) -> None:
    done = npufit(*_CALIBRATE, "-o", "board.toml")
    assert done.returncode == 0, done.stderr
    assert "npufit check MODEL -t board.toml" in done.stdout
    written = (tmp_path / "board.toml").read_bytes()
    checked = npufit("check", "zoo:mobilenet_v1@96,uint8", "-t", "board.toml", "-t", "imx93/teflon", "--json")
    assert checked.returncode == 0, checked.stderr
    own, packaged = json.loads(checked.stdout)["results"]
    assert (own["profile"], packaged["profile"]) == ("board.toml", None)
    assert own["target"] == packaged["target"]
    assert own["estimate"]["cpu_only_ms"] != packaged["estimate"]["cpu_only_ms"]
    assert "calibrated with board.toml" in own["estimate"]["basis"]
    again = npufit(*_CALIBRATE, "-o", "board.toml", "--force", "--json")
    assert again.returncode == 0
    assert (tmp_path / "board.toml").read_bytes() == written
    jsonschema.validate(json.loads(again.stdout), json.loads(npufit("calibrate", "--json-schema").stdout))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("calibrate",), "no measurements given"),
        (("calibrate", "runs.csv", "-o", "new.toml"), "target"),
        (("calibrate", "runs.csv", "-t", "imx93/teflon", "-o", "new.toml"), "no model given"),
        (_CALIBRATE, "-o"),
        ((*_CALIBRATE, "-o", "new.csv"), ".toml"),
        ((*_CALIBRATE, "-o", "old.toml"), "old.toml: the file exists"),
        ((*_CALIBRATE, "runs.toml", "-o", "runs.toml", "--force"), "one of the inputs"),
        (("calibrate", "absent.csv", *_CALIBRATE[2:], "-o", "new.toml"), "cannot be read"),
        (("calibrate", "runs.csv", "-t", "imx93/teflon", "-m", "zoo:mobilenet_v1@96", "-o", "new.toml"), "NAME=MODEL"),
        (("calibrate", "runs.csv", "-t", "old.toml", "-m", "net=zoo:mobilenet_v1@96", "-o", "new.toml"), "target"),
        (("check", "zoo:mobilenet_v1@96", "-t", "old.toml"), "Expected a file that `npufit calibrate` wrote"),
        (("check", "zoo:mobilenet_v1@96", "-t", "absent.toml"), "cannot be read"),
        (("check", "zoo:mobilenet_v1@96", "-t", "imx93/teflon", "--threads", "0"), "--threads"),
    ],
)
def test_wrong_input_is_exit_code_2_and_changes_nothing(
    npufit: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "old.toml").write_text("mine = 1\n")
    (tmp_path / "runs.toml").write_text(_TABLE)
    done = npufit(*arguments)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "old.toml").read_text() == "mine = 1\n"
    assert (tmp_path / "runs.toml").read_text() == _TABLE
    assert not (tmp_path / "new.toml").exists()
