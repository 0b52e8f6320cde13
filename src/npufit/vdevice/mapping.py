"""The C library's calls that Python lacks: shared mappings without a descriptor of their own, and holes in files."""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npufit.vdevice.device import Bytes

_FAILED = ctypes.c_void_p(-1).value
_KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02
_own: set[int] = set()


def map_shared(descriptor: int, offset: int, size: int) -> Bytes:
    """Return `size` bytes of a file from `offset` on as an array that shares them; unmapped when its last view goes.

    `mmap.mmap` would keep a descriptor open for every mapping. Raises OSError.
    """
    import numpy as np

    protection = mmap.PROT_READ | mmap.PROT_WRITE
    address = _libc().mmap(None, size, protection, mmap.MAP_SHARED, descriptor, offset)
    if address == _FAILED:
        raise _error()
    shared = (ctypes.c_uint8 * size).from_address(address)
    _own.add(address)
    weakref.finalize(shared, _unmap, address, size).atexit = False
    return np.frombuffer(memoryview(shared), np.uint8)


def is_own(address: int) -> bool:
    """Return whether a mapping of this process that starts at `address` was made here, not by a program in it."""
    return address in _own


def _unmap(address: int, size: int) -> None:
    _own.discard(address)
    _libc().munmap(address, size)


def punch_hole(descriptor: int, offset: int, size: int) -> None:
    """Give the memory of `size` bytes from `offset` on back; they read as zero. Raises OSError."""
    if _libc().fallocate(descriptor, _KEEP_SIZE_AND_PUNCH_HOLE, offset, size):
        raise _error()


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


@cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_int64)
    library.mmap.restype = ctypes.c_void_p
    library.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    library.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return library
