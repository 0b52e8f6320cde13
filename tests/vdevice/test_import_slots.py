"""Import slots: the calls of one library reach a node of ours, everything else goes where it went before."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import struct
from pathlib import Path

import pytest

from compiling_c import build_library
from npufit.vdevice.client.import_slots import Identity, ImportSlotsError, redirected

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="import slots are redirected on Linux")

_SOURCE = Path(__file__).with_name("opening_library.c")
_NODE = "/dev/accel/accel0"
_BINDINGS = {
    "lazy": ("-Wl,-z,lazy,-z,norelro",),
    "relro": ("-Wl,-z,now,-z,relro",),
    "no_plt": ("-fno-plt", "-Wl,-z,now,-z,relro"),
    "fortified": ("-D_FORTIFY_SOURCE=2",),
}


class EchoNode:
    """A node that doubles the number behind the argument, or fails as the request says."""

    def __init__(self) -> None:
        self.opened: list[Identity] = []
        self.closed: list[Identity] = []

    def open(self) -> int:
        descriptor = os.memfd_create("echo")
        found = os.fstat(descriptor)
        self.opened.append((found.st_dev, found.st_ino))
        return descriptor

    def ioctl(self, identity: Identity, request: int, argument: int) -> int:
        assert identity in self.opened
        if request == 1:
            raise OSError(errno.EINVAL, "refused")
        if request == 2:
            raise ValueError("a bug of the node")
        number = ctypes.c_uint32.from_address(argument)
        number.value *= 2
        return 7

    def close(self, identity: Identity) -> None:
        self.closed.append(identity)


class Client:
    """The functions of the C library."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path), use_errno=True)
        self._library.ask.argtypes = self._library.ask_by_table.argtypes = [
            ctypes.c_int,
            ctypes.c_ulong,
            ctypes.c_void_p,
        ]

    def open(self, path: str | Path) -> int:
        return self._library.open_it(os.fsencode(path))

    def open_at(self, folder: int, path: str) -> int:
        return self._library.open_at(folder, os.fsencode(path))

    def create(self, path: Path, mode: int) -> int:
        return self._library.create_it(os.fsencode(path), mode)

    def ask(self, descriptor: int, request: int, number: int, *, by_table: bool = False) -> tuple[int, int]:
        value = ctypes.c_uint32(number)
        call = self._library.ask_by_table if by_table else self._library.ask
        return call(descriptor, request, ctypes.byref(value)), value.value

    def close(self, descriptor: int) -> int:
        return self._library.close_it(descriptor)


@pytest.fixture(scope="module", params=_BINDINGS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library, linked in one of the ways that leave different slots."""
    path = tmp_path_factory.mktemp("library") / f"{request.param}.so"
    return build_library(_SOURCE, path, *_BINDINGS[request.param])


@pytest.fixture
def library(built: Path, tmp_path: Path) -> Path:
    """Return a copy that was never loaded."""
    return Path(shutil.copy(built, tmp_path))


def _protections(path: Path) -> list[str]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line.split()[1] for line in lines if line.endswith(str(path))]


def test_calls_of_the_library_reach_the_node_until_the_context_ends(
    library: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    client, node = Client(library), EchoNode()
    assert client.open(_NODE) == -1  # a lazy slot is resolved before it is redirected
    before = _protections(library)
    with redirected(str(library), {_NODE: node}) as redirection:
        assert _protections(library) == before
        opening = {"__open_2", "__openat_2"} if "fortified" in library.name else {"openat"}
        assert set(redirection.functions[str(library)]) == {"open", "ioctl", "close"} | opening
        descriptor = client.open(_NODE)
        assert descriptor >= 0
        assert client.ask(descriptor, 0x6440, 21) == (7, 42)
        assert client.ask(descriptor, 0x6440, 4, by_table=True) == (7, 8)
        assert client.ask(descriptor, 1, 0)[0] == -1
        assert ctypes.get_errno() == errno.EINVAL
    assert client.open(_NODE) == -1
    for request, said in ((0x6409, ""), (0x6445, "the virtual NPU has ended, but is used"), (0x6445, "")):
        assert client.ask(descriptor, request, 21) == (-1, 21)
        assert ctypes.get_errno() == errno.ENODEV
        assert said in capfd.readouterr().err
    client.close(descriptor)
    assert _protections(library) == before
    descriptor = os.memfd_create("other")
    assert client.ask(descriptor, 0x6440, 21)[0] == -1
    assert ctypes.get_errno() == errno.ENOTTY
    os.close(descriptor)


def test_slots_that_were_never_called_are_redirected_and_stay_so(library: Path) -> None:
    client, node = Client(library), EchoNode()
    with redirected(str(library), {_NODE: node}):
        first, second = client.open(_NODE), client.open(_NODE)
        assert client.ask(first, 3, 1) == client.ask(second, 3, 1) == (7, 2)
        client.close(first)
        client.close(second)
    assert node.opened == node.closed


def test_other_files_and_other_libraries_are_left_alone(library: Path, tmp_path: Path) -> None:
    client, node = Client(library), EchoNode()
    other = Client(Path(shutil.copy(library, tmp_path / "other.so")))
    with redirected(str(library), {_NODE: node}):
        assert other.open(_NODE) == -1
        file = client.create(tmp_path / "file", 0o640)
        assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
        reader, writer = os.pipe()
        os.write(writer, b"four")
        assert client.ask(reader, 0x541B, 0) == (0, 4)  # FIONREAD
        assert client.ask(file, 0x6440, 0)[0] == -1
        assert ctypes.get_errno() == errno.ENOTTY
        assert client.ask(12345, 0x6440, 0)[0] == -1
        assert ctypes.get_errno() == errno.EBADF
        assert [client.close(one) for one in (file, reader, writer)] == [0, 0, 0]
        assert client.close(file) == -1
        assert ctypes.get_errno() == errno.EBADF
    assert node.opened == []


def test_a_path_may_be_relative_and_a_duplicate_keeps_the_file_open(library: Path, tmp_path: Path) -> None:
    client, node = Client(library), EchoNode()
    folder = os.open(tmp_path, os.O_RDONLY)
    with redirected(str(library), {str(tmp_path / "accel0"): node}):
        first, second = client.open_at(folder, "accel0"), client.open(tmp_path / ".." / tmp_path.name / "accel0")
        duplicate = os.dup(first)
        client.close(first)
        assert node.closed == []
        assert client.ask(duplicate, 3, 2) == (7, 4)
        client.close(duplicate)
        assert node.closed == node.opened[:1]
        client.close(second)
    assert node.closed == node.opened
    os.close(folder)


def test_a_failure_of_the_node_is_kept_and_the_library_gets_an_error(library: Path) -> None:
    client, node = Client(library), EchoNode()
    with redirected(str(library), {_NODE: node}) as redirection:
        descriptor = client.open(_NODE)
        assert client.ask(descriptor, 2, 0)[0] == -1
        assert ctypes.get_errno() == errno.EIO
        assert str(redirection.failure) == "a bug of the node"
        client.close(descriptor)


def test_two_devices_on_one_library_end_in_any_order(library: Path) -> None:
    client, first, second = Client(library), EchoNode(), EchoNode()
    outer, inner = redirected(str(library), {_NODE: first}), redirected(str(library), {"/dev/accel/accel1": second})
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(ImportSlotsError, match="another virtual device"), redirected(str(library), {_NODE: second}):
        pass
    outer.__exit__(None, None, None)
    assert client.open(_NODE) == -1
    descriptor = client.open("/dev/accel/accel1")
    assert client.ask(descriptor, 3, 5) == (7, 10)
    client.close(descriptor)
    inner.__exit__(None, None, None)
    assert client.open("/dev/accel/accel1") == -1


def _elf(kind: int, machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", kind, machine)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"!<arch>\nlibteflon.o/", "static library"),
        (b"not a library at all", "not an ELF library"),
        (b"", "not an ELF library"),
        (b"\x7fELF\x01\x01".ljust(20, b"\0"), "not a 64-bit"),
        (_elf(1, 62), "an object file"),
        (_elf(3, 40), "built for ELF machine 40, but this Python runs on "),
        (_elf(3, 62) + _elf(3, 183), "cannot be loaded|built for"),
        (None, "cannot be loaded: No such file"),
    ],
)
def test_a_file_that_cannot_be_redirected_says_why(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "libteflon.so"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImportSlotsError, match=message), redirected(str(path), {_NODE: EchoNode()}):
        pass


def test_a_library_without_device_calls_says_so(tmp_path: Path) -> None:
    source = tmp_path / "empty.c"
    source.write_text("int nothing(void) { return 0; }\n")
    library = build_library(source, tmp_path / "empty.so")
    with pytest.raises(ImportSlotsError, match="opens no device"), redirected(str(library), {_NODE: EchoNode()}):
        pass
