"""Sweeps as a whole: what may vary, what goes wrong, and what is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import npufit
from npufit.cost import Kernels
from npufit.errors import InputError
from npufit.stacks import PlaceOptions
from npufit.sweeping import PointStatus, SweepOptions, SweepResult, sweep
from npufit.sweeping.network import open_networks
from npufit.sweeping.setup import make_setups
from npufit.sweeping.sizes import parse_sizes
from real_files import find_model

_SMALL = "zoo:mobilenet_v1,uint8,alpha=0.25"


def test_sizes_as_people_write_them() -> None:
    assert parse_sizes(["96:160:32", "100,64x48", "96"]) == ((64, 48), (96, 96), (100, 100), (128, 128), (160, 160))
    assert parse_sizes(["5:9:3"]) == ((5, 5), (8, 8))
    for wrong in ("96:160", "160:96:32", "96:160:0", "96:16x0:2", "", "large", "1:99999:1", "::"):
        with pytest.raises(InputError):
            parse_sizes([wrong])


def test_setups_are_every_combination_once_and_settings_are_velas() -> None:
    targets = ["imx93/teflon@25.3,26.2", "imx93/vela@3.8,5.2", "imx93/vela"]
    setups = make_setups(targets, [("arena-cache-size", "98304,196608")], (1, 2), (Kernels.XNNPACK,))
    words = [str(setup) for setup in setups]
    assert len(set(words)) == len(words) == 2 * 2 + 2 * 2 * 2
    assert words[0] == "imx93/teflon@25.3, 1 thread, xnnpack"
    assert words[-1] == "imx93/vela@5.2, arena-cache-size=196608, 2 threads, xnnpack"
    with pytest.raises(InputError, match="no target is"):
        make_setups(["imx93/teflon"], [("arena-cache-size", "98304")])


def test_networks_come_in_every_number_format_and_files_in_their_own(tmp_path: Path) -> None:
    person = str(find_model("person_detect.tflite"))
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(Path(person).read_bytes())
    networks = open_networks(["zoo:mobilenet_v2,pad=folded", person, str(copy)], ["int8"])
    assert [(network.name, network.precision, network.own_size) for network in networks[:2]] == [
        ("zoo:mobilenet_v2,pad=folded", "int8", (224, 224)),
        ("person_detect.tflite", "int8", (96, 96)),
    ]
    assert len(networks) == 2, "the same file twice is one network"
    assert [network.precision for network in open_networks(["zoo:mobilenet_v2"], ["int8", "uint8"])] == [
        "int8",
        "uint8",
    ]
    for models, precisions in (([person], ["uint8"]), (["zoo:mobilenet_v2"], ["int4"]), ([], []), (["absent"], [])):
        with pytest.raises(InputError):
            open_networks(models, precisions)


def test_points_come_as_they_are_ready_and_what_cannot_be_is_a_point() -> None:
    models = [find_model("keras_transformer_encoder_int8.tflite"), find_model("person_detect.tflite")]
    running = sweep(models, ["imx93/teflon@25.3", "imx93/vela@3.8"], SweepOptions(sizes=("64,96",), use_cache=False))
    points = list(running)
    result = running.result()
    assert len(points) == len(result.points) == 8
    found = {(str(point.series.setup), point.series.network.name, point.size): point for point in points}
    transformer, person = ("keras_transformer_encoder_int8.tflite", "person_detect.tflite")
    impossible = found["imx93/teflon@25.3", transformer, (64, 64)]
    assert impossible.status is PointStatus.IMPOSSIBLE
    assert "cannot be resized" in impossible.reason
    assert found["imx93/teflon@25.3", person, (64, 64)].status is PointStatus.PREDICTED
    missing = found["imx93/vela@3.8", person, (96, 96)]
    assert missing.status is PointStatus.FAILED
    assert "npufit toolchain install vela@3.8" in missing.reason


def test_options_may_be_one_text() -> None:
    texts = SweepOptions(sizes="64:96:32", quant="int8,uint8", use_cache=False)
    points = list(sweep("zoo:mobilenet_v1,alpha=0.25", "imx93/teflon", texts))
    found = {(point.series.network.precision, point.size) for point in points}
    assert found == {(kind, size) for kind in ("int8", "uint8") for size in ((64, 64), (96, 96))}


def test_a_wrong_question_is_an_error_before_anything_is_computed() -> None:
    for options in (
        SweepOptions(sizes=("wide",)),
        SweepOptions(require=("speed>=1",)),
        SweepOptions(quant=("int2",)),
        SweepOptions(place=PlaceOptions(settings=(("arena-cache-size", "1"),))),
    ):
        with pytest.raises(InputError):
            sweep(_SMALL, "imx93/teflon", options)


def _statuses(result: SweepResult) -> list[tuple[object, object, bool]]:
    return [(point.size, point.ms, point.kept) for point in result.points]


def test_a_killed_sweep_continues_and_a_changed_model_is_computed_anew(tmp_path: Path) -> None:
    cache, model = tmp_path / "kept.sqlite", tmp_path / "model.tflite"
    npufit.save(npufit.load(_SMALL), model)
    words = (str(model), "--sizes", "64:1024:32", "-t", "imx93/teflon@25.3", "--cache", str(cache), "--jobs", "1")
    command = [sys.executable, "-m", "npufit", "sweep", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as killed:
        deadline = time.monotonic() + 30.0
        while not _kept_keys(cache) and killed.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(killed.pid, signal.SIGKILL)
    done = _kept_keys(cache)
    assert 0 < done < 31, "it was killed in the middle"
    options = SweepOptions(sizes=("64:1024:32",), cache=cache)
    first = sweep(str(model), "imx93/teflon@25.3", options).result()
    assert done <= first.kept < 31
    again = sweep(str(model), "imx93/teflon@25.3", options).result()
    assert again.kept == 31
    assert [entry[:2] for entry in _statuses(again)] == [entry[:2] for entry in _statuses(first)]
    npufit.save(npufit.load("zoo:mobilenet_v1,uint8,alpha=0.5"), model, overwrite=True)
    changed = sweep(str(model), "imx93/teflon@25.3", SweepOptions(sizes=("64,96",), cache=cache)).result()
    assert changed.kept == 0
    assert changed.points[0].ms != first.points[0].ms


def _kept_keys(cache: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(f"file:{cache}?mode=ro", uri=True) as file:
            return file.execute("SELECT count(*) FROM answers").fetchone()[0]
    except sqlite3.Error:
        return 0
