"""The slots of a loaded library, pointed at other functions and back."""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
import platform
from collections.abc import Collection

from .elf import MACHINES, LoadedLibrary, Slot, file_problem, import_slots, with_dependencies

_LIBC = ctypes.CDLL(None, use_errno=True)
_ORIGINALS: dict[Slot, int] = {}
_USERS: dict[Slot, int] = {}


class ImportSlotsError(Exception):
    """The library's calls cannot be redirected; the message says why and what to do."""


def slots_of(library: str, functions: Collection[str]) -> dict[str, list[Slot]]:
    """Load `library` and return its slots of `functions`, and those of what it was linked with, by path.

    Of the others only those that call ioctl count: what does not opens no devices either. Raises ImportSlotsError.
    """
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
    slots = {first.path or library: _slots_in(first, functions)}
    for other in others:
        calls = [] if _is_c_library(other.path) else _slots_in(other, functions)
        if any(slot.name == "ioctl" for slot in calls):
            slots[other.path] = calls
    names = {slot.name for calls in slots.values() for slot in calls}
    if "ioctl" not in names or not any("open" in name for name in names):
        raise ImportSlotsError(
            f"{library}: neither it nor what it was linked with imports open and ioctl. It opens no device or contains "
            "the C library."
        )
    return {path: calls for path, calls in slots.items() if calls}


def _slots_in(library: LoadedLibrary, functions: Collection[str]) -> list[Slot]:
    return [slot for slot in import_slots(library) if slot.name in functions]


def _is_c_library(path: str) -> bool:
    return os.path.basename(path).startswith(("libc.", "libc-", "ld-", "libpthread", "libm.", "libdl."))


def point(slot: Slot, address: int) -> None:
    """Point `slot` at the function at `address`, which is the same for all who do so. Raises ImportSlotsError."""
    if slot not in _USERS:
        _ORIGINALS[slot] = ctypes.c_size_t.from_address(slot.address).value
        _write(slot, address)
        _USERS[slot] = 0
    _USERS[slot] += 1


def restore(slot: Slot) -> None:
    """Give `slot` its old content if nobody else has pointed it."""
    if slot in _USERS:
        _USERS[slot] -= 1
        if not _USERS[slot]:
            del _USERS[slot]
            _write(slot, _ORIGINALS.pop(slot))


@atexit.register
def _restore_all() -> None:
    """Restore what is still pointed: libraries call their slots until the process ends, and Python ends before."""
    _USERS.clear()
    while _ORIGINALS:
        _write(*_ORIGINALS.popitem())


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
