"""The memory of a device file: what a hostile program can do to it, and what it cannot."""

from __future__ import annotations

import errno
import fcntl
import gc
import mmap
import os
import sys
from pathlib import Path

import pytest
from ethosu_client import Client

from npufit.vdevice import IgnoringObserver, ProcessMemory, virtual_device
from npufit.vdevice.mapping import map_shared

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_PAGE = mmap.PAGESIZE
_NO_MMAP = 1


class _Blind:
    """A caller of which is not known what it maps."""

    def __init__(self) -> None:
        memory = ProcessMemory(os.getpid())
        self.read, self.write = memory.read, memory.write


def _client() -> Client:
    return Client(virtual_device("imx93", IgnoringObserver()).open())


def test_buffers_are_whole_pages_that_nobody_else_sees() -> None:
    client = _client()
    (first, size), (second, _) = client.create(5000), client.create(1)
    assert size == 2 * _PAGE
    assert client.offset(first) + size < client.offset(second)
    with client.map(first, size) as one, client.map(second, _PAGE) as other:
        one[:] = b"\xff" * size
        assert other[:] == bytes(_PAGE)
    with client.map(first, 4) as again:
        assert again[:] == b"\xff" * 4


def test_the_program_cannot_make_the_memory_shorter_nor_seal_it() -> None:
    client = _client()
    handle, size = client.create(_PAGE)
    descriptor = os.open(f"/proc/self/fd/{client.file.descriptor}", os.O_RDWR)
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 0)
    with pytest.raises(PermissionError):
        os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_TRUNC)
    for seal in (fcntl.F_SEAL_GROW, fcntl.F_SEAL_WRITE):
        with pytest.raises(PermissionError):
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seal)
    os.ftruncate(descriptor, 1 << 40)  # longer is no harm, and leaves room for more buffers
    more, _ = client.create(size)
    with client.map(more, size) as mapped:
        mapped[:] = b"\x01" * size
    os.close(descriptor)
    client.close_handle(handle)


def test_a_closed_buffer_gives_its_memory_back_when_the_program_has_unmapped_it() -> None:
    client = _client()
    size = 64 * _PAGE
    handle, _ = client.create(size)
    mapped = client.map(handle, size)
    mapped[:] = b"\x55" * size
    client.close_handle(handle)
    assert mapped[:] == b"\x55" * size
    assert _used(client) >= size
    with pytest.raises(OSError, match="No such file"):
        client.offset(handle)
    mapped.close()
    again, _ = client.create(_PAGE)
    assert again == handle
    client.close_handle(again)
    assert _used(client) == 0


def test_memory_that_was_unmapped_later_is_there_when_it_is_needed() -> None:
    client = _client()
    handles = [client.create(1 << 30)[0] for _ in range(4)]
    mapped = [client.map(handle, _PAGE) for handle in handles]
    for handle in handles:
        client.close_handle(handle)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        client.create(_PAGE)
    for each in mapped:
        each.close()
    assert len([client.create(1 << 30) for _ in range(4)]) == 4


def test_a_caller_that_cannot_say_what_it_maps_loses_the_content() -> None:
    client = Client(virtual_device("imx93", IgnoringObserver()).open(), _Blind())
    handle, _ = client.create(_PAGE)
    with client.map(handle, _PAGE) as mapped:
        mapped[:] = b"\x55" * _PAGE
        client.close_handle(handle)
        assert mapped[:] == bytes(_PAGE)


def test_a_mapping_of_a_closed_buffer_never_shows_another_one() -> None:
    client = _client()
    handle, _ = client.create(_PAGE)
    stale = client.map(handle, _PAGE)
    client.close_handle(handle)
    for _ in range(50):
        handle = client.fill(b"\x99" * _PAGE)
        assert stale[:] == bytes(_PAGE)
        client.close_handle(handle)


def test_a_buffer_without_mmap_and_a_stream_cannot_be_mapped() -> None:
    client = _client()
    handle, size = client.create(_PAGE, _NO_MMAP)
    for refused in (handle, client.create_stream(b"\0\0\0\0")):
        with pytest.raises(OSError, match="Invalid argument"):
            map_shared(client.file.descriptor, client.offset(refused), size)


def test_live_buffers_have_a_budget_that_all_files_share() -> None:
    device = virtual_device("imx93", IgnoringObserver())
    one, other = Client(device.open()), Client(device.open())
    handles = [one.create(1 << 30)[0] for _ in range(3)]
    handle, _ = other.create(1 << 30)
    for size in (1, 1 << 30, (1 << 64) - 1):
        with pytest.raises(OSError, match="Cannot allocate memory") as refused:
            one.create(size)
        assert refused.value.errno == errno.ENOMEM
    one.close_handle(handles[0])
    handles[0], _ = one.create(1 << 30)
    one.file.close()
    one.file.close()
    lost = Client(device.open())
    for _ in range(3):
        lost.create(1 << 30)
    del lost
    gc.collect()
    for _ in range(3):
        other.create(1 << 30)
    other.close_handle(handle)
    assert other.create(1 << 30)[0] == handle
    assert _used(other) == 0


def test_files_are_counted_and_leave_nothing_behind() -> None:
    gc.collect()
    before = _descriptors(), _mappings()
    device = virtual_device("imx93", IgnoringObserver())
    files = [device.open() for _ in range(256)]
    assert len({file.identity for file in files}) == len(files)
    with pytest.raises(OSError, match="Too many"):
        device.open()
    for file in files:
        Client(file).create(_PAGE)
        file.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            Client(file).version()
    device.open().close()
    lost = device.open()
    assert lost.descriptor in {int(entry) for entry in os.listdir("/proc/self/fd")}
    del lost
    gc.collect()
    assert (_descriptors(), _mappings()) == before


def _used(client: Client) -> int:
    """Return the bytes of memory behind a file."""
    return os.fstat(client.file.descriptor).st_blocks * 512


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _mappings() -> int:
    return Path("/proc/self/maps").read_text().count("memfd:npufit")
