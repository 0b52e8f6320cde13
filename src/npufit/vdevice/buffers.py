"""The memory of a device file: one memfd, in which each buffer is a range of pages.

The program gets the memfd itself, and may do with it what it likes: it is sealed against shrinking, so that no access
of ours can end in SIGBUS, and against further seals. It grows as far as buffers reach. A range is never used twice, so
that a mapping which outlives its buffer shows no other one.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npufit.vdevice.device import Caller, MappingCaller
from npufit.vdevice.mapping import map_shared, punch_hole

if TYPE_CHECKING:
    from npufit.vdevice.device import Bytes

PAGE_BYTES = mmap.PAGESIZE
_GAP_BYTES = 1 << 16
"""Between two buffers nothing is mapped: a program that maps more than its buffer does not see the next one."""

_MOST_SWEPT = 2
"""To ask what a program maps takes a millisecond, and Mesa leaves mapped what it closes."""

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


class Budget:
    """Bytes that all files of a device may use together."""

    def __init__(self, size: int) -> None:
        """Start with `size` bytes."""
        self._left = size
        self._lock = threading.RLock()  # a lost file may be collected inside of it

    def take(self, size: int) -> None:
        """Use `size` bytes. Raises OSError (ENOMEM) if there are fewer."""
        with self._lock:
            if size > self._left:
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
            self._left -= size

    def give(self, size: int) -> None:
        """Return `size` bytes."""
        with self._lock:
            self._left += size


@dataclass(slots=True, eq=False)
class Buffer:
    """A range of the memory: `size` in whole pages from `start` on; `asked` is what the program asked for.

    `view` has its bytes once they were looked at, and `jobs` counts those that are being executed in it.
    """

    start: int
    size: int
    asked: int
    is_mappable: bool
    view: Bytes | None = None
    jobs: int = 0

    @property
    def mmap_offset(self) -> int:
        """Where the program maps it. What it must not map is at no page's start: mmap refuses that with EINVAL."""
        return self.start if self.is_mappable else self.start + 1


@dataclass(slots=True)
class _Holdings:
    """What a file holds of the machine; given back when it is closed, or lost."""

    descriptor: int
    budget: Budget
    used: int = 0

    def take(self, size: int) -> None:
        self.budget.take(size)
        self.used += size

    def give(self, size: int) -> None:
        self.used -= size
        self.budget.give(size)

    def end(self) -> None:
        os.close(self.descriptor)
        self.give(self.used)


class BufferMemory:
    """The memfd of a device file and the buffers in it. The caller holds the file's lock."""

    def __init__(self, name: str, budget: Budget) -> None:
        """Create an empty memory that appears as `name` in the program's list of mappings. Raises OSError."""
        self.descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self._holdings = _Holdings(self.descriptor, budget)
        self._closing = weakref.finalize(self, self._holdings.end)
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SEALS)
        status = os.fstat(self.descriptor)
        self.identity = status.st_dev, status.st_ino
        self._end = _GAP_BYTES
        self.closed: list[Buffer] = []
        """Buffers without a handle that a job still uses, or that the program still maps."""

    def create(self, asked: int, caller: Caller, *, mappable: bool = True) -> Buffer:
        """Return a new buffer of at least `asked` bytes, all zero. Raises OSError (ENOMEM)."""
        self._require_open()
        size = -(-asked // PAGE_BYTES) * PAGE_BYTES
        try:
            self._holdings.take(size)
        except OSError:
            self._sweep(caller, len(self.closed))
            self._holdings.take(size)
        try:
            self._grow(self._end + size)
        except (OSError, OverflowError) as error:
            self._holdings.give(size)
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error
        buffer = Buffer(self._end, size, asked, mappable)
        self._end = -(-(self._end + size) // _GAP_BYTES) * _GAP_BYTES + _GAP_BYTES
        return buffer

    def view(self, buffer: Buffer) -> Bytes:
        """Return the bytes of a buffer, shared with the program: the same array each time. Raises OSError (ENOMEM)."""
        self._require_open()
        if buffer.view is None:
            buffer.view = map_shared(self.descriptor, buffer.start, buffer.size)
        return buffer.view

    def release(self, buffer: Buffer, caller: Caller) -> None:
        """Free the memory of a buffer that has no handle any more, at once or when nothing uses it."""
        self._require_open()
        if not self._free(buffer, caller):
            self.closed.append(buffer)
        self._sweep(caller, _MOST_SWEPT)

    def close(self) -> None:
        """Close the memfd. What the program has mapped stays its own."""
        self._closing()

    @property
    def is_open(self) -> bool:
        """Whether the memory was not closed."""
        return self._closing.alive

    def _require_open(self) -> None:
        """Raise OSError (EBADF) after `close`: the number of the descriptor may be that of another file by now."""
        if not self.is_open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def _sweep(self, caller: Caller, most: int) -> None:
        """Look whether the `most` oldest of the closed buffers can be freed."""
        oldest, self.closed = self.closed[:most], self.closed[most:]
        self.closed += [buffer for buffer in oldest if not self._free(buffer, caller)]

    def _free(self, buffer: Buffer, caller: Caller) -> bool:
        """Free the memory of a buffer unless something uses it; return whether it is free."""
        if buffer.jobs:
            return False
        end = buffer.start + buffer.size
        if isinstance(caller, MappingCaller) and caller.maps(self.identity, buffer.start, end):
            return False
        punch_hole(self.descriptor, buffer.start, buffer.size)
        buffer.view = None
        self._holdings.give(buffer.size)
        return True

    def _grow(self, size: int) -> None:
        """Make the file at least `size` bytes long; the program may have done so itself, even right now."""
        if os.fstat(self.descriptor).st_size >= size:
            return
        try:
            os.ftruncate(self.descriptor, size)
        except PermissionError:  # it is longer by now
            if os.fstat(self.descriptor).st_size < size:
                raise
