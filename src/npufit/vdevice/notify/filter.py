"""The filter that a program runs under: open and DRM's ioctl calls are handed over, everything else is untouched.

A filter is a program for the kernel's classic BPF machine (Linux `include/uapi/linux/seccomp.h`, `filter.h`). It sees
the number of a call, the calling convention and the bare arguments, but no memory: so every open is handed over, and of
the ioctl calls those whose request has DRM's type `d`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Convention:
    """Calls of 64-bit programs: the audit number of the architecture, and the numbers of the calls."""

    audit: int
    seccomp: int
    ioctl: int
    openat: int
    openat2: int
    open: int | None
    foreign: int | None
    """A bit in the number of calls that follow another convention: x32 on x86_64."""


CONVENTIONS = {
    "x86_64": Convention(0xC000003E, seccomp=317, ioctl=16, openat=257, openat2=437, open=2, foreign=1 << 30),
    "aarch64": Convention(0xC00000B7, seccomp=277, ioctl=29, openat=56, openat2=437, open=None, foreign=None),
}
"""By what `platform.machine()` returns."""

_NUMBER, _ARCHITECTURE, _SECOND_ARGUMENT = 0, 4, 16 + 8  # offsets in struct seccomp_data
_LOAD, _AND, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
_ALLOW, _HAND_OVER = 0x7FFF0000, 0x7FC00000
_DRM_TYPE = ord("d") << 8
_INSTRUCTION = struct.Struct("=HBBI")


@dataclass(frozen=True, slots=True)
class _Step:
    """An instruction; a comparison continues at a name below, or with the next step."""

    code: int
    operand: int
    then: str = ""
    otherwise: str = ""
    name: str = ""


def notification_filter(convention: Convention) -> bytes:
    """Return the filter's instructions; what a program calls by other conventions (i386, x32) is let through."""
    opening = [number for number in (convention.open, convention.openat, convention.openat2) if number is not None]
    steps = [
        _Step(_LOAD, _ARCHITECTURE),
        _Step(_EQUAL, convention.audit, otherwise="allow"),
        _Step(_LOAD, _NUMBER),
        *([_Step(_ANY_BIT, convention.foreign, then="allow")] if convention.foreign is not None else []),
        *(_Step(_EQUAL, number, then="hand over") for number in opening),
        _Step(_EQUAL, convention.ioctl, otherwise="allow"),
        _Step(_LOAD, _SECOND_ARGUMENT),  # the low half, in which the kernel finds the request
        _Step(_AND, 0xFF00),
        _Step(_EQUAL, _DRM_TYPE, then="hand over"),
        _Step(_RETURN, _ALLOW, name="allow"),
        _Step(_RETURN, _HAND_OVER, name="hand over"),
    ]
    places = {step.name: index for index, step in enumerate(steps)}
    return b"".join(
        _INSTRUCTION.pack(
            step.code,
            places[step.then] - index - 1 if step.then else 0,
            places[step.otherwise] - index - 1 if step.otherwise else 0,
            step.operand,
        )
        for index, step in enumerate(steps)
    )
