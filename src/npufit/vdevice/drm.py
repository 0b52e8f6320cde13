"""What all DRM drivers share: how a call is encoded, and the calls that the kernel answers for every driver.

(Linux `drivers/gpu/drm/drm_ioctl.c`, `drm_gem.c`; `include/uapi/drm/drm.h`.)
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from npufit.errors import InternalError, NpufitError
from npufit.vdevice.buffers import Budget, Buffer, BufferMemory
from npufit.vdevice.device import Caller, Observer, Refusal
from npufit.vdevice.handles import HandleTable
from npufit.vdevice.layouts import U32, U64, Struct, layout

COMMAND_BASE = 0x40
"""The number of a driver's first own call."""

_TYPE = ord("d")
_WRITE, _READ = 1, 2
_SIZE_MASK = (1 << 14) - 1
_LARGEST_BUFFERS_BYTES = 4 << 30
_MOST_HANDLES = 1 << 14
_MOST_FILES = 256


class RefusedCallError(OSError):
    """The errno with which a call ends, and why in one line."""

    def __init__(self, number: int, why: str = "") -> None:
        """Take the errno; without `why` its text says enough."""
        super().__init__(number, os.strerror(number))
        self.why = why or os.strerror(number)


def refuse(number: int, why: str = "") -> RefusedCallError:
    """Return the error with which a call ends."""
    return RefusedCallError(number, why)


@layout
class Version(Struct):
    """DRM_IOCTL_VERSION: lengths and addresses of three texts."""

    major: U32
    minor: U32
    patch: U32
    pad: U32
    name_len: U64
    name: U64
    date_len: U64
    date: U64
    desc_len: U64
    desc: U64


@layout
class GetCap(Struct):
    """DRM_IOCTL_GET_CAP."""

    capability: U64
    value: U64


@layout
class GemClose(Struct):
    """DRM_IOCTL_GEM_CLOSE."""

    handle: U32
    pad: U32


_CAPABILITIES = {0x05: 0, 0x06: 1, 0x13: 0, 0x14: 0}
"""PRIME, TIMESTAMP_MONOTONIC, SYNCOBJ, SYNCOBJ_TIMELINE; the others belong to displays."""


@dataclass(frozen=True, slots=True)
class Driver:
    """What DRM_IOCTL_VERSION says of a driver."""

    name: str
    description: str
    version: tuple[int, int, int] = (1, 0, 0)
    date: str = "0"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its struct, the method that answers it, and whether the struct is read and written back.

    A program that ignores the errno of an `is_vital` call goes on with stale memory, so observers learn of it.
    """

    name: str
    argument: type[Struct]
    answer: Callable[[Any, Any, Caller], None]
    direction: int = _WRITE | _READ
    is_vital: bool = False


class DrmFile:
    """One open of a DRM device. A driver's own calls are in the `calls` of its subclass, by their number."""

    driver: ClassVar[Driver]
    calls: ClassVar[Mapping[int, Call]] = {}

    def __init__(self, observer: Observer, budget: Budget) -> None:
        """Open the file. Raises OSError if there is no descriptor left."""
        self.observer = observer
        self.memory = BufferMemory(f"npufit-{self.driver.name}", budget)
        self.handles = HandleTable(_MOST_HANDLES)
        self.changed = threading.Condition()
        """The lock of handles and buffers; notified when a job is done."""

    @property
    def descriptor(self) -> int:
        """The memory of the file as a file descriptor of this process."""
        return self.memory.descriptor

    @property
    def identity(self) -> tuple[int, int]:
        """The st_dev and st_ino by which a duplicate is recognized."""
        return self.memory.identity

    def ioctl(self, request: int, argument: int, caller: Caller) -> int:
        """Return the answer to an ioctl, which is 0. Raises OSError with the errno that the program gets.

        What goes wrong on our side is told to the observer, and the program gets EIO.
        """
        if not self.memory.is_open:
            raise refuse(errno.EBADF)
        if request >> 8 & 0xFF != _TYPE:
            raise refuse(errno.ENOTTY)
        call = self._call(request & 0xFF)
        given = request >> 16 & _SIZE_MASK
        direction = request >> 30 & 3 & call.direction
        own = ctypes.sizeof(call.argument)
        data = caller.read(argument, given) if direction & _WRITE else bytes(given)
        struct = call.argument.from_buffer_copy(data[:own].ljust(own, b"\0"))
        try:
            self._answer(call, struct, caller)
        except OSError:
            raise
        except NpufitError as error:
            self.observer.failed(error)
            raise refuse(errno.EIO) from error
        except Exception as error:
            self.observer.failed(InternalError(f"The virtual {self.driver.name} failed in {call.name}: {error!r}."))
            raise refuse(errno.EIO) from error
        finally:  # the kernel writes it back whatever the answer is
            if direction & _READ:
                caller.write(argument, (bytes(struct) + data[own:])[:given])
        return 0

    def close(self) -> None:
        """Release the memory. What the program has mapped stays its own."""
        with self.changed:
            self.memory.close()

    def create_buffer(self, size: int, caller: Caller, *, mappable: bool = True) -> tuple[int, Buffer]:
        """Return the handle of a new buffer of at least `size` bytes, and the buffer. Raises OSError (ENOMEM)."""
        with self.changed:
            self.handles.require_free()
            buffer = self.memory.create(size, caller, mappable=mappable)
            return self.handles.add(buffer), buffer

    def buffer(self, handle: int, missing: int = errno.ENOENT) -> Buffer:
        """Return the buffer with `handle`. Raises OSError (`missing`) if there is none."""
        with self.changed:
            found = self.handles.get(handle)
        if found is None:
            raise refuse(missing, f"handle {handle} names no buffer")
        return found

    def wait(self, buffer: Buffer, deadline_ns: int) -> None:
        """Return when no job uses `buffer`. Raises OSError (ETIME) at `deadline_ns` on the monotonic clock."""
        with self.changed:
            left = (deadline_ns - time.monotonic_ns()) / 1e9
            if not self.changed.wait_for(lambda: not buffer.jobs, min(max(left, 0), threading.TIMEOUT_MAX)):
                raise refuse(errno.ETIME)

    def _answer(self, call: Call, struct: Struct, caller: Caller) -> None:
        try:
            call.answer(self, struct, caller)
        except OSError as error:
            if call.is_vital:
                self.observer.refused(_refusal(call, error))
            raise

    def _call(self, number: int) -> Call:
        call = _COMMON.get(number) if number < COMMAND_BASE else self.calls.get(number - COMMAND_BASE)
        if call is None:
            raise refuse(errno.EINVAL)
        return call

    def discard(self, buffer: Buffer, caller: Caller) -> None:
        """Free a buffer that lost its handle."""
        self.memory.release(buffer, caller)


def _refusal(call: Call, error: OSError) -> Refusal:
    why = error.why if isinstance(error, RefusedCallError) else error.strerror
    return Refusal(call.name, errno.errorcode.get(error.errno or 0, "?"), why or "")


def _version(file: DrmFile, version: Version, caller: Caller) -> None:
    driver = file.driver
    version.major, version.minor, version.patch = driver.version
    for name, text in (("name", driver.name), ("date", driver.date), ("desc", driver.description)):
        data = text.encode()
        address, room = getattr(version, name), getattr(version, f"{name}_len")
        setattr(version, f"{name}_len", len(data))
        if address and room:
            caller.write(address, data[:room])


def _get_cap(_file: DrmFile, asked: GetCap, _caller: Caller) -> None:
    if asked.capability not in _CAPABILITIES:
        raise refuse(errno.EOPNOTSUPP)
    asked.value = _CAPABILITIES[asked.capability]


def _gem_close(file: DrmFile, closed: GemClose, caller: Caller) -> None:
    with file.changed:
        found = file.handles.remove(closed.handle)
        if found is None:
            raise refuse(errno.EINVAL)
        file.discard(found, caller)


_COMMON: Mapping[int, Call] = {
    0x00: Call("VERSION", Version, _version),
    0x09: Call("GEM_CLOSE", GemClose, _gem_close, _WRITE),
    0x0C: Call("GET_CAP", GetCap, _get_cap),
}


class DrmDevice:
    """A virtual device: its files share a budget of memory."""

    def __init__(self, driver: Driver, node: str, open_file: Callable[[Budget], DrmFile]) -> None:
        """Answer as `driver` at `node`."""
        self.driver = driver.name
        self.node = node
        self._open_file = open_file
        self._budget = Budget(_LARGEST_BUFFERS_BYTES)
        self._files: weakref.WeakSet[DrmFile] = weakref.WeakSet()

    def open(self) -> DrmFile:
        """Return a new file of the device. Raises OSError (EMFILE) if there are too many."""
        if sum(file.memory.is_open for file in tuple(self._files)) >= _MOST_FILES:
            raise refuse(errno.EMFILE)
        file = self._open_file(self._budget)
        self._files.add(file)
        return file
