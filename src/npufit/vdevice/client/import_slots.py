"""Brings the calls that a loaded library makes to a device node to functions of this process.

A dynamic library calls `open` and `ioctl` through slots of its own (GOT, PLT) that hold the addresses of the functions.
The slots of one library, and of what it was linked with, are pointed at functions made here, which hand over what
concerns a virtual node and pass everything else on. The calls of other libraries are not touched.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from .elf import Slot
from .slots import ImportSlotsError, point, restore, slots_of

__all__ = ["Identity", "ImportSlotsError", "Node", "Redirection", "redirected"]

Identity = tuple[int, int]
"""The st_dev and st_ino of a file, by which duplicates of a descriptor are recognized."""


class Node(Protocol):
    """What stands behind the path of a device. OSError becomes the errno that the library gets."""

    def open(self) -> int:
        """Return a new descriptor, which belongs to the library from now on."""
        ...

    def ioctl(self, identity: Identity, request: int, argument: int) -> int:
        """Return the answer to an ioctl on an opened file."""
        ...

    def close(self, identity: Identity) -> None:
        """Note that the library holds no descriptor of an opened file any more; it may still have mapped it."""
        ...


class Redirection:
    """A library whose calls are redirected: which functions of which library, and the first failure of a node."""

    def __init__(self, functions: Mapping[str, tuple[str, ...]]) -> None:
        self.functions = functions
        self.failure: BaseException | None = None
        self.said_ended = False


@contextmanager
def redirected(library: str, nodes: Mapping[str, Node]) -> Generator[Redirection]:
    """Load `library` and answer what it asks of `nodes`, by their absolute paths, until the end of the context.

    A node hides a real one at its path, but only from this library and what it was linked with. An exception of a node
    other than OSError becomes EIO and is kept as `failure`. A file that is open at the end answers like that of an
    unplugged device (ENODEV), and its next use is told to the user, because libraries ignore errors. Raises
    ImportSlotsError, also if a path is taken already.
    """
    slots = slots_of(library, _FUNCTIONS)
    found = Redirection({path: tuple(sorted({slot.name for slot in some})) for path, some in slots.items()})
    every = [slot for some in slots.values() for slot in some]
    added = {os.fsencode(path): _Virtual(node, found) for path, node in nodes.items()}
    with _LOCK:
        for path in added.keys() & _NODES.keys():
            raise ImportSlotsError(f"{os.fsdecode(path)}: another virtual device answers there. End that one first.")
        _NODES.update(added)
        pointed: list[Slot] = []
        try:
            for slot in every:
                point(slot, _address_of(slot.name))
                pointed.append(slot)
        except BaseException:
            _end(pointed, added)
            raise
    try:
        yield found
    finally:
        with _LOCK:
            _end(pointed, added)


class _Virtual:
    """A node, and what is told of its failures."""

    def __init__(self, node: Node, redirection: Redirection) -> None:
        self.node = node
        self.redirection = redirection
        self.has_ended = False


class _File:
    """An opened file of a node; `kept` descriptors of it are the node's own."""

    def __init__(self, virtual: _Virtual, kept: int) -> None:
        self.virtual = virtual
        self.kept = kept


_LOCK = threading.RLock()
_NODES: dict[bytes, _Virtual] = {}
_FILES: dict[Identity, _File] = {}
_KEPT: list[Slot] = []
_OF_OPEN_FILES = ("ioctl", "close")

_LIBC = ctypes.CDLL(None, use_errno=True)


def _address_of(name: str) -> int:
    return ctypes.cast(_FUNCTIONS[name], ctypes.c_void_p).value or 0


def _end(slots: list[Slot], nodes: Mapping[bytes, _Virtual]) -> None:
    """Forget the nodes and restore the slots, except those that files which are still open need."""
    for path, virtual in nodes.items():
        del _NODES[path]
        virtual.has_ended = True
    if _has_orphans():
        _KEPT.extend(slot for slot in slots if slot.name in _OF_OPEN_FILES)
        slots = [slot for slot in slots if slot.name not in _OF_OPEN_FILES]
    for slot in slots:
        restore(slot)


def _has_orphans() -> bool:
    return any(file.virtual.has_ended for file in _FILES.values())


def _virtual_at(path: bytes | None, folder: int | None = None) -> _Virtual | None:
    """Return the node that a call to open means, None for any other file."""
    if not path or not _NODES:
        return None
    if not path.startswith(b"/"):
        if all(os.path.basename(path) != os.path.basename(node) for node in _NODES):
            return None
        try:
            base = os.getcwdb() if folder in (None, _AT_FDCWD) else os.readlink(f"/proc/self/fd/{folder}".encode())
        except OSError:
            return None
        path = os.path.join(base, path)
    return _NODES.get(path) or _NODES.get(os.path.normpath(path))


def _opened(virtual: _Virtual) -> int:
    """Return a descriptor of a newly opened file. Raises OSError."""
    with _LOCK:
        descriptor = virtual.node.open()
        try:
            identity = _identity(descriptor)
            _FILES[identity] = _File(virtual, kept=_descriptors_of(identity) - 1)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def _identity(descriptor: int) -> Identity:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _file_of(descriptor: int) -> tuple[Identity, _File | None]:
    if not _FILES:
        return (0, 0), None
    try:
        identity = _identity(descriptor)
    except (OSError, OverflowError):
        return (0, 0), None
    return identity, _FILES.get(identity)


def _descriptors_of(identity: Identity) -> int:
    """Return how many descriptors of this process refer to a file."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += _identity(int(name)) == identity
        except OSError:  # the one by which the folder was read
            continue
    return count


def _guarded(function: Callable[..., int]) -> Callable[..., int]:
    """Return `function` as C code may call it: -1 and errno instead of an exception, which would be lost there."""

    def guarded(*arguments: object) -> int:
        try:
            return function(*arguments)
        except OSError as error:
            ctypes.set_errno(error.errno or errno.EIO)
        except BaseException as error:
            for virtual in _NODES.values():
                virtual.redirection.failure = virtual.redirection.failure or error
            ctypes.set_errno(errno.EIO)
        return -1

    return guarded


_AT_FDCWD = -100
_FIRST_DRIVER_CALL = 0x40
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, use_errno=True)
_OPENAT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, use_errno=True)
_IOCTL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_ulong, ctypes.c_size_t, use_errno=True)
_CLOSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, use_errno=True)

# Not by the slots' old content: with lazy binding that is a resolver, which would overwrite the slot.
_REAL_OPEN = _OPEN(("open", _LIBC))
_REAL_OPENAT = _OPENAT(("openat", _LIBC))
_REAL_IOCTL = _IOCTL(("ioctl", _LIBC))
_REAL_CLOSE = _CLOSE(("close", _LIBC))


@_OPEN
@_guarded
def _open(path: bytes | None, flags: int, mode: int) -> int:
    virtual = _virtual_at(path)
    return _opened(virtual) if virtual is not None else _REAL_OPEN(path, flags, mode)


@_OPENAT
@_guarded
def _openat(folder: int, path: bytes | None, flags: int, mode: int) -> int:
    virtual = _virtual_at(path, folder)
    return _opened(virtual) if virtual is not None else _REAL_OPENAT(folder, path, flags, mode)


@_IOCTL
@_guarded
def _ioctl(descriptor: int, request: int, argument: int) -> int:
    identity, file = _file_of(descriptor)
    if file is None:
        return _REAL_IOCTL(descriptor, request, argument)
    if file.virtual.has_ended:
        _say_ended(file.virtual.redirection, request)
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return file.virtual.node.ioctl(identity, request & 0xFFFFFFFF, argument)


@_CLOSE
@_guarded
def _close(descriptor: int) -> int:
    identity, file = _file_of(descriptor)
    if file is None:
        return _REAL_CLOSE(descriptor)
    with _LOCK:
        answer = _REAL_CLOSE(descriptor)
        kept = 0 if file.virtual.has_ended else file.kept
        if _FILES.get(identity) is file and _descriptors_of(identity) <= kept:
            del _FILES[identity]
            if not file.virtual.has_ended:
                file.virtual.node.close(identity)
            elif not _has_orphans():
                while _KEPT:
                    restore(_KEPT.pop())
    return answer


def _say_ended(redirection: Redirection, request: int) -> None:
    """Say once that a library goes on without its device; what it frees while it ends is nothing to speak of."""
    if request & 0xFF >= _FIRST_DRIVER_CALL and not redirection.said_ended:
        redirection.said_ended = True
        sys.stderr.write("npufit: the virtual NPU has ended, but is used: whatever is computed now is wrong.\n")
        sys.stderr.flush()


# On 64-bit machines the calls with 64 in their name are the same; those with _2 check that no mode is needed.
_FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(("open", "open64", "__open_2", "__open64_2"), _open),
    **dict.fromkeys(("openat", "openat64", "__openat_2", "__openat64_2"), _openat),
    "ioctl": _ioctl,
    "close": _close,
}
