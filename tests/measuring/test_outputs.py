"""What the board computed beside LiteRT's reference kernels: the same, rounded otherwise, or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npufit.boards import Completed
from npufit.errors import InputError, ToolError
from npufit.execution import Reference, random_inputs
from npufit.graph import Model
from npufit.loading import load
from npufit.measurements import OutputComparison
from npufit.measuring.outputs import compare_outputs, send_inputs
from npufit.measuring.preparing import PreparedModel, prepare_for, prepare_for_cpu
from npufit.running import prepare
from npufit.stacks import PlaceOptions, resolve_target
from npufit.tflite import serialize_model
from real_files import find_model


@dataclass
class _Board:
    """A board with one file."""

    results: bytes = b""
    name: str = "board"
    folder: str = "/tmp/session"

    def __post_init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        assert isinstance(content, bytes)
        self.files[name] = content
        return f"{self.folder}/{name}"

    def get(self, path: str, most_bytes: int) -> bytes:
        return self.results[:most_bytes]

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = 0) -> Completed:
        raise AssertionError(script)

    def at_end(self, script: str) -> None:
        raise AssertionError(script)


@pytest.fixture(scope="module")
def floating() -> Model:
    """Return a network in floating point."""
    return load("zoo:mobilenet_v1@96,float32,alpha=0.25")


@pytest.fixture(scope="module")
def detector() -> Model:
    """Return a real network with int8 in and out."""
    return load(find_model("person_detect.tflite"))


def _right(model: Model, seed: int = 0) -> Any:
    (output,) = model.main.outputs
    return Reference(model).run(random_inputs(model, seed), [output])[output]


def _compare(model: Model, prepared: PreparedModel, results: bytes, tolerance: float = 0.0) -> OutputComparison:
    board = _Board()
    sent = send_inputs(board, prepared, 0, with_npu=prepared.on_npu is not None)
    assert sent.shapes == tuple(model.main.tensors[index].shape for index in model.main.inputs)
    assert [*board.files.values()] == [array.tobytes() for array in random_inputs(model).values()]
    board.results = results
    return compare_outputs(board, prepared, sent, tolerance, PlaceOptions(time_limit_s=60.0))


def test_floating_point_that_is_as_near_as_litert_is_to_itself_is_rounding(floating: Model) -> None:
    prepared = prepare_for_cpu(floating, serialize_model(floating))
    right = _right(floating)
    near = _compare(floating, prepared, np.nextafter(right, np.float32(1.0)).astype(np.float32).tobytes())
    far = _compare(floating, prepared, (right * np.float32(1.01)).tobytes())
    assert [(found.is_equal, found.is_rounding) for found in (near, far)] == [(False, True), (False, False)]
    assert _compare(floating, prepared, (right * np.float32(1.01)).tobytes(), tolerance=0.1).is_equal


def test_not_a_number_is_infinitely_wrong_and_can_be_written(floating: Model) -> None:
    wrong = _right(floating).copy()
    wrong.reshape(-1)[3] = np.nan
    found = _compare(floating, prepare_for_cpu(floating, serialize_model(floating)), wrong.tobytes())
    assert not found.is_equal
    assert (found.tensors[0].different, found.tensors[0].largest) == (1, float(1 << 53))


def test_integers_are_exact_and_a_compiled_file_is_compared_with_its_source(detector: Model) -> None:
    content = serialize_model(detector)
    prepared = prepare_for(detector, content, resolve_target("imx93/vela"), PlaceOptions())
    right = _right(detector)
    assert _compare(detector, prepared, right.tobytes()).is_equal
    found = _compare(detector, prepared, (right ^ 1).tobytes())
    assert (found.is_equal, found.tensors[0].largest, found.tensors[0].unit) == (False, 1.0, "steps")
    assert _compare(detector, prepared, (right ^ 1).tobytes(), tolerance=1.0).is_equal
    assert found.sentence.endswith("computes something else of the compiled file: the difference is the board's.")


def test_what_the_simulator_computes_as_well_is_the_compilers_rounding() -> None:
    """Vela rounds FULLY_CONNECTED of this network otherwise than LiteRT does (docs/exactness.md)."""
    model = load(find_model("ad01_int8.tflite"))
    target = resolve_target("imx93/vela")
    prepared = prepare_for(model, serialize_model(model), target, PlaceOptions())
    (output,) = model.main.outputs
    found = _compare(model, prepared, prepare(model, target).run(random_inputs(model))[output].tobytes())
    assert found.is_wrong
    assert "LiteRT's own default kernels do not differ" in found.sentence
    assert found.sentence.endswith("the difference is the compiler's.")


def test_what_cannot_be_compared_says_why(detector: Model) -> None:
    prepared = prepare_for_cpu(detector, serialize_model(detector))
    with pytest.raises(ToolError, match="the board wrote 3 bytes of outputs instead of 2"):
        _compare(detector, prepared, b"123")
    compiled = load(find_model("person_detect_vela.tflite"))
    ready = prepare_for(compiled, serialize_model(compiled), resolve_target("imx93/vela"), PlaceOptions())
    with pytest.raises(InputError, match="nothing to compare its outputs with"):
        send_inputs(_Board(), ready, 0, with_npu=True)
