"""seccomp user notification: programs that open and ask in unusual ways, share files, wait, die, and send nonsense."""

from __future__ import annotations

import os
import struct
import sys
import threading
from pathlib import Path

import pytest

from npufit.errors import ToolError
from npufit.vdevice import Activity, Caller, Device, ProgramNotStartedError, launch, virtual_device
from npufit.vdevice.notify.filter import CONVENTIONS, Convention, notification_filter

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seccomp is Linux's")

_PROGRAM = Path(__file__).with_name("odd_program.py")


class EchoDevice:
    """A device that doubles numbers, and lets some calls wait until another one releases them."""

    driver = "echo"
    node = "/dev/accel/accel0"

    def __init__(self) -> None:
        self.released = threading.Event()
        self.opened = self.closed = 0

    def open(self) -> EchoFile:
        self.opened += 1
        return EchoFile(self)


class EchoFile:
    def __init__(self, device: EchoDevice) -> None:
        self._device = device
        self.descriptor = os.memfd_create("echo")
        status = os.fstat(self.descriptor)
        self.identity = status.st_dev, status.st_ino

    def ioctl(self, request: int, argument: int, caller: Caller) -> int:
        if request & 0xFF == 0x42:
            assert self._device.released.wait(30)
        if request & 0xFF == 0x43:
            self._device.released.set()
        (number,) = struct.unpack("<I", caller.read(argument, 4))
        caller.write(argument, struct.pack("<I", 2 * number))
        return 0

    def close(self) -> None:
        self._device.closed += 1
        os.close(self.descriptor)


def _run(device: Device, *arguments: str) -> int:
    """Return how the odd program ended with `device`."""
    return _run_any(device, sys.executable, str(_PROGRAM), *arguments)


def _run_any(device: Device, *command: str) -> int:
    program = launch(command, device)
    try:
        code = program.wait()
        program.wait_for_rest()
    finally:
        program.close()
    return code


def test_the_node_is_opened_by_any_call_and_spelling(capfd: pytest.CaptureFixture[str]) -> None:
    device = EchoDevice()
    assert _run(device, "opening") == 0
    assert capfd.readouterr().out.splitlines() == [
        "open 42",
        "other spelling 42",
        "openat2 42",
        "openat2 with a short size EINVAL",
        "directory ENOTDIR",
        "exclusive EEXIST",
        "missing ENOENT",
        "no path -1 EFAULT",
        "endless path ENAMETOOLONG",
        "closes 1",
        "stays 0",
    ]
    assert device.opened == device.closed == 5


def test_other_files_and_devices_are_the_kernels(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "accel0").write_text("real file")
    device = EchoDevice()
    assert _run(device, "passing_through", str(tmp_path)) == 0
    assert capfd.readouterr().out.splitlines() == [
        "real file of that name real file",
        "DRM's request on a pipe ENOTTY",
        "DRM's request on a file ENOTTY",
        "DRM's request on nothing EBADF",
        "another request on the device ENOTTY",
    ]
    assert device.opened == 1


def test_an_open_file_is_shared_by_descriptors_processes_and_programs(capfd: pytest.CaptureFixture[str]) -> None:
    assert _run(EchoDevice(), "sharing") == 0
    assert capfd.readouterr().out.splitlines() == ["duplicate 42", "fork 42", "exec True", "socket 42"]


def test_calls_that_take_long_keep_nobody_waiting(capfd: pytest.CaptureFixture[str]) -> None:
    assert _run(EchoDevice(), "waiting") == 0
    assert capfd.readouterr().out.splitlines() == ["meanwhile 42", "all done"]


def test_clients_that_are_killed_in_a_call_leave_nothing_behind(capfd: pytest.CaptureFixture[str]) -> None:
    device = EchoDevice()
    assert _run(device, "dying") == 0
    assert capfd.readouterr().out.splitlines() == ["killed -9", "killed -9", "killed -9", "after 42"]
    assert device.opened == device.closed


def test_files_that_nobody_holds_are_closed_when_the_next_one_is_opened() -> None:
    device = EchoDevice()
    loop = f"for _ in range(50): open({device.node!r}, 'r+b', buffering=0).close()"
    held = (
        f"import mmap; f = open({device.node!r}, 'r+b'); f.truncate(4096); m = mmap.mmap(f.fileno(), 4096); f.close()"
    )
    most = 0

    def count() -> EchoFile:
        nonlocal most
        most = max(most, device.opened - device.closed)
        return EchoDevice.open(device)

    device.open = count
    assert _run_any(device, sys.executable, "-c", f"{held}\n{loop}") == 0
    assert device.opened == device.closed == 51
    assert most < 25  # the mapped one, the one before, and those whose thread has not closed its copy yet


def test_random_calls_do_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    activity = Activity()
    assert _run(virtual_device("imx93", activity), "random", "2000") == 0
    assert capfd.readouterr().out == "asked 2000\n"
    assert activity.failure is None


@pytest.mark.parametrize(("program", "is_missing"), [("no-such-program", True), (str(_PROGRAM), False)])
def test_a_program_that_cannot_be_executed_says_why(program: str, is_missing: bool) -> None:
    with pytest.raises(ProgramNotStartedError, match=f"{program}: cannot be executed: ") as caught:
        launch([program], EchoDevice())
    assert caught.value.is_missing is is_missing


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (("Darwin", "arm64", "24.1.0"), "on Linux on x86_64 and aarch64; this is Darwin on arm64"),
        (("Linux", "riscv64", "6.12.0"), "this is Linux on riscv64"),
        (("Linux", "x86_64", "5.10.0-30-amd64"), r"from Linux 5\.14 on; this is Linux 5\.10\.0-30-amd64"),
    ],
)
def test_machines_that_cannot_do_it_are_refused(
    system: tuple[str, str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(("system", "machine", "release"), system, strict=True):
        monkeypatch.setattr(f"platform.{name}", lambda value=value: value)
    with pytest.raises(ToolError, match=message):
        launch(["true"], EchoDevice())


def test_a_program_that_has_a_supervisor_already_cannot_get_another(capfd: pytest.CaptureFixture[str]) -> None:
    inner = f"import sys; sys.path[:0] = {sys.path!r}; from test_notify import *; launch(['true'], EchoDevice())"
    assert _run_any(EchoDevice(), sys.executable, "-c", inner) == 1
    assert "another supervisor already answers calls of this process" in capfd.readouterr().err


def _decision(code: bytes, architecture: int, number: int, request: int = 0) -> str:
    """Return what the kernel would do with a call: a machine for the five instructions that the filter uses."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, 0, request, 0, 0, 0, 0)
    accumulator, place = 0, 0
    while True:
        operation, then, otherwise, operand = struct.unpack_from("<HBBI", code, 8 * place)
        place += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x15:
            place += then if accumulator == operand else otherwise
        elif operation == 0x45:
            place += then if accumulator & operand else otherwise
        else:
            assert operation == 0x06
            return {0x7FFF0000: "allow", 0x7FC00000: "hand over"}[operand]


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_the_filter_hands_over_opens_and_drm_calls_of_64_bit_programs(convention: Convention) -> None:
    code = notification_filter(convention)
    opening = [number for number in (convention.open, convention.openat, convention.openat2) if number is not None]
    for number in (*range(500), -1):
        expected = "hand over" if number in opening else "allow"
        assert _decision(code, convention.audit, number) == expected
        assert _decision(code, 0x40000003, number) == "allow"  # i386
    for request, expected in ((0xC0186444, "hand over"), (0x5401, "allow"), (1 << 32 | 0x6400, "hand over")):
        assert _decision(code, convention.audit, convention.ioctl, request) == expected
    if convention.foreign is not None:
        for number in (*opening, convention.ioctl):
            assert _decision(code, convention.audit, number | convention.foreign, 0x6400) == "allow"
