"""Virtual NPUs that the user space of real drivers can open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.vdevice.device import Caller, Device, DeviceFile, Job, Observer, Refusal
    from npufit.vdevice.library import Library, LibraryFile, inspect_library, read_python_command
    from npufit.vdevice.session import (
        LibraryCrashError,
        LibraryRefusalError,
        LibrarySession,
        SessionOptions,
        Step,
    )

__all__ = [
    "Caller",
    "Device",
    "DeviceFile",
    "Job",
    "Library",
    "LibraryCrashError",
    "LibraryFile",
    "LibraryRefusalError",
    "LibrarySession",
    "Observer",
    "Refusal",
    "SessionOptions",
    "Step",
    "inspect_library",
    "read_python_command",
]

_HOMES = {
    "npufit.vdevice.device": ("Caller", "Device", "DeviceFile", "Job", "Observer", "Refusal"),
    "npufit.vdevice.library": ("Library", "LibraryFile", "inspect_library", "read_python_command"),
    "npufit.vdevice.session": (
        "LibraryCrashError",
        "LibraryRefusalError",
        "LibrarySession",
        "SessionOptions",
        "Step",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
