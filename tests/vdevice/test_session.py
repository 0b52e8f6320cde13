"""A model in a library in a process of its own; the library is real code, its device only answers questions."""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from captured_teflon import build_library
from npufit.errors import InputError, InternalError, ToolError
from npufit.litert import LitertRefusalError
from npufit.vdevice import (
    Caller,
    Library,
    LibraryCrashError,
    LibraryRefusalError,
    LibrarySession,
    MappingCaller,
    SessionOptions,
    Step,
    inspect_library,
)
from real_files import find_model

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libteflon is a Linux library")

_CAPTURE = "mobilenet_v1_0.5_160_quant"
_VERSION, _SUBMIT = 0x00, 0x45


class _QuestionsOnly:
    """The calls by which a driver's user space asks what is there; all others fail with `code`."""

    node = "/dev/accel/accel0"

    def __init__(self, driver: str = "ethosu", code: int = errno.ENOSYS, cause: Exception | None = None) -> None:
        self.driver, self.code, self.cause = driver, code, cause
        self.open_files = 0

    def open(self) -> _File:
        self.open_files += 1
        return _File(self)


class _File:
    def __init__(self, device: _QuestionsOnly) -> None:
        self._device = device
        self.descriptor = os.memfd_create("test")
        status = os.fstat(self.descriptor)
        self.identity = status.st_dev, status.st_ino

    def ioctl(self, request: int, argument: int, caller: Caller) -> int:
        if request & 0xFF != _VERSION:
            raise OSError(self._device.code, "") from self._device.cause
        name = self._device.driver.encode()
        size, pointer = struct.unpack("<QQ", caller.read(argument + 16, 16))
        for wrong in (lambda: caller.read(8, 16), lambda: caller.write(8, b"anything")):
            with pytest.raises(OSError) as caught:  # noqa: PT011 - the errno says what
                wrong()
            assert caught.value.errno == errno.EFAULT
        assert isinstance(caller, MappingCaller)
        assert not caller.maps(self.identity, 0, 1 << 40)
        caller.write(pointer, name[:size])
        caller.write(argument, struct.pack("<3i4xQ", 1, 0, 0, len(name)))
        return 0

    def close(self) -> None:
        self._device.open_files -= 1
        os.close(self.descriptor)


@pytest.fixture(scope="module")
def model() -> bytes:
    return find_model(f"{_CAPTURE}.tflite").read_bytes()


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    return lambda *macros: build_library(_CAPTURE, tmp_path_factory.mktemp("library"), *macros)


@pytest.mark.parametrize("python", [(), (sys.executable,)], ids=["own Python", "a Python that is given"])
def test_a_crash_names_the_step_the_signal_and_the_last_call(
    python: tuple[str, ...], build: Callable[..., Path], model: bytes
) -> None:
    device = _QuestionsOnly()
    with LibrarySession(Library(build("CRASH_IN_PREPARE"), python), device, model) as session:
        with pytest.raises(LibraryCrashError, match=r"libteflon\.so died of signal SIGSEGV in Prepare") as caught:
            session.load()
        crash = caught.value
        assert (crash.step, crash.how, crash.last_call) == (Step.PREPARE, "died of signal SIGSEGV", "ioctl 0x40")
        assert crash.log.count("teflon: compiling graph") == 1
        assert session.seconds.keys() == {Step.START, Step.IMPORT, Step.LIBRARY}
        assert device.open_files == 1
    assert device.open_files == 0


def test_a_library_without_its_driver_refuses_and_says_why(build: Callable[..., Path], model: bytes) -> None:
    with LibrarySession(Library(build()), _QuestionsOnly("amdgpu"), model) as session:
        with pytest.raises(LibraryRefusalError, match="Couldn't open kernel device") as caught:
            session.load()
        assert caught.value.step is Step.LIBRARY


def test_what_litert_refuses_is_not_the_librarys_fault(build: Callable[..., Path]) -> None:
    with (
        LibrarySession(Library(build()), _QuestionsOnly(), b"TFL3" * 100, name="m.tflite") as session,
        pytest.raises(LitertRefusalError, match=r"m\.tflite: LiteRT refuses this file"),
    ):
        session.load()


@pytest.mark.parametrize("cause", [ToolError("the NPU is on fire"), ZeroDivisionError("the NPU is on fire")])
def test_a_failure_of_the_device_ends_the_session(cause: Exception, build: Callable[..., Path], model: bytes) -> None:
    device = _QuestionsOnly(code=errno.EIO, cause=cause)
    with (
        LibrarySession(Library(build()), device, model) as session,
        pytest.raises((ToolError, InternalError), match="the NPU is on fire"),
    ):
        session.load()


def test_a_python_that_cannot_start_is_not_the_librarys_fault(
    tmp_path: Path, build: Callable[..., Path], model: bytes
) -> None:
    for command in ("false", "-L", f"{tmp_path}/root", f"{tmp_path}/python3"), ("false",):
        with (
            LibrarySession(Library(build(), command), _QuestionsOnly(), model) as session,
            pytest.raises(LibraryCrashError, match="the Python of --library-python ended with exit code 1") as caught,
        ):
            session.load()
        assert (f"There is no {tmp_path}/python3." in str(caught.value)) is ("-L" in command)


def test_a_library_that_hangs_is_stopped(build: Callable[..., Path], model: bytes) -> None:
    library = Library(build("HANG_IN_PREPARE"))
    with LibrarySession(library, _QuestionsOnly(), model, SessionOptions(time_limit_s=2.0)) as session:
        with pytest.raises(LibraryCrashError, match="did not finish within 2 s") as caught:
            session.load()
        assert caught.value.is_late


def test_files_that_are_no_library_for_this_python_are_refused(tmp_path: Path, build: Callable[..., Path]) -> None:
    library = build()
    assert inspect_library(Library(library)).version == "25.3.0-captured"
    content = bytearray(library.read_bytes())
    foreign, nothing, other = tmp_path / "foreign.so", tmp_path / "nothing.so", tmp_path / "other.so"
    content[18:20] = struct.pack("<H", 243)
    foreign.write_bytes(content)
    nothing.write_bytes(b"")
    other.write_bytes(library.read_bytes().replace(b"tflite_plugin_create_delegate", b"x" * 29))
    with pytest.raises(InputError, match=r"built for riscv64.*--library-python 'qemu-riscv64 -L ROOT"):
        inspect_library(Library(foreign))
    assert inspect_library(Library(foreign, ("qemu-riscv64",))).machine == "riscv64"
    with pytest.raises(InputError, match="it is empty"):
        inspect_library(Library(nothing))
    with pytest.raises(InputError, match="lacks tflite_plugin_create_delegate"):
        inspect_library(Library(other))
    with pytest.raises(InputError, match="No such file"):
        inspect_library(Library(tmp_path / "missing.so"))
    with pytest.raises(InputError, match="not an ELF library"):
        inspect_library(Library(find_model(f"{_CAPTURE}.tflite")))
