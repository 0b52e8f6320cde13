"""A model in a library that submits what Mesa's driver did, on a virtual NPU: answers, insides, captures, and stops."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import npufit
from captured_teflon import build_library
from npufit.errors import InputError
from npufit.execution import DeviceFailureError, random_inputs
from npufit.running import RunOptions, RunResult, prepare, run
from npufit.stacks import PlaceOptions
from npufit.vdevice import Library, LibraryCrashError
from real_files import find_capture, find_model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libteflon is a Linux library")

_TARGET = "imx93/teflon@25.3"


def _options(library: Path) -> RunOptions:
    return RunOptions(compare=True, repeat=0, place=PlaceOptions(library=Library(library)))


def _replayed(name: str) -> RunResult:
    return run(find_model(f"{name}.tflite"), find_capture(name), RunOptions(compare=True, repeat=0))


@pytest.mark.parametrize(
    ("name", "parting"), [("micro/residual_chain", None), ("micro/pad_asym_conv", "operation 6 (CONV) at 0x29c")]
)
def test_a_library_answers_as_its_capture_does(name: str, parting: str | None, tmp_path: Path) -> None:
    """The same tensors, those inside partitions too, the same differences, and the operation that makes the first."""
    folder = tmp_path / "captured"
    options = replace(_options(build_library(name, tmp_path)), capture_to=folder)
    model = find_model(f"{name}.tflite")
    found, expected = run(model, _TARGET, options), _replayed(name)
    assert found.comparison == expected.comparison
    assert found.origin == expected.origin
    assert (None if found.origin is None else found.origin.operations) == (None if parting is None else (parting,))
    assert found.library is not None
    assert (len(found.library.partitions), found.library.hidden) == (expected.partitions, ())
    assert found.seconds.simulator is not None
    assert 0.0 < found.seconds.simulator <= found.seconds.first
    again = run(model, folder, RunOptions(compare=True, repeat=0))
    assert again.comparison == expected.comparison
    assert [finding.text for finding in again.findings] == [finding.text for finding in expected.findings]
    with pytest.raises(InputError, match="a new or an empty folder"):
        run(model, _TARGET, options)


def test_one_session_serves_many_inputs(tmp_path: Path) -> None:
    model = npufit.load(find_model("micro/residual_chain.tflite"))
    there = prepare(model, _TARGET, _options(build_library("micro/residual_chain", tmp_path)))
    here = prepare(model, "cpu")
    for seed in (3, 4, 3):
        inputs = random_inputs(model, seed)
        found, expected = there.run(inputs), here.run(inputs)
        assert found.keys() == expected.keys() == set(model.main.outputs)
        assert all(np.array_equal(found[index], expected[index]) for index in expected)


@pytest.mark.parametrize(("macro", "words"), [("CRASH_IN_PREPARE", "in Prepare"), ("CRASH_IN_INVOKE", "in Invoke")])
def test_a_crash_of_the_library_says_where(macro: str, words: str, tmp_path: Path) -> None:
    library = build_library("micro/residual_chain", tmp_path, macro)
    with pytest.raises(LibraryCrashError, match=f"died of signal SIGSEGV {words}"):
        run(find_model("micro/residual_chain.tflite"), _TARGET, _options(library))


def test_a_crash_is_explained_by_the_buffer_that_was_refused_before(tmp_path: Path) -> None:
    """Mesa asks for a buffer of 0 bytes for a partition without operations; without it the process dies later."""
    model = find_model("micro/slice_h.tflite")
    assert run(model, _TARGET, _options(build_library("micro/slice_h", tmp_path, "EMPTY_BUFFER"))).outputs
    library = build_library("micro/slice_h", tmp_path, "EMPTY_BUFFER", "CRASH_IN_INVOKE")
    with pytest.raises(LibraryCrashError, match=r"in Invoke.* Before that, BO_CREATE fails with EINVAL: a buffer of 0"):
        run(model, _TARGET, _options(library))


def test_a_stream_that_cannot_be_executed_stops_the_run(tmp_path: Path) -> None:
    """The library ignores the errno of SUBMIT and would hand out what the IO buffer held before."""
    library = build_library("micro/slice_h", tmp_path, change=lambda stream: stream[:40] + b"\xff" * 8 + stream[48:])
    with pytest.raises(DeviceFailureError, match=r"submission 0 of the library: .* is not a command of the Ethos-U"):
        run(find_model("micro/slice_h.tflite"), _TARGET, _options(library))


def test_what_linux_refuses_is_not_run(tmp_path: Path) -> None:
    library = build_library("micro/slice_h", tmp_path, change=lambda stream: stream[:-4])  # no STOP
    model = find_model("micro/slice_h.tflite")
    result = run(model, _TARGET, replace(_options(library), kernel="7.3.4"))
    assert result.refusal is not None
    assert "CMDSTREAM_BO_CREATE fails with EINVAL" in result.refusal
    assert not result.outputs
    accepted = run(model, _TARGET, replace(_options(build_library("micro/slice_h", tmp_path)), kernel="7.3.4"))
    assert accepted.outputs
    assert "Linux 7.3.4 accepts every stream" in accepted.notes


def test_what_cannot_be_executed_is_said_before_anything_runs(tmp_path: Path) -> None:
    library = tmp_path / "absent.so"
    model = find_model("micro/slice_h.tflite")
    for target, words in (
        ("rk3588/teflon@26.2", "not rocket, so there is no answer"),
        ("imx8mp/teflon@26.2", "npufit check MODEL -t imx8mp/teflon"),
        ("imx93/vela", "--library is for targets of the stack teflon"),
        ("cpu", "--library needs a target of the stack teflon"),
        ("imx93/teflon", "absent.so: the library cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            prepare(model, target, _options(library))
    with pytest.raises(InputError, match="--capture-to needs --library"):
        run(model, "imx93/vela", RunOptions(capture_to=tmp_path / "captured"))
