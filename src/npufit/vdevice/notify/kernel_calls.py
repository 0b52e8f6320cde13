"""The kernel's side of seccomp user notification: its structures, and its calls on the listener's descriptor."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
from contextlib import suppress
from dataclasses import dataclass

CONTINUE = 1
"""SECCOMP_USER_NOTIF_FLAG_CONTINUE: the kernel executes the call itself."""

_SEND_TOO = 2  # SECCOMP_ADDFD_FLAG_SEND: the new descriptor is the answer
_WAKE_UP_HERE = 1  # SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP


class _Notification(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_uint64),
        ("pid", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("number", ctypes.c_int32),
        ("architecture", ctypes.c_uint32),
        ("instruction", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
    )


class _Response(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_uint64),
        ("value", ctypes.c_int64),
        ("error", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
    )


class _AddedDescriptor(ctypes.Structure):
    _fields_ = (
        ("id", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("source", ctypes.c_uint32),
        ("number", ctypes.c_uint32),
        ("number_flags", ctypes.c_uint32),
    )


def _request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("!") << 8 | number


_RECEIVE = _request(3, 0, ctypes.sizeof(_Notification))
_SEND = _request(3, 1, ctypes.sizeof(_Response))
_IS_VALID = _request(1, 2, 8)
_ADD_DESCRIPTOR = _request(1, 3, ctypes.sizeof(_AddedDescriptor))
_SET_FLAGS = _request(1, 4, 8)


@dataclass(frozen=True, slots=True)
class Notification:
    """A call that waits for an answer: of which thread, its number, and its six arguments as 64 bits each."""

    id: int
    thread: int
    number: int
    arguments: tuple[int, ...]


class Listener:
    """Where the calls of all processes under one filter arrive."""

    def __init__(self, descriptor: int) -> None:
        """Take over the descriptor."""
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        with suppress(OSError):  # from Linux 6.6 on: an answer takes a third less time
            fcntl.ioctl(descriptor, _SET_FLAGS, _WAKE_UP_HERE)

    def receive(self) -> Notification | None:
        """Return the next call, None when no process is left under the filter. One thread at a time."""
        while True:
            events = self._poll.poll()
            if not events or not events[0][1] & select.POLLIN:
                return None
            found = _Notification()
            try:
                fcntl.ioctl(self._descriptor, _RECEIVE, found)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # the caller was killed meanwhile
                    continue
                raise
            return Notification(found.id, found.pid, found.number, tuple(found.arguments))

    def is_valid(self, notification: Notification) -> bool:
        """Return whether the caller still waits: only then its number still means the same process."""
        try:
            fcntl.ioctl(self._descriptor, _IS_VALID, notification.id.to_bytes(8, "little"))
        except OSError:
            return False
        return True

    def answer(self, notification: Notification, value: int = 0, error: int = 0, flags: int = 0) -> None:
        """Let the call return `value`, or fail with the errno `error`. A caller that is gone is no error."""
        with suppress(OSError):
            fcntl.ioctl(self._descriptor, _SEND, _Response(notification.id, value, -error, flags))

    def answer_descriptor(self, notification: Notification, descriptor: int, *, closes_on_exec: bool) -> None:
        """Let the call return a duplicate of `descriptor` in the caller's process. Raises OSError."""
        flags = os.O_CLOEXEC if closes_on_exec else 0
        added = _AddedDescriptor(notification.id, _SEND_TOO, descriptor, 0, flags)
        fcntl.ioctl(self._descriptor, _ADD_DESCRIPTOR, added)

    def close(self) -> None:
        """Close the descriptor: whatever is handed over from now on fails with ENOSYS."""
        os.close(self._descriptor)
