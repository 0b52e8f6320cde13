"""This process's memory by address, for a caller that may be wrong about it.

The kernel copies through a file in memory and refuses with EFAULT what cannot be read or written, so a bad address
is an error instead of a crash. It works under qemu-user as well, whose addresses only qemu can translate.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

_LIBC = ctypes.CDLL(None, use_errno=True)
for _function in (_LIBC.pread, _LIBC.pwrite):
    _function.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long)
    _function.restype = ctypes.c_ssize_t


class OwnMemory:
    """Reads and writes this process's memory."""

    def __init__(self) -> None:
        """Create the file that everything is copied through."""
        self._file = os.memfd_create("npufit-arguments", os.MFD_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes at `address`. Raises OSError (EFAULT) if they cannot be read."""
        self._copy(_LIBC.pwrite, address, size)
        return os.pread(self._file, size, 0)

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Write `data` at `address`. Raises OSError (EFAULT) if it cannot be written."""
        os.pwrite(self._file, data, 0)
        self._copy(_LIBC.pread, address, len(data))

    def _copy(self, function: Callable[[int, int, int, int], int], address: int, size: int) -> None:
        done = 0
        while done < size:
            count = function(self._file, address + done, size - done, done)
            if count <= 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))
            done += count
