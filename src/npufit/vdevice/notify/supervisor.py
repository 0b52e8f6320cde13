"""Answers the calls that are handed over: those to the virtual device by the device, all others by the kernel."""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from npufit.vdevice.device import Device
from npufit.vdevice.notify.filter import Convention
from npufit.vdevice.notify.kernel_calls import CONTINUE, Listener, Notification
from npufit.vdevice.notify.open_files import OpenFiles
from npufit.vdevice.process_memory import ProcessMemory

_MOST_THREADS = 64
_PATH_BYTES = 4096
_PAGE_BYTES = 4096
_AT_FDCWD = -100
_OPEN_HOW = struct.Struct("=QQQ")


class Supervisor:
    """Answers in threads of its own: a submission that takes long keeps nobody else waiting.

    One thread at a time waits for calls; when it has got one, another takes its place.
    """

    def __init__(self, listener: Listener, convention: Convention, device: Device) -> None:
        """Prepare to answer; nothing is answered before `start`."""
        self.files = OpenFiles(device)
        self.ended = threading.Event()
        """Set when no process is left under the filter."""
        self._listener = listener
        self._node = os.fsencode(device.node)
        self._receiving = threading.Lock()
        self._counting = threading.Lock()
        self._threads = 0
        self._waiting = 0
        self._answers: dict[int, Callable[[Notification], bool]] = {
            convention.ioctl: self._ioctl,
            convention.openat: self._openat,
            convention.openat2: self._openat2,
        }
        if convention.open is not None:
            self._answers[convention.open] = self._open

    def start(self) -> None:
        """Answer from now on."""
        self._add_thread()

    def close(self) -> None:
        """Close the files. Processes that are left under the filter are answered until this process ends."""
        self.files.close()
        if self.ended.is_set():
            self._listener.close()

    def _add_thread(self) -> None:
        with self._counting:
            if self.ended.is_set() or self._waiting or self._threads >= _MOST_THREADS:
                return
            self._threads += 1
            self._waiting += 1
        threading.Thread(target=self._work, name="npufit-notify", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._receiving:
                notification = None if self.ended.is_set() else self._listener.receive()
                if notification is None:
                    self.ended.set()
                    return
            with self._counting:
                self._waiting -= 1
            self._add_thread()
            self._answer(notification)
            with self._counting:
                self._waiting += 1

    def _answer(self, notification: Notification) -> None:
        """Answer a call. What is not ours, and what cannot be looked at, is the kernel's."""
        try:
            answered = self._answers[notification.number](notification)
        except OSError as error:
            self._listener.answer(notification, error=error.errno or errno.EIO)
            return
        except BaseException:
            self._listener.answer(notification, error=errno.EIO)  # a caller must not wait for ever for a bug of ours
            raise
        if not answered:
            self._listener.answer(notification, flags=CONTINUE)

    def _open(self, notification: Notification) -> bool:
        path, flags = notification.arguments[:2]
        return self._open_node(notification, _AT_FDCWD, path, flags)

    def _openat(self, notification: Notification) -> bool:
        folder, path, flags = notification.arguments[:3]
        return self._open_node(notification, _signed(folder), path, flags)

    def _openat2(self, notification: Notification) -> bool:
        folder, path, how, size = notification.arguments[:4]
        if size < _OPEN_HOW.size:
            return False
        memory = self._memory(notification)
        if memory is None:
            return False
        with suppress(OSError):
            flags = _OPEN_HOW.unpack(memory.read(how, _OPEN_HOW.size))[0]
            return self._open_node(notification, _signed(folder), path, flags)
        return False

    def _open_node(self, notification: Notification, folder: int, address: int, flags: int) -> bool:
        """Give the caller a descriptor if the path is that of the node, and return whether it is."""
        memory = self._memory(notification)
        if memory is None:
            return False
        try:
            path = _absolute(_read_path(memory, address), notification.thread, folder, self._node)
        except OSError:
            return False  # the kernel knows the right errno
        finally:
            memory.close()
        if path != self._node or not self._listener.is_valid(notification):
            return False
        if flags & os.O_DIRECTORY:
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if flags & os.O_CREAT and flags & os.O_EXCL:
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        descriptor = self.files.open()
        try:
            self._listener.answer_descriptor(notification, descriptor, closes_on_exec=bool(flags & os.O_CLOEXEC))
        finally:
            os.close(descriptor)
        return True

    def _ioctl(self, notification: Notification) -> bool:
        """Let the device answer if the descriptor is one of its files, and return whether it is."""
        descriptor, request, argument = notification.arguments[:3]
        try:
            found = os.stat(f"/proc/{notification.thread}/fd/{_signed(descriptor)}")
        except OSError:
            return False
        file = self.files.find((found.st_dev, found.st_ino)) if stat.S_ISREG(found.st_mode) else None
        if file is None:
            return False
        memory = self._memory(notification)
        if memory is None:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        try:
            value = file.ioctl(request & 0xFFFFFFFF, argument, memory)
        finally:
            memory.close()
        self._listener.answer(notification, value)
        return True

    def _memory(self, notification: Notification) -> ProcessMemory | None:
        """Return the caller's memory, None if it is gone or may not be looked at.

        A number may be another process's by now; the caller still waits after the memory was opened, so it is its own.
        """
        try:
            memory = ProcessMemory(notification.thread)
        except OSError:
            return None
        if self._listener.is_valid(notification):
            return memory
        memory.close()
        return None


def _signed(argument: int) -> int:
    """Return an int argument: the low 32 bits of a register."""
    return (argument & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def _read_path(memory: ProcessMemory, address: int) -> bytes:
    """Return the string at `address`, read page by page, at most as long as a path may be. Raises OSError."""
    path = b""
    while len(path) < _PATH_BYTES:
        start = address + len(path)
        part, end, _rest = memory.read(start, _PAGE_BYTES - start % _PAGE_BYTES).partition(b"\0")
        path += part
        if end:
            return path
    raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


def _absolute(path: bytes, thread: int, folder: int, node: bytes) -> bytes:
    """Return a path from the root of the file system if it may be that of `node`, else as it is. Raises OSError."""
    if os.path.basename(path) != os.path.basename(node):
        return path
    if not path.startswith(b"/"):
        base = "cwd" if folder == _AT_FDCWD else f"fd/{folder}"
        path = os.path.join(os.readlink(f"/proc/{thread}/{base}".encode()), path)
    return os.path.normpath(path)
