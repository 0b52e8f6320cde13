"""What an ELF file and a loaded ELF library say: the machine, the neighbours in memory, and the slots of imports."""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Iterator
from typing import NamedTuple

MACHINES = {"x86_64": 62, "aarch64": 183}
"""The processors whose libraries can be used, with their `e_machine` of the ELF header."""

# The relocations by which an address of another library gets into a slot: GLOB_DAT, JUMP_SLOT and the plain 64 bits.
_SLOT_TYPES = {"x86_64": (6, 7, 1), "aarch64": (1025, 1026, 257)}

_ENDED, _NEEDED, _PLT_BYTES, _STRINGS, _SYMBOLS, _RELA, _RELA_BYTES, _PLT_RELOCATIONS = 0, 1, 2, 5, 6, 7, 8, 23
_RELA_ENTRY = struct.Struct("<QQq")
_SYMBOL_BYTES = 24
_LINK_MAP_REQUEST = 2  # RTLD_DI_LINKMAP of dlinfo


class Slot(NamedTuple):
    """A place in memory that holds the address of an imported function."""

    name: str
    address: int


class LoadedLibrary(NamedTuple):
    """A library in this process: its path, where it was loaded, and where its dynamic section is."""

    path: str
    base: int
    dynamic: int


class _LinkMap(ctypes.Structure):
    pass


_LinkMap._fields_ = [  # the part of the list of libraries that glibc and musl promise to debuggers
    ("base", ctypes.c_size_t),
    ("path", ctypes.c_char_p),
    ("dynamic", ctypes.c_size_t),
    ("next", ctypes.POINTER(_LinkMap)),
    ("previous", ctypes.POINTER(_LinkMap)),
]


def file_problem(path: str) -> str | None:
    """Return why the file at `path` cannot be loaded as a library into this process, None if it can. Raises OSError."""
    with open(path, "rb") as file:
        head = file.read(20)
    if head.startswith((b"!<arch>\n", b"!<thin>\n")):
        return "it is a static library. Build it as a shared library (.so)"
    if len(head) < 20 or not head.startswith(b"\x7fELF"):
        return "it is not an ELF library"
    if head[4:6] != b"\x02\x01":
        return "it is not a 64-bit little-endian library"
    kind, machine = struct.unpack_from("<HH", head, 16)
    if kind != 3:
        return "it is a program or an object file. Give a shared library (.so)"
    own = platform.machine()
    if machine != MACHINES.get(own):
        names = {number: name for name, number in MACHINES.items()}
        return f"it is built for {names.get(machine, f'ELF machine {machine}')}, but this Python runs on {own}"
    return None


def with_dependencies(handle: int) -> list[LoadedLibrary]:
    """Return the library behind `handle`, a result of dlopen, then those that it was linked with, directly or not."""
    first = _link_map(handle)
    everything = {_soname(library): library for library in _neighbours(first)}
    found = [LoadedLibrary((first.path or b"").decode(errors="replace"), first.base, first.dynamic)]
    for library in found:  # grows while it is walked
        for name in _needed(library):
            neighbour = everything.get(name)
            if neighbour is not None and neighbour not in found:
                found.append(neighbour)
    return found


def import_slots(library: LoadedLibrary) -> Iterator[Slot]:
    """Yield the slots of the functions and data that `library` imports by name."""
    types = _SLOT_TYPES[platform.machine()]
    tags = dict(_dynamic_entries(library))
    if _STRINGS not in tags or _SYMBOLS not in tags:
        return
    strings, symbols = _address(library, tags[_STRINGS]), _address(library, tags[_SYMBOLS])
    for table, size in ((_PLT_RELOCATIONS, _PLT_BYTES), (_RELA, _RELA_BYTES)):
        if table not in tags or size not in tags:
            continue
        entries = ctypes.string_at(_address(library, tags[table]), tags[size])
        for offset, info, addend in _RELA_ENTRY.iter_unpack(entries):
            if info & 0xFFFFFFFF in types and info >> 32 and not addend:
                name = ctypes.c_uint32.from_address(symbols + _SYMBOL_BYTES * (info >> 32)).value
                yield Slot(ctypes.string_at(strings + name).decode(errors="replace"), library.base + offset)


def _link_map(handle: int) -> _LinkMap:
    libc = ctypes.CDLL(None, use_errno=True)
    pointer = ctypes.POINTER(_LinkMap)()
    libc.dlinfo.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    if libc.dlinfo(handle, _LINK_MAP_REQUEST, ctypes.byref(pointer)):
        raise OSError(ctypes.get_errno(), "dlinfo")
    return pointer.contents


def _neighbours(link_map: _LinkMap) -> Iterator[LoadedLibrary]:
    while link_map.previous:
        link_map = link_map.previous.contents
    while True:
        yield LoadedLibrary((link_map.path or b"").decode(errors="replace"), link_map.base, link_map.dynamic)
        if not link_map.next:
            return
        link_map = link_map.next.contents


def _dynamic_entries(library: LoadedLibrary) -> Iterator[tuple[int, int]]:
    address = library.dynamic
    while address:
        tag, value = (ctypes.c_size_t * 2).from_address(address)
        if tag == _ENDED:
            return
        yield tag, value
        address += 16


def _needed(library: LoadedLibrary) -> Iterator[str]:
    strings = dict(_dynamic_entries(library)).get(_STRINGS)
    if strings is not None:
        for tag, value in _dynamic_entries(library):
            if tag == _NEEDED:
                yield ctypes.string_at(_address(library, strings) + value).decode(errors="replace")


def _soname(library: LoadedLibrary) -> str:
    tags = dict(_dynamic_entries(library))
    soname = tags.get(14)
    if soname is None or _STRINGS not in tags:
        return library.path.rsplit("/", 1)[-1]
    return ctypes.string_at(_address(library, tags[_STRINGS]) + soname).decode(errors="replace")


def _address(library: LoadedLibrary, value: int) -> int:
    """Return an address of the dynamic section; glibc has added the base there already, musl has not."""
    return value if value >= library.base else value + library.base
