"""Virtual NPUs that the user space of real drivers can open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.vdevice.activity import Activity
    from npufit.vdevice.capturing import CapturingObserver
    from npufit.vdevice.catalogue import chips_with_devices, virtual_device
    from npufit.vdevice.device import Caller, Device, DeviceFile, Job, MappingCaller, Observer, Refusal
    from npufit.vdevice.in_process import attach, say_failure
    from npufit.vdevice.library import Library, LibraryFile, inspect_library
    from npufit.vdevice.notify import HostedProgram, ProgramNotStartedError, launch
    from npufit.vdevice.observing import IgnoringObserver, Observers
    from npufit.vdevice.options import DeviceOptions
    from npufit.vdevice.process_memory import ProcessMemory
    from npufit.vdevice.session import (
        LibraryCrashError,
        LibraryRefusalError,
        LibrarySession,
        SessionOptions,
        Step,
    )

__all__ = [
    "Activity",
    "Caller",
    "CapturingObserver",
    "Device",
    "DeviceFile",
    "DeviceOptions",
    "HostedProgram",
    "IgnoringObserver",
    "Job",
    "Library",
    "LibraryCrashError",
    "LibraryFile",
    "LibraryRefusalError",
    "LibrarySession",
    "MappingCaller",
    "Observer",
    "Observers",
    "ProcessMemory",
    "ProgramNotStartedError",
    "Refusal",
    "SessionOptions",
    "Step",
    "attach",
    "chips_with_devices",
    "inspect_library",
    "launch",
    "say_failure",
    "virtual_device",
]

_HOMES = {
    "npufit.vdevice.activity": ("Activity",),
    "npufit.vdevice.capturing": ("CapturingObserver",),
    "npufit.vdevice.catalogue": ("chips_with_devices", "virtual_device"),
    "npufit.vdevice.device": ("Caller", "Device", "DeviceFile", "Job", "MappingCaller", "Observer", "Refusal"),
    "npufit.vdevice.in_process": ("attach", "say_failure"),
    "npufit.vdevice.library": ("Library", "LibraryFile", "inspect_library"),
    "npufit.vdevice.notify": ("HostedProgram", "ProgramNotStartedError", "launch"),
    "npufit.vdevice.observing": ("IgnoringObserver", "Observers"),
    "npufit.vdevice.options": ("DeviceOptions",),
    "npufit.vdevice.process_memory": ("ProcessMemory",),
    "npufit.vdevice.session": (
        "LibraryCrashError",
        "LibraryRefusalError",
        "LibrarySession",
        "SessionOptions",
        "Step",
    ),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
