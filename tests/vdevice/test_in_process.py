"""The in-process way: a library finds the device, forks and closes as it likes, and a failure cannot be overlooked."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compiling_c import build_library
from npufit.errors import InputError, ToolError
from npufit.vdevice import Activity, attach, say_failure, virtual_device

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="devices are Linux's")

_NODE = b"/dev/accel/accel0"
_SUBMIT_TO_ROCKET = 0x40186441
_QUERY = 0xC0106440


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(
        Path(__file__).with_name("opening_library.c"), tmp_path_factory.mktemp("library") / "opening.so"
    )


@contextmanager
def _attached(chip: str, library: Path) -> Generator[tuple[ctypes.CDLL, Activity]]:
    activity = Activity(say_failure)
    loaded = ctypes.CDLL(str(library), use_errno=True)
    loaded.ask.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]
    with attach(library, virtual_device(chip, activity), activity):
        yield loaded, activity


def _query(loaded: ctypes.CDLL, node: int) -> int:
    """Return the NPU's identity."""
    info = (ctypes.c_uint32 * 3)()
    query = ctypes.create_string_buffer(b"\0\0\0\0\x0c\0\0\0" + ctypes.addressof(info).to_bytes(8, "little"), 16)
    assert loaded.ask(node, _QUERY, query) == 0
    return info[0]


def test_a_failure_is_printed_at_once_and_raised_at_the_end(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def ignore_errors() -> None:
        with _attached("rk3588", library) as (loaded, activity):
            node = loaded.open_it(_NODE)
            activity.raise_failure()
            assert loaded.ask(node, _SUBMIT_TO_ROCKET, bytes(24)) == -1
            assert "npufit: the virtual NPU failed: The virtual rocket executes nothing" in capfd.readouterr().err
            with pytest.raises(ToolError, match="executes nothing"):
                activity.raise_failure()
            loaded.close_it(node)

    with pytest.raises(ToolError, match="executes nothing"):
        ignore_errors()


def test_an_error_that_a_failure_has_caused_does_not_hide_it(library: Path) -> None:
    def compare() -> None:
        with _attached("rk3588", library) as (loaded, _):
            assert loaded.ask(loaded.open_it(_NODE), _SUBMIT_TO_ROCKET, bytes(24)) == 0, "stale results"

    with pytest.raises(ToolError, match="executes nothing") as caught:
        compare()
    assert "stale results" in str(caught.value.__cause__)


def test_a_child_of_the_process_asks_with_its_own_memory(library: Path) -> None:
    with _attached("imx93", library) as (loaded, _):
        node = loaded.open_it(_NODE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which other tests may have left
            child = os.fork()
        if not child:
            os._exit(0 if _query(loaded, node) == 0x10064000 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert _query(loaded, node) == 0x10064000


def test_a_process_may_open_and_close_the_device_any_number_of_times(library: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with _attached("imx93", library) as (loaded, _):
        for _ in range(600):
            node = loaded.open_it(_NODE)
            assert node >= 0
            loaded.close_it(node)
        left_open = loaded.open_it(_NODE)
    os.close(left_open)
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_cannot_be_attached_is_an_error_of_the_user(tmp_path: Path) -> None:
    activity = Activity()
    with (
        pytest.raises(InputError, match=r"libteflon\.so: cannot be loaded: No such file"),
        attach(tmp_path / "libteflon.so", virtual_device("imx93", activity), activity),
    ):
        pass
