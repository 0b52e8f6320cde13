"""The memory of a running process as a `Caller`: through /proc, so that a wrong pointer is EFAULT and never a crash."""

from __future__ import annotations

import errno
import os
import re
import weakref
from pathlib import Path

from npufit.vdevice.mapping import is_own

_MAPPING = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)\b", re.MULTILINE)
"""Start, end, permissions, offset in the file, its device, its inode."""


class ProcessMemory:
    """The memory that a process has now: that of a program which it executes later needs another object.

    The process may be this one. Like a debugger, it also writes to what the process has mapped read-only.
    """

    def __init__(self, pid: int) -> None:
        """Open the memory of process `pid`. Raises OSError if there is no such process, or it belongs to others."""
        self.pid = pid
        self._descriptor = os.open(f"/proc/{pid}/mem", os.O_RDWR | os.O_CLOEXEC)
        self._closing = weakref.finalize(self, os.close, self._descriptor)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes at `address`. Raises OSError (EFAULT) if they cannot be read."""
        try:
            data = os.pread(self._descriptor, size, address)
        except (OSError, OverflowError, ValueError, MemoryError):
            raise _fault() from None
        if len(data) != size:
            raise _fault()
        return data

    def write(self, address: int, data: bytes) -> None:
        """Write `data` at `address`. Raises OSError (EFAULT) if it cannot be written, or only in part."""
        try:
            written = os.pwrite(self._descriptor, data, address)
        except (OSError, OverflowError):
            raise _fault() from None
        if written != len(data):
            raise _fault()

    def maps(self, identity: tuple[int, int], start: int, end: int) -> bool:
        """Return whether the process maps any of the bytes `start` to `end` of the file with this `identity`."""
        return maps_file(self.pid, identity, start, end)

    def close(self) -> None:
        """Close the file of the memory."""
        self._closing()


def maps_file(process: int, identity: tuple[int, int], start: int, end: int) -> bool:
    """Return whether a process maps any of the bytes `start` to `end` of the file with this `identity`.

    In this process, the mappings of the virtual device itself do not count.
    """
    try:
        text = Path(f"/proc/{process}/maps").read_bytes()
    except OSError:  # the process is gone, and its mappings with it
        return False
    device, inode = identity
    for line in _MAPPING.finditer(text):
        address, last, offset, major, minor = (int(number, 16) for number in line.groups()[:5])
        if (major, minor, int(line[6])) != (os.major(device), os.minor(device), inode):
            continue
        is_there = offset < end and start < offset + last - address
        if is_there and not (process == os.getpid() and is_own(address)):
            return True
    return False


def _fault() -> OSError:
    return OSError(errno.EFAULT, os.strerror(errno.EFAULT))
