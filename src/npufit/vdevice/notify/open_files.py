"""The files of a device that other processes have open, until nobody holds them any more."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from npufit.vdevice.device import Device, DeviceFile

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file, and a descriptor of ours that tells whether others have it open too."""

    file: DeviceFile
    witness: int

    @property
    def is_held(self) -> bool:
        """Whether another process has a descriptor of the file, or maps it.

        The kernel grants a lease for writing only to who alone has a file open for writing. The descriptor of the
        device itself does not count: it was not opened but made together with the memory.
        """
        try:
            fcntl.fcntl(self.witness, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return True
        fcntl.fcntl(self.witness, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

    def close(self) -> None:
        """Close both."""
        os.close(self.witness)
        self.file.close()


class OpenFiles:
    """All open files of a device, by what identifies their descriptors in any process."""

    def __init__(self, device: Device) -> None:
        """Start with none."""
        self.opened = 0
        """How often the device was opened."""
        self._device = device
        self._lock = threading.Lock()
        self._files: dict[Identity, OpenFile] = {}

    def open(self) -> int:
        """Return a descriptor of a new file, to give away and then to close. Raises OSError.

        Files that nobody holds any more are closed first.
        """
        with self._lock:
            self._sweep()
            file = self._device.open()
            try:
                opened = OpenFile(file, _reopen(file))
                descriptor = _reopen(file)
            except OSError:
                file.close()
                raise
            self._files[file.identity] = opened
            self.opened += 1
            return descriptor

    def find(self, identity: Identity) -> DeviceFile | None:
        """Return the file that a descriptor refers to, None if it is not ours."""
        found = self._files.get(identity)
        return None if found is None else found.file

    def holders(self) -> list[int]:
        """Return the other processes that have a file of the device open now."""
        wanted = set(self._files)
        processes = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal())
        return [process for process in processes if process != os.getpid() and wanted & _open_in(process)]

    def close(self) -> None:
        """Close all files."""
        with self._lock, suppress(OSError):
            while self._files:
                self._files.popitem()[1].close()

    def _sweep(self) -> None:
        for identity, opened in list(self._files.items()):
            if not opened.is_held:
                del self._files[identity]
                opened.close()


def _reopen(file: DeviceFile) -> int:
    """Return a descriptor that does not share the device's own, so that the kernel counts it for itself."""
    return os.open(f"/proc/self/fd/{file.descriptor}", os.O_RDWR | os.O_CLOEXEC)


def _open_in(process: int) -> set[Identity]:
    """Return what a process has open; of those that are gone or belong to others nothing is known."""
    found: set[Identity] = set()
    with suppress(OSError):
        for entry in os.scandir(f"/proc/{process}/fd"):
            with suppress(OSError):
                status = entry.stat()
                found.add((status.st_dev, status.st_ino))
    return found
