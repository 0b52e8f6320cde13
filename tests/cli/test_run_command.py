"""`npufit run` as people call it: exit codes, files, and options that contradict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from real_files import find_capture, find_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_SMALL = "zoo:mobilenet_v1@96,uint8,alpha=0.25"


@pytest.fixture
def npufit(tmp_path: Path) -> Run:
    """Return a function that runs the command in a folder of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "npufit", "run", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ.copy(),
            timeout=120,
        )

    return run


def test_equal_is_the_answer_and_code_0(npufit: Run) -> None:
    done = npufit(_SMALL, "-t", "imx93/vela", "--compare")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("equal: ")
    assert "Top 5" in done.stdout


def test_equal_says_when_the_npu_had_nothing_to_do(npufit: Run) -> None:
    idle = npufit("zoo:mobilenet_v1@32,float32,alpha=0.25", "-t", "imx93/vela", "--compare")
    assert idle.returncode == 0
    assert "no operator runs on the NPU" in " ".join(idle.stdout.split())
    busy = npufit("zoo:mobilenet_v1@32,uint8,alpha=0.25", "-t", "imx93/vela", "--compare")
    assert "no operator runs on the NPU" not in " ".join(busy.stdout.split())


def test_a_difference_is_code_1_unless_it_is_tolerated(npufit: Run) -> None:
    model = str(find_model("ad01_int8.tflite"))
    done = npufit(model, "-t", "imx93/vela", "--compare")
    assert done.returncode == 1
    assert done.stdout.startswith("first difference at operator 1 (FULLY_CONNECTED): ")
    assert npufit(model, "-t", "imx93/vela", "--compare", "--tolerance", "100").returncode == 0


def test_an_image_becomes_classes_and_a_file(npufit: Run, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (200, 30, 60)).save(tmp_path / "cat.jpg")
    (tmp_path / "labels.txt").write_text("\n".join(f"thing {index}" for index in range(1001)))
    done = npufit(_SMALL, "--on", "cpu", "--input", "cat.jpg", "--labels", "labels.txt", "--output", "out.npz")
    assert done.returncode == 0, done.stderr
    assert "thing " in done.stdout
    with np.load(tmp_path / "out.npz") as arrays:
        (values,) = arrays.values()
    assert values.shape == (1, 1001)
    assert values.dtype == np.uint8


def test_json_is_valid(npufit: Run) -> None:
    schema = json.loads(npufit("--json-schema").stdout)
    done = npufit(_SMALL, "-t", "imx93/vela", "--compare", "--json", "--repeat", "0")
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema)
    assert document["compare"]["equal"] is True
    assert document["place"] == "imx93/vela@5.2"


def test_a_capture_is_replayed(npufit: Run) -> None:
    name = "micro/pad_asym_conv"
    model = str(find_model(f"{name}.tflite"))
    done = npufit("--capture", str(find_capture(name)), "--model", model, "--compare")
    assert done.returncode == 1
    assert " ".join(done.stdout.split()).startswith(
        "first difference at operator 2 (CONV_2D): 55.0 % of its values differ, by up to 255 steps"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name one model"),
        ((_SMALL,), "say where to run"),
        ((_SMALL, "-t", "imx93/vela", "--on", "cpu"), "-t and --on cpu were given"),
        ((_SMALL, "--on", "cpu", "--compare"), "nothing to compare"),
        ((_SMALL, "--model", _SMALL, "--on", "cpu"), "name one model"),
        (("--model", _SMALL, "--on", "cpu"), "--model needs --capture"),
        ((_SMALL, "-t", "imx93/teflon"), "can execute only models compiled by Vela"),
        ((_SMALL, "-t", "imx93/vella"), "unknown target"),
        ((_SMALL, "--on", "cpu", "--input", "absent.png"), "absent.png: no such file"),
        ((_SMALL, "--on", "cpu", "--labels", "absent.txt"), "absent.txt: the labels cannot be read"),
        ((_SMALL, "--on", "cpu", "--original", _SMALL), "--original needs a compiled MODEL"),
        ((_SMALL, "--on", "cpu", "--output", "no/such/folder.npz"), "cannot be written"),
        (("absent.tflite", "--on", "cpu"), "absent.tflite: no such file"),
    ],
)
def test_wrong_use_is_one_message_and_code_2(npufit: Run, arguments: tuple[str, ...], message: str) -> None:
    done = npufit(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
