"""A build of libteflon, and the Python that loads it."""

from __future__ import annotations

import hashlib
import mmap
import platform
import re
import struct
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from npufit.errors import InputError
from npufit.formatting import printable

_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""The processors of libraries by `e_machine` of the ELF header, named as `uname -m` names them."""

_HEAD = struct.Struct("<4sBB10xHH")
_SHARED_OBJECT = 3
_ENTRY = b"tflite_plugin_create_delegate\0"
_VERSION = re.compile(rb"(?<![\w.])(2[4-9]\.[0-3]\.\d{1,2}[\w.~+-]{0,24})(?: \(git-[0-9a-f]{6,40}\))?\0")


@dataclass(frozen=True, slots=True)
class Library:
    """A libteflon as a file. `python` is the command of the Python that loads it; empty is npufit's own.

    `qemu-aarch64 -L ROOT ROOT/usr/bin/python3` loads an arm64 library on another processor.
    """

    path: Path
    python: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return printable(self.path.name)


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """What the file of a library says: its `machine` as `uname -m` names it, and Mesa's version, empty if unknown."""

    machine: str
    version: str
    sha256: str


def inspect_library(library: Library) -> LibraryFile:
    """Return what the file of `library` says.

    Raises InputError if it cannot be read, is not a libteflon, or is for another processor than its Python.
    """
    try:
        status = library.path.stat()
        found = _inspect(library.path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is empty"
        raise InputError(f"{printable(str(library.path))}: the library cannot be read: {reason}.") from None
    _require_own_machine(library, found.machine)
    return found


@lru_cache(maxsize=16)
def _inspect(path: Path, _identity: tuple[int, ...]) -> LibraryFile:
    """Return what the file at `path` says; a changed file has another identity.

    Raises InputError, and OSError or ValueError if it cannot be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        machine = _machine(path, content[: _HEAD.size])
        if content.find(_ENTRY) < 0:
            raise InputError(
                f"{printable(str(path))}: this is a shared library, but not a TensorFlow Lite delegate: it lacks "
                "tflite_plugin_create_delegate. Give the libteflon.so of Mesa (built with -Dteflon=true)."
            )
        found = _VERSION.search(content)
        version = found[1].decode() if found else ""
        return LibraryFile(machine, version, hashlib.sha256(content).hexdigest())


def _machine(path: Path, head: bytes) -> str:
    name = printable(str(path))
    if len(head) < _HEAD.size or not head.startswith(b"\x7fELF"):
        raise InputError(f"{name}: this is not an ELF library. Give the libteflon.so of Mesa.")
    _, bits, order, kind, number = _HEAD.unpack(head)
    if (bits, order) != (2, 1) or kind != _SHARED_OBJECT:
        raise InputError(f"{name}: this is not a 64-bit little-endian shared library. Give the libteflon.so of Mesa.")
    return _MACHINES.get(number, f"ELF machine {number}")


def _require_own_machine(library: Library, machine: str) -> None:
    if not sys.platform.startswith("linux"):
        raise InputError("--library needs Linux: libteflon is a Linux library. Use a container or a virtual machine.")
    if library.python or machine == platform.machine():
        return
    raise InputError(
        f"{printable(str(library.path))}: this library is built for {machine}, this Python runs on "
        f"{platform.machine()}. Name a Python that can load it, such as --library-python 'qemu-{machine} -L ROOT "
        'ROOT/usr/bin/python3\' (docs/vnpu.md, "A library for another processor").'
    )
