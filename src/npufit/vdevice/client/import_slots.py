"""Brings the calls that a loaded library makes to a device node to functions of this process.

A dynamic library calls `open` and `ioctl` through slots of its own (GOT, PLT) that hold the addresses of the functions.
The slots of one library, and of what it was linked with, are pointed at functions made here, which hand over what
concerns a virtual node and pass everything else on. The calls of other libraries are not touched.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from .elf import MACHINES, LoadedLibrary, Slot, file_problem, import_slots, with_dependencies

Identity = tuple[int, int]
"""The st_dev and st_ino of a file, by which duplicates of a descriptor are recognized."""


class ImportSlotsError(Exception):
    """The library's calls cannot be redirected; the message says why and what to do."""


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


@contextmanager
def redirected(library: str, nodes: Mapping[str, Node]) -> Generator[Redirection]:
    """Load `library` and answer what it asks of `nodes`, by their absolute paths, until the end of the context.

    A node hides a real one at its path, but only from this library and what it was linked with. An exception of a node
    other than OSError becomes EIO and is kept as `failure`. Raises ImportSlotsError, also if a path is taken already.
    """
    slots = _slots_of(library)
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
                _redirect(slot)
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


class _File:
    """An opened file of a node; `kept` descriptors of it are the node's own."""

    def __init__(self, virtual: _Virtual, kept: int) -> None:
        self.virtual = virtual
        self.kept = kept


_LOCK = threading.RLock()
_NODES: dict[bytes, _Virtual] = {}
_FILES: dict[Identity, _File] = {}
_ORIGINALS: dict[Slot, int] = {}
_USERS: dict[Slot, int] = {}

_LIBC = ctypes.CDLL(None, use_errno=True)


def _slots_of(library: str) -> dict[str, list[Slot]]:
    """Return the slots to redirect, by the path of the library that has them."""
    if platform.system() != "Linux" or platform.machine() not in MACHINES or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise ImportSlotsError(f"libraries can be redirected on Linux on {' and '.join(MACHINES)} only.")
    try:
        problem = file_problem(library)
        if problem is not None:
            raise ImportSlotsError(f"{library}: {problem}.")
        handle: int = ctypes.CDLL(os.path.abspath(library))._handle
    except OSError as error:
        raise ImportSlotsError(f"{library}: cannot be loaded: {error.strerror or error}.") from None
    first, *others = with_dependencies(handle)
    slots = {first.path or library: _calls_of(first)}
    for other in others:
        calls = [] if _is_c_library(other.path) else _calls_of(other)
        if any(slot.name == "ioctl" for slot in calls):  # what makes none does not open devices either
            slots[other.path] = calls
    names = {slot.name for calls in slots.values() for slot in calls}
    if "ioctl" not in names or not names & _OPENING:
        raise ImportSlotsError(
            f"{library}: neither it nor what it was linked with imports open and ioctl. It opens no device or contains "
            "the C library."
        )
    return {path: calls for path, calls in slots.items() if calls}


def _calls_of(library: LoadedLibrary) -> list[Slot]:
    return [slot for slot in import_slots(library) if slot.name in _FUNCTIONS]


def _is_c_library(path: str) -> bool:
    return os.path.basename(path).startswith(("libc.", "libc-", "ld-", "libpthread", "libm.", "libdl."))


def _redirect(slot: Slot) -> None:
    if slot not in _USERS:
        _ORIGINALS[slot] = ctypes.c_size_t.from_address(slot.address).value
        _USERS[slot] = 0
        address = ctypes.cast(_FUNCTIONS[slot.name], ctypes.c_void_p).value
        _write(slot, address or 0)
    _USERS[slot] += 1


def _end(slots: list[Slot], nodes: Mapping[bytes, _Virtual]) -> None:
    """Give the slots that nobody else uses their old content; forget the nodes and what was opened of them."""
    for slot in slots:
        _USERS[slot] -= 1
        if not _USERS[slot]:
            del _USERS[slot]
            _write(slot, _ORIGINALS.pop(slot))
    for path in nodes:
        del _NODES[path]
    for identity in [identity for identity, file in _FILES.items() if file.virtual in nodes.values()]:
        del _FILES[identity]


def _write(slot: Slot, value: int) -> None:
    """Write a slot; memory that the loader made read-only (RELRO) is read-only again afterwards."""
    page = slot.address & -mmap.PAGESIZE
    protection = _protection(slot.address)
    if protection & mmap.PROT_WRITE:
        ctypes.c_size_t.from_address(slot.address).value = value
        return
    _protect(page, protection | mmap.PROT_WRITE)
    ctypes.c_size_t.from_address(slot.address).value = value
    _protect(page, protection)


def _protect(page: int, protection: int) -> None:
    if _LIBC.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE), protection):
        reason = os.strerror(ctypes.get_errno())
        raise ImportSlotsError(f"the import slots of the library cannot be changed: mprotect: {reason}.")


def _protection(address: int) -> int:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            ends, letters = line.split(" ", 2)[:2]
            first, last = (int(end, 16) for end in ends.split("-"))
            if first <= address < last:
                values = (("r", mmap.PROT_READ), ("w", mmap.PROT_WRITE), ("x", mmap.PROT_EXEC))
                return sum(value for letter, value in values if letter in letters)
    raise ImportSlotsError("the import slots of the library are not in /proc/self/maps.")


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
    return file.virtual.node.ioctl(identity, request & 0xFFFFFFFF, argument)


@_CLOSE
@_guarded
def _close(descriptor: int) -> int:
    identity, file = _file_of(descriptor)
    if file is None:
        return _REAL_CLOSE(descriptor)
    with _LOCK:
        answer = _REAL_CLOSE(descriptor)
        if _FILES.get(identity) is file and _descriptors_of(identity) <= file.kept:
            del _FILES[identity]
            file.virtual.node.close(identity)
    return answer


# On 64-bit machines the calls with 64 in their name are the same; those with _2 check that no mode is needed.
_FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(("open", "open64", "__open_2", "__open64_2"), _open),
    **dict.fromkeys(("openat", "openat64", "__openat_2", "__openat64_2"), _openat),
    "ioctl": _ioctl,
    "close": _close,
}
_OPENING = _FUNCTIONS.keys() - {"ioctl", "close"}
