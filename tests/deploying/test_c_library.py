"""The C library of a bundle: unmodified programs on the virtual device, byte for byte, and how they fail."""

from __future__ import annotations

import errno
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from building_board import BOARD, STRICT, build_sanitized, make_board, require_compiler

from asynchronous_device import AsynchronousDevice
from deployed_bundles import KEYWORDS, LSTM, SHUFFLENET, change_file, change_manifest, write_bundle
from faulty_device import (
    BO_CREATE,
    BO_WAIT,
    CMDSTREAM_BO_CREATE,
    SUBMIT,
    Fault,
    FaultyDevice,
    interrupting,
    late,
    refusing,
    vanishing,
)
from npufit.ethosu import parse_kernel
from npufit.vdevice import Activity, Device, DeviceOptions, launch, virtual_device

_HERE = Path(__file__).parent
_IN_PYTHON = _HERE / "c_library_in_python.py"


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the Makefile built the example and the library, without a warning."""
    return make_board(tmp_path_factory.mktemp("board") / "c")


@pytest.fixture(scope="session")
def shared_library(board: Path) -> Path:
    """Return the library as a shared one, for programs in Python."""
    library = board / "libethosu_direct.so"
    whole = ("-Wl,--whole-archive", board / "libethosu_direct.a", "-Wl,--no-whole-archive")
    subprocess.run([require_compiler("gcc"), "-shared", "-o", library, *whole], check=True)
    return library


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `example` and `running_again`, which stop at the first misuse of memory."""
    folder = tmp_path_factory.mktemp("sanitized")
    build_sanitized(folder, BOARD / "example.c", _HERE / "running_again.c")
    return folder


@pytest.fixture(scope="session")
def one_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle with one call of the NPU."""
    return write_bundle(KEYWORDS, tmp_path_factory.mktemp("one_call") / "bundle")


@pytest.fixture(scope="session")
def many_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle with 27 calls of the NPU and operators of the CPU between them."""
    return write_bundle(SHUFFLENET, tmp_path_factory.mktemp("many_calls") / "bundle")


@pytest.fixture(scope="session")
def with_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle whose network remembers: two LSTM variables."""
    return write_bundle(LSTM, tmp_path_factory.mktemp("with_state") / "bundle")


def _device(kernel: str | None = None) -> Device:
    chosen = parse_kernel(kernel) if kernel else None
    return virtual_device("imx93", Activity(), DeviceOptions(kernel=chosen))


def _run(device: Device, *command: object) -> int:
    """Return how `command` ended with `device`."""
    program = launch([str(word) for word in command], device)
    try:
        code = program.wait()
        program.wait_for_rest()
    finally:
        program.close()
    return code


def _copy(bundle: Path, folder: Path, change: Callable[[Any], object]) -> Path:
    """Return a copy of `bundle` in `folder` whose manifest was changed."""
    shutil.copytree(bundle, folder)
    change_manifest(folder, change)
    return folder


@pytest.mark.parametrize("compiler", ["gcc", "clang", "aarch64-linux-gnu-gcc", "g++"])
def test_every_compiler_takes_it_without_a_warning(compiler: str, tmp_path: Path) -> None:
    options = STRICT
    sources = [BOARD / "ethosu_direct.c", BOARD / "example.c"]
    if compiler == "g++":
        options = ("-x", "c++", "-Wall", "-Wextra", "-Werror")
        sources = [BOARD / "ethosu_direct.h"]
    command = [require_compiler(compiler), *options, "-fsyntax-only", *sources]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


def test_the_example_verifies_classifies_and_leaves_nothing_behind(
    sanitized: Path, one_call: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    device = FaultyDevice(_device())
    assert _run(device, sanitized / "example", one_call, "--verify") == 0
    assert "identical: 12 of 12 output values, against LiteRT BUILTIN_REF" in capfd.readouterr().out
    given = ("--input", one_call / "verify/000/input_0.bin", "--output", tmp_path / "result", "--top", 2)
    assert _run(device, sanitized / "example", one_call, "--repeat", 100, *given) == 0
    expected = (one_call / "verify/000/output_0.bin").read_bytes()
    assert (tmp_path / "result0.bin").read_bytes() == expected
    printed = capfd.readouterr().out
    best = max(range(12), key=lambda place: int.from_bytes(expected[place : place + 1], signed=True))
    assert "100 inferences: min " in printed
    assert f"int8, 12 values: [{best}] " in printed
    assert device.calls[SUBMIT] == 103
    assert device.calls[CMDSTREAM_BO_CREATE] == 2
    assert device.open_handles == device.open_files == 0


def test_a_value_that_differs_is_named_with_its_step(
    board: Path, one_call: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(one_call, tmp_path / "changed"))
    right = (bundle / "verify/000/output_0.bin").read_bytes()
    change_file(bundle, "verify/000/output_0.bin", bytes([right[0] ^ 1]) + right[1:])
    assert _run(_device(), board / "example", bundle, "--verify") == 1
    printed = capfd.readouterr().out
    assert "different: 1 of 12 output values, against LiteRT BUILTIN_REF" in printed
    assert ", of step 0\n" in printed


def test_a_step_that_differs_is_named_although_the_outputs_are_right(
    board: Path, one_call: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(one_call, tmp_path / "changed"))
    right = (bundle / "verify/000/output_0.bin").read_bytes()
    change_file(bundle, "verify/000/step_000_0.bin", right[:-1] + bytes([right[-1] ^ 1]))
    assert _run(_device(), board / "example", bundle, "--verify") == 1
    printed = capfd.readouterr().out
    assert "different: 0 of 12 output values" in printed
    assert "; first different tensor: " in printed


def test_many_calls_with_litert_between_them(
    board: Path, shared_library: Path, many_calls: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    device = FaultyDevice(_device())
    assert _run(device, sys.executable, _IN_PYTHON, shared_library, many_calls, 1) == 0
    printed = capfd.readouterr().out
    assert "seed 0: 0 of " in printed
    assert "1 of 1 repetitions are equal" in printed
    assert "zeros: then equal, after a reset equal" in printed
    assert device.calls[SUBMIT] == 5 * 27
    assert device.open_handles == device.open_files == 0
    assert _run(device, board / "example", many_calls) == 2
    assert "the CPU computes a part of this model" in capfd.readouterr().err


def test_state_is_kept_until_it_is_reset(
    shared_library: Path, with_state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _run(_device(), sys.executable, _IN_PYTHON, shared_library, with_state, 1) == 0
    printed = capfd.readouterr().out
    assert "1 of 1 repetitions are equal" in printed
    assert "zeros: then different, after a reset equal" in printed
    assert "3 resets" in printed  # after the zeros, by a verification and by a repetition


def test_steps_without_copies_between_them_are_submitted_at_once(
    sanitized: Path, one_call: Path, tmp_path: Path
) -> None:
    def twice(copied_between: bool) -> Callable[[Any], None]:
        def change(manifest: Any) -> None:
            (step,) = manifest["steps"]
            first = {**step, "outputs": [copy for copy in step["outputs"] if copied_between]}
            manifest["steps"] = [first, {**step, "inputs": []}]
            del manifest["verification"]

        return change

    answers: list[bytes] = []
    for calls, copied_between in ((1, False), (2, True)):
        bundle = _copy(one_call, tmp_path / str(calls), twice(copied_between))
        device = FaultyDevice(_device())
        given = ("--input", one_call / "verify/000/input_0.bin", "--output", tmp_path / "result", "--repeat", 1)
        assert _run(device, sanitized / "example", bundle, *given) == 0
        assert device.calls[SUBMIT] == 3 * calls
        answers.append((tmp_path / "result0.bin").read_bytes())
    assert answers[0] == answers[1]


def test_calls_that_are_interrupted_are_repeated(sanitized: Path, one_call: Path) -> None:
    device = FaultyDevice(_device(), interrupting(errno.EINTR, errno.EAGAIN))
    assert _run(device, sanitized / "example", one_call, "--verify") == 0
    assert device.open_handles == device.open_files == 0


def test_jobs_that_take_their_time_are_awaited(sanitized: Path, one_call: Path) -> None:
    device = AsynchronousDevice(_device())
    assert _run(device, sanitized / "example", one_call, "--verify") == 0
    assert _run(device, sanitized / "example", one_call, "--repeat", 3) == 0
    assert device.unawaited == 0


def test_a_job_that_was_too_late_is_awaited_by_the_next_run(
    sanitized: Path, one_call: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = AsynchronousDevice(_device())
    first_wait_is_short = FaultyDevice(jobs, lambda call, made: errno.ETIME if (call, made) == (BO_WAIT, 0) else None)
    assert _run(first_wait_is_short, sanitized / "running_again", one_call) == 0
    assert capfd.readouterr().out == "5 0 0, equal\n"  # ETHOSU_TIMEOUT, then ETHOSU_OK
    assert jobs.unawaited == 0


def test_two_programs_at_once(board: Path, one_call: Path, tmp_path: Path) -> None:
    given = f"{one_call} --input {one_call}/verify/000/input_0.bin --repeat 30"
    both = " & ".join(f"{board}/example {given} --output {tmp_path}/{name}" for name in "ab")
    device = FaultyDevice(_device())
    assert _run(device, "/bin/sh", "-c", f"{both} & wait") == 0
    assert device.calls[SUBMIT] == 2 * 32
    expected = (one_call / "verify/000/output_0.bin").read_bytes()
    assert [(tmp_path / f"{name}0.bin").read_bytes() for name in "ab"] == [expected, expected]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param(vanishing(after=3), "SUBMIT failed (ENODEV, no such device). The device is gone", id="vanishes"),
        pytest.param(late(), "The NPU did not finish in time (ETIME, timer expired).", id="hangs"),
        pytest.param(refusing(SUBMIT, errno.EINVAL), "SUBMIT failed (EINVAL", id="refuses a job"),
        pytest.param(refusing(BO_CREATE, errno.ENOMEM, after=1), "The driver needs contiguous memory", id="memory"),
        pytest.param(refusing(CMDSTREAM_BO_CREATE, errno.ENOMEM), "CmaFree in /proc/meminfo", id="memory for streams"),
    ],
)
def test_a_device_that_fails_is_reported_and_released(
    fault: Fault, says: str, sanitized: Path, one_call: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    device = FaultyDevice(_device(), fault)
    assert _run(device, sanitized / "example", one_call, "--repeat", 10) == 3
    assert says in capfd.readouterr().err
    assert device.open_files == 0


def test_a_kernel_that_refuses_the_stream_is_told_from_one_that_accepts_it(
    sanitized: Path, one_call: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _run(_device("7.2.6"), sanitized / "example", one_call) == 3
    printed = capfd.readouterr().err
    assert "streams/000.bin: Linux " in printed
    assert " refuses this command stream (EINVAL)." in printed
    assert "Accepted by Linux 6.19, 7.0, 7.1.0 to 7.1.3, 7.2.7 and later, 7.3." in printed
    assert _run(_device("7.3"), sanitized / "example", one_call) == 0


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ("refused", "That was expected: it rounds."),
        ("unknown", "What this release accepts was not known."),
        ("accepted", "That was not expected: please report it to npufit."),
    ],
)
def test_what_the_bundle_knows_of_this_kernel_is_said(
    verdict: str, says: str, board: Path, one_call: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = re.match(r"(\d+\.\d+)(?:\.(\d+))?", platform.release())
    assert found
    point = int(found[2] or 0)
    release = {"series": found[1], "why": "it rounds"}
    known = [
        {**release, "from": point + 1, "to": None, "verdict": "later"},
        {**release, "from": point, "to": point, "verdict": verdict},
    ]
    if point:
        known.insert(0, {**release, "from": 0, "to": point - 1, "verdict": "earlier"})
    bundle = _copy(one_call, tmp_path / "bundle", lambda manifest: manifest["kernels"].extend(known))
    assert _run(_device("7.2.6"), board / "example", bundle) == 3
    assert says in capfd.readouterr().err


def test_another_device_is_refused(
    sanitized: Path, one_call: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def require(**values: int) -> Callable[[Any], None]:
        def change(manifest: Any) -> None:
            manifest["device"].update({key: value for key, value in values.items() if key == "sram_bytes"})
            for register in manifest["device"]["registers"]:
                register["value"] = values.get(register["name"], register["value"])

        return change

    wrong = _copy(one_call, tmp_path / "wrong", require(config=0x10000009))
    assert _run(_device(), sanitized / "example", wrong) == 3
    assert "register config is 0x10000008, and 0x10000009 is expected in the bits " in capfd.readouterr().err
    large = _copy(one_call, tmp_path / "large", require(sram_bytes=100_000))
    assert _run(_device(), sanitized / "example", large) == 3
    assert "has 98304 bytes of SRAM, but this bundle uses 100000." in capfd.readouterr().err
    assert _run(virtual_device("rk3588", Activity()), sanitized / "example", one_call) == 3
    assert "/dev/accel/accel0 belongs to the driver rocket, not to ethosu." in capfd.readouterr().err
