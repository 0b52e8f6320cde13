"""`npufit vnpu`: what the program does is its own; what npufit says is one line, a document, and an exit code."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import npufit
from captured_teflon import build_library
from npufit.report import published_schema
from real_files import find_capture, find_model
from running_npufit import npufit_command, run_npufit

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seccomp is Linux's")

_NODE = "/dev/accel/accel0"
_INFERENCES = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate
model, library = sys.argv[1:]
delegates = [load_delegate(library)]
pair = [Interpreter(model, experimental_delegates=some, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        for some in (delegates, [])]
for one in pair:
    one.allocate_tensors()
for seed in range(3):
    for one in pair:
        for tensor in one.get_input_details():
            values = np.random.default_rng(seed).integers(0, 127, tensor["shape"])
            one.set_tensor(tensor["index"], values.astype(tensor["dtype"]))
        one.invoke()
    tensors = [tensor["index"] for tensor in pair[0].get_output_details()]
    print([bool((pair[0].get_tensor(index) == pair[1].get_tensor(index)).all()) for index in tensors])
"""


def _hosted(*program: str, target: str = "imx93", options: tuple[str, ...] = (), stdin: bytes = b"") -> Any:
    return run_npufit("vnpu", "-t", target, *options, "--", *program, stdin=stdin)


def _python(code: str) -> tuple[str, ...]:
    return sys.executable, "-S", "-c", code


def test_a_program_with_a_delegate_gets_the_reference_answers(tmp_path: Path) -> None:
    find_capture("micro/residual_chain")
    library, report = build_library("micro/residual_chain", tmp_path), tmp_path / "report.json"
    model = find_model("micro/residual_chain.tflite")
    ended = _hosted(
        *(sys.executable, "-c", _INFERENCES, str(model), str(library)),
        target="imx93/teflon@25.3",
        options=("--kernel", "7.3", "--json", str(report), "--capture-to", str(tmp_path / "capture")),
    )
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout.decode().splitlines() == ["[True]"] * 3
    assert "virtual imx93 NPU (ethosu): 6 submissions of 2 command streams, " in ended.stderr.decode()
    (tmp_path / "capture" / "teflon.log").write_bytes(ended.stderr)
    replayed = npufit.run(str(model), tmp_path / "capture", npufit.RunOptions(compare=True))
    assert replayed.comparison is not None
    assert replayed.comparison.is_equal
    document = json.loads(report.read_text())
    jsonschema.validate(document, json.loads(published_schema("vnpu")))
    assert document["device"] == {"chip": "imx93", "driver": "ethosu", "node": _NODE, "kernel": "7.3"}
    assert (document["submissions"], document["streams"], document["captured"]) == (6, 2, 2)
    assert 0 < document["simulated_seconds"] < document["seconds"]


@pytest.mark.parametrize(("script", "code"), [("cat; exit 7", 7), ("cat; kill -SEGV $$", 139)])
def test_streams_exit_codes_and_signals_are_the_programs(script: str, code: int) -> None:
    ended = _hosted("sh", "-c", script, stdin=b"to be read\0")
    assert (ended.returncode, ended.stdout) == (code, b"to be read\0")
    first, *rest = ended.stderr.decode().splitlines()
    assert first == (
        f"virtual imx93 NPU (ethosu): nothing ran on the NPU: sh never opened {_NODE}. Does it load its delegate "
        "(such as libteflon.so)?"
    )
    assert rest == (["  sh was ended by signal SIGSEGV."] if code > 128 else [])


def test_the_environment_and_ignored_signals_are_the_programs() -> None:
    ended = _hosted("sh", "-c", "env | grep ^OPENBLAS_NUM_THREADS=; grep SigIgn /proc/self/status")
    (line,) = ended.stdout.decode().splitlines()
    ignored = int(line.split()[1], 16)
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


def test_a_signal_to_npufit_is_passed_on() -> None:
    script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    command = npufit_command("vnpu", "-t", "imx93", "--", "sh", "-c", script)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(30) == 9


def test_ctrl_c_on_a_terminal_reaches_the_program_once() -> None:
    code = """
import sys, time
interrupted = 0
print("ready", sys.stdin.isatty(), flush=True)
for _ in range(20):
    try:
        time.sleep(0.02 if interrupted else 0.5)
    except KeyboardInterrupt:
        interrupted += 1
sys.exit(interrupted)
"""
    ours, terminal = os.openpty()

    def take_terminal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # where tests run in the background it is ignored
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        npufit_command("vnpu", "-t", "imx93", "--", *_python(code)),
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    with process:
        os.close(terminal)
        try:
            said = b""
            while not said.endswith(b"\n"):
                said += os.read(ours, 100)
            assert said == b"ready True\r\n"
            time.sleep(1.0)  # npufit is ready a moment after the program
            os.write(ours, b"\x03")
            assert process.wait(20) == 1
        finally:
            process.kill()
    os.close(ours)


def test_what_a_release_refuses_fails_in_the_program_and_is_listed() -> None:
    code = f"""
import ctypes, fcntl, struct
words = ctypes.create_string_buffer(16)
call = struct.pack("<2IQ2I", 16, 0, ctypes.addressof(words), 0, 0)
try:
    fcntl.ioctl(open("{_NODE}", "r+b"), 0xC0186444, call)
except OSError as error:
    print(error.errno)
"""
    ended = _hosted(*_python(code), options=("--kernel", "7.3"))
    assert (ended.returncode, ended.stdout) == (0, b"22\n")
    first, refusal = ended.stderr.decode().splitlines()
    assert first.endswith(f"nothing ran on the NPU: Linux 7.3 refuses what {sys.executable} asked for.")
    assert refusal.startswith("  CMDSTREAM_BO_CREATE (EINVAL): Linux 7.3 refuses it: ")


def test_a_device_that_cannot_go_on_stops_the_program_and_its_children(tmp_path: Path) -> None:
    code = f"""
import fcntl, os, time
node = open("{_NODE}", "r+b")
if not os.fork():
    time.sleep(20)
try:
    fcntl.ioctl(node, 0x40186441, bytes(24))
except OSError:
    pass
print("went on")
time.sleep(20)
"""
    report = tmp_path / "report.json"
    ended = _hosted(*_python(code), target="rk3588", options=("--json", str(report)))
    assert (ended.returncode, ended.stdout) == (125, b"")
    first, why = ended.stderr.decode().splitlines()
    assert first.startswith("virtual rk3588 NPU (rocket): it could not go on, so ")
    assert "executes nothing" in why
    assert "executes nothing" in json.loads(report.read_text())["failure"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-t", "imx93", "--", "no-such-program"), 127, "npufit: no-such-program: cannot be executed: No such file"),
        (("-t", "imx93", "--", "/dev/null"), 126, "npufit: /dev/null: cannot be executed: Permission denied"),
        (("-t", "imx93"), 2, "Name a program to run: npufit vnpu -t imx93 -- PROGRAM"),
        (("-t", "imx95", "--", "true"), 2, "imx95 has no virtual device"),
        (("-t", "imx93/vela", "--", "true"), 2, "imx93/vela: only Linux's own drivers have a virtual device"),
        (("-t", "imx93", "--kernel", "5.4", "--", "true"), 2, "5.4"),
    ],
)
def test_what_cannot_start_says_why(arguments: tuple[str, ...], code: int, message: str) -> None:
    ended = run_npufit("vnpu", *arguments)
    assert ended.returncode == code
    assert message in ended.stderr.decode()
    assert ended.stdout == b""


def test_a_capture_is_never_mixed_with_another() -> None:
    folder = find_capture("micro/concat_c16")
    ended = _hosted("true", options=("--capture-to", str(folder)))
    assert ended.returncode == 2
    assert f"{folder}: there is a capture already." in ended.stderr.decode()
