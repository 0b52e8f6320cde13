"""npufit's script for a board's Python, executed for real with the LiteRT that is installed here."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npufit.boards import PythonRuntime
from npufit.errors import InputError
from npufit.measuring.tools.python import PythonTool
from npufit.measuring.tools.tool import DelegateUse, RunRequest, Timing
from real_files import list_models

_SCRIPT = Path(str(files("npufit.measuring.tools") / "board" / "time_inferences.py"))
_RUNTIME = PythonRuntime(sys.executable, "3", "ai_edge_litert", importlib.metadata.version("ai-edge-litert"), True)
_TOOL = PythonTool(_RUNTIME, str(_SCRIPT))


@pytest.fixture
def request_of() -> RunRequest:
    """Return a short run of a small real model: two inferences, nothing waits for a clock."""
    smallest = min(list_models().values(), key=lambda path: path.stat().st_size)
    return RunRequest(str(smallest), 1, warmup=1, runs=2, least_s=0)


def _run(request: RunRequest, tool: PythonTool = _TOOL) -> tuple[bytes, int]:
    command = tool.command(request)
    ended = subprocess.run(
        command.arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
    )
    return ended.stdout, ended.returncode


def _read(request: RunRequest) -> Timing:
    output, code = _run(request)
    found = _TOOL.read(output, request, code=code)
    assert isinstance(found, Timing), found
    return found


def test_litert_is_timed_inference_by_inference(request_of: RunRequest) -> None:
    found = _read(request_of)
    assert (found.count, found.calls, found.runtime) == (2, 3, "LiteRT")
    assert found.runtime_version == _RUNTIME.module_version
    assert found.min_ms is not None
    assert found.median_ms is not None
    assert found.max_ms is not None
    assert 0 < found.min_ms <= found.median_ms <= found.max_ms
    assert found.first_ms
    assert found.initialization_ms
    assert found.memory_mb is not None


def test_xnnpack_is_stated_and_seen(request_of: RunRequest) -> None:
    assert _read(replace(request_of, xnnpack=False)).xnnpack is False
    assert _read(replace(request_of, xnnpack=True)).xnnpack is not None


def test_inputs_are_read_and_outputs_written_as_plain_bytes(request_of: RunRequest, tmp_path: Path) -> None:
    litert: Any = importlib.import_module("ai_edge_litert.interpreter")
    builtin = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = litert.Interpreter(request_of.model, experimental_op_resolver_type=builtin)
    interpreter.allocate_tensors()
    given: list[tuple[str, str]] = []
    for tensor in interpreter.get_input_details():
        path = tmp_path / f"{len(given)}.bin"
        path.write_bytes(bytes(number % 64 for number in range(interpreter.tensor(tensor["index"])().nbytes)))
        interpreter.set_tensor(tensor["index"], np.fromfile(path, tensor["dtype"]).reshape(tensor["shape"]))
        given.append((tensor["name"], str(path)))
    interpreter.invoke()
    expected = b"".join(
        interpreter.get_tensor(tensor["index"]).tobytes() for tensor in interpreter.get_output_details()
    )

    _read(replace(request_of, xnnpack=False, inputs=tuple(given), outputs=str(tmp_path / "out")))

    assert (tmp_path / "out").read_bytes() == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "/nowhere.tflite"}, "loading the model failed: the tool cannot read the model"),
        (
            {"delegate": DelegateUse("vela", "libno_such.so")},
            "loading the delegate failed: the library libno_such.so is missing on the board",
        ),
        ({"inputs": (("x", "/nowhere"),)}, "setting the inputs failed: "),
        ({"outputs": "/nowhere/out"}, "writing the outputs failed: "),
    ],
)
def test_what_fails_is_one_sentence(request_of: RunRequest, change: dict[str, Any], words: str) -> None:
    output, code = _run(replace(request_of, **change))
    found = _TOOL.read(output, request_of, code=code)
    assert code == 1
    assert isinstance(found, str)
    assert words in found
    assert b"Traceback" not in output


def test_a_python_without_the_module_says_so(request_of: RunRequest) -> None:
    tool = PythonTool(replace(_RUNTIME, module="tflite_runtime"), str(_SCRIPT))
    output, code = _run(request_of, tool)
    assert tool.read(output, request_of, code=code) == (
        "importing tflite_runtime failed: ModuleNotFoundError: No module named 'tflite_runtime'"
    )


def test_a_signal_ends_it_with_a_reason(request_of: RunRequest) -> None:
    endless = replace(request_of, least_s=600, most_s=600)
    child = subprocess.Popen(_TOOL.command(endless).arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if b"XNNPACK" in line:  # the interpreter is there, so the handlers are
                break
        child.send_signal(signal.SIGTERM)
        output = child.stdout.read()
        assert child.wait(60) == 1
    finally:
        child.kill()
        child.communicate()
    assert "failed: ended by signal 15" in str(_TOOL.read(output, endless, code=1))


def test_noise_of_delegates_on_the_same_stream_does_not_hurt(request_of: RunRequest) -> None:
    output, _ = _run(request_of)
    noisy = b"\x1b[31mdriver\xff\x00 says {" + output + b"\nEthos-u cycle counter: 4711\nfreed @@npufit-times\n"
    found = _TOOL.read(noisy, request_of)
    assert isinstance(found, Timing)
    assert found.kernel_calls == {"ethosu cycles": (4711,)}


@pytest.mark.parametrize("crash", [-11, 139])
def test_a_crash_before_the_line_is_named(crash: int, request_of: RunRequest) -> None:
    assert "segmentation fault" in str(_TOOL.read(b"Ethosu delegate: device_name set\n", request_of, code=crash))


def test_a_delegate_without_nodes_took_none(request_of: RunRequest) -> None:
    output, _ = _run(request_of)
    delegate = DelegateUse("teflon", "/usr/lib/libteflon.so")
    found = _TOOL.read(output, replace(request_of, delegate=delegate))
    assert isinstance(found, Timing)
    assert (found.delegate.took, found.delegate.partitions) == (0, 0)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", '"3"', "1e300", "[]", "true", "null"])
def test_impossible_numbers_are_no_times(value: str, request_of: RunRequest) -> None:
    document = '{"timed": {"count": 2, "median_ms": ' + value + '}, "warmup": {"count": 1}}'
    line = f"@@npufit-times-begin@@ {document} @@npufit-times-end@@".encode()
    assert _TOOL.read(line, request_of) == "it timed no inference"


def test_the_python_api_has_no_profile(request_of: RunRequest) -> None:
    with pytest.raises(InputError, match="no profile"):
        _TOOL.command(replace(request_of, with_profile=True))


def test_the_statistics_are_those_of_numpy() -> None:
    namespace: dict[str, object] = {"__name__": "time_inferences"}
    exec(compile(_SCRIPT.read_text("utf-8"), str(_SCRIPT), "exec"), namespace)
    spread = namespace["spread"]
    assert callable(spread)
    seconds = np.random.default_rng(1).lognormal(-6, 1, 101).tolist()
    found = json.loads(json.dumps(spread(seconds)))
    low, middle, high = 1e3 * np.percentile(seconds, (5, 50, 95))
    assert found["p5_ms"] == pytest.approx(low, abs=1e-5)
    assert found["median_ms"] == pytest.approx(middle, abs=1e-5)
    assert found["p95_ms"] == pytest.approx(high, abs=1e-5)
    assert found["std_ms"] == pytest.approx(1e3 * np.std(seconds), abs=1e-5)
    assert (found["count"], found["max_ms"]) == (101, pytest.approx(1e3 * max(seconds), abs=1e-5))
