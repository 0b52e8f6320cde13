"""A C client has captured submissions executed, by both ways in: its answers are those of `npufit run --capture`."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest

import npufit
from compiling_c import build_c, build_library
from npufit.execution.capture import CapturedPartition, read_capture
from npufit.hosting import virtual_npu
from real_files import find_capture, find_model
from running_npufit import run_npufit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="devices are Linux's")

_SOURCE = Path(__file__).with_name("captured_client.c")
_CAPTURE = "micro/concat_c16"


class _Data(ctypes.Structure):
    _fields_ = (("size", ctypes.c_size_t), ("bytes", ctypes.c_char_p))


class _Work(ctypes.Structure):
    _fields_ = (("stream", _Data), ("coefficients", _Data), ("io", _Data), ("sram_bytes", ctypes.c_uint32))


@pytest.fixture(scope="module")
def partition() -> CapturedPartition:
    """Return the only partition of a model, with the model's inputs in its buffer."""
    (found,) = read_capture(find_capture(_CAPTURE), npufit.load(find_model(f"{_CAPTURE}.tflite")))
    return found


@pytest.fixture(scope="module")
def outputs(partition: CapturedPartition) -> dict[int, bytes]:
    """Return the bytes of the outputs in the buffer, by offset, as `npufit run --capture` computes them."""
    model = npufit.load(find_model(f"{_CAPTURE}.tflite"))
    result = npufit.run(model, find_capture(_CAPTURE))
    return {
        slot.offset: result.outputs[slot.tensor].tobytes()
        for slot in partition.layout.slots
        if slot.tensor in result.outputs
    }


@pytest.fixture(scope="module")
def folder(partition: CapturedPartition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the client submits."""
    made = tmp_path_factory.mktemp("submission")
    data = partition.submission
    for name, content in (("stream", data.stream), ("coefficients", data.coefficients), ("io", data.io)):
        (made / name).write_bytes(content)
    return made


def _assert_right(io: bytes, outputs: dict[int, bytes]) -> None:
    assert outputs
    for offset, expected in outputs.items():
        np.testing.assert_array_equal(
            np.frombuffer(io, np.uint8)[offset : offset + len(expected)], np.frombuffer(expected, np.uint8)
        )


@pytest.mark.parametrize(
    ("how", "count", "submissions", "options"),
    [("once", 0, 1, ("-static",)), ("threads", 4, 5, ()), ("processes", 3, 5, ())],
)
def test_a_program_gets_the_answers_of_the_capture(
    how: str,
    count: int,
    submissions: int,
    options: tuple[str, ...],
    folder: Path,
    partition: CapturedPartition,
    outputs: dict[int, bytes],
    tmp_path: Path,
) -> None:
    program = build_c(_SOURCE, tmp_path / "client", "-pthread", *options)
    arguments = [str(program), str(folder), str(partition.submission.sram_bytes), how, str(count)]
    ended = run_npufit("vnpu", "-t", "imx93", "--kernel", "7.3", "--", *arguments)
    assert ended.returncode == 0, ended.stderr.decode()
    _assert_right(ended.stdout, outputs)
    counted = "1 submission of" if submissions == 1 else f"{submissions} submissions of"
    assert f"virtual imx93 NPU (ethosu): {counted} 1 command stream, " in ended.stderr.decode()
    assert ended.stderr.decode().endswith(" s simulated, no findings; Linux 7.3 accepts every stream\n")


def test_a_library_in_this_process_gets_the_answers_of_the_capture(
    partition: CapturedPartition, outputs: dict[int, bytes], tmp_path: Path
) -> None:
    path = build_library(_SOURCE, tmp_path / "client.so", "-DLIBRARY")
    library = ctypes.CDLL(str(path))
    data = partition.submission
    work = _Work(
        *(_Data(len(content), content) for content in (data.stream, data.coefficients, data.io)), data.sram_bytes
    )
    answer = ctypes.create_string_buffer(len(data.io))
    assert library.execute(ctypes.byref(work), answer) == -2  # ENOENT
    with virtual_npu("imx93", path, kernel="7.3") as activity:
        for _ in range(2):
            ctypes.memset(answer, 0, len(answer))
            assert library.execute(ctypes.byref(work), answer) == 0
            _assert_right(answer.raw, outputs)
    assert (activity.submissions, activity.streams, activity.findings, activity.refusals) == (2, 1, (), ())
    assert library.execute(ctypes.byref(work), answer) == -2
