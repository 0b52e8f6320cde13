"""The memory of a process: this one and another; what is not there is EFAULT, never a crash."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import subprocess
import sys

import pytest

from npufit.vdevice import ProcessMemory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a virtual device needs Linux")

_CHILD = """
import ctypes, os, sys
memory = ctypes.create_string_buffer(b"from the child", 64)
print(ctypes.addressof(memory), flush=True)
sys.stdin.readline()
print(memory.value.decode(), flush=True)
"""


@pytest.mark.parametrize("address", [0, 1, -1, 1 << 47, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 70])
@pytest.mark.parametrize("size", [1, 4096, 1 << 40])
def test_a_wrong_pointer_is_efault(address: int, size: int) -> None:
    memory = ProcessMemory(os.getpid())
    with pytest.raises(OSError, match="Bad address") as refused:
        memory.read(address, size)
    assert refused.value.errno == errno.EFAULT
    with pytest.raises(OSError, match="Bad address"):
        memory.write(address, b"\0" * min(size, 4096))


def test_what_ends_too_early_is_efault() -> None:
    memory = ProcessMemory(os.getpid())
    with mmap.mmap(-1, 2 * mmap.PAGESIZE) as pages:
        start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        libc = ctypes.CDLL(None)
        assert libc.mprotect(ctypes.c_void_p(start + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
        memory.write(start + mmap.PAGESIZE - 4, b"abcd")
        assert memory.read(start + mmap.PAGESIZE - 4, 4) == b"abcd"
        assert libc.munmap(ctypes.c_void_p(start + mmap.PAGESIZE), mmap.PAGESIZE) == 0
        with pytest.raises(OSError, match="Bad address"):
            memory.read(start + mmap.PAGESIZE - 4, 5)
        with pytest.raises(OSError, match="Bad address"):
            memory.write(start + mmap.PAGESIZE - 4, b"efghi")


def test_another_process_is_read_and_written_until_it_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        address = int(child.stdout.readline())
        memory = ProcessMemory(child.pid)
        assert memory.read(address, 14) == b"from the child"
        memory.write(address, b"from the parent\0")
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"from the parent\n"
        child.wait()
        with pytest.raises(OSError, match="Bad address"):
            memory.read(address, 14)
        assert not memory.maps((0, 0), 0, 1 << 60)
        memory.close()
    with pytest.raises(OSError, match="No such"):
        ProcessMemory(1 << 30)


def test_what_is_mapped_is_known_by_file_and_range() -> None:
    descriptor = os.memfd_create("npufit-test")
    os.ftruncate(descriptor, 8 * mmap.PAGESIZE)
    status = os.fstat(descriptor)
    identity = status.st_dev, status.st_ino
    memory = ProcessMemory(os.getpid())
    assert not memory.maps(identity, 0, 8 * mmap.PAGESIZE)
    with mmap.mmap(descriptor, 2 * mmap.PAGESIZE, offset=2 * mmap.PAGESIZE):
        found = [memory.maps(identity, page * mmap.PAGESIZE, (page + 1) * mmap.PAGESIZE) for page in range(6)]
        assert found == [False, False, True, True, False, False]
        assert not memory.maps((status.st_dev, status.st_ino + 1), 0, 8 * mmap.PAGESIZE)
    os.close(descriptor)
