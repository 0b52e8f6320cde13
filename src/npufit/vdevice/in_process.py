"""The in-process way: a library that this Python loads, such as a delegate, finds a virtual device."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from npufit.errors import InputError, InternalError, NpufitError
from npufit.formatting import printable
from npufit.vdevice.client.import_slots import Identity, ImportSlotsError, redirected
from npufit.vdevice.process_memory import ProcessMemory

if TYPE_CHECKING:
    from npufit.vdevice.activity import Activity
    from npufit.vdevice.device import Device, DeviceFile


@contextmanager
def attach(library: str | Path, device: Device, activity: Activity) -> Generator[None]:
    """Answer the calls of `library`, and of what it was linked with, to the node of `device` inside the context.

    `activity` is what the device reports to. Libraries ignore that a submission failed and go on with stale memory, so
    a failure of the device is printed to standard error at once and raised at the end of the context. Raises InputError
    if the library cannot be loaded or redirected.
    """
    node = _Node(device)
    problem: BaseException | None = None
    try:
        with redirected(str(library), {device.node: node}) as redirection:
            try:
                yield
            except BaseException as error:
                problem = error
                raise
            finally:
                node.close_all()
                failure = activity.failure or redirection.failure
                if failure is not None:
                    raise _as_ours(failure) from problem
    except ImportSlotsError as error:
        raise InputError(str(error)) from None


def say_failure(error: NpufitError) -> None:
    """Print at once why the device cannot go on; whatever the program computes from now on is wrong."""
    sys.stderr.write(f"npufit: the virtual NPU failed: {printable(str(error))}\n")
    sys.stderr.flush()


def _as_ours(failure: BaseException) -> BaseException:
    if isinstance(failure, NpufitError) or not isinstance(failure, Exception):
        return failure
    return InternalError(f"The virtual NPU failed: {failure!r}.")


class _Node:
    """A device as a node of this process."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._memory = ProcessMemory(os.getpid())
        self._files: dict[Identity, DeviceFile] = {}
        self._lock = threading.Lock()

    def open(self) -> int:
        """Return a descriptor of a new file."""
        file = self._device.open()
        with self._lock:
            self._files[file.identity] = file
        return os.dup(file.descriptor)

    def ioctl(self, identity: Identity, request: int, argument: int) -> int:
        """Return the answer of an open file."""
        if self._memory.pid != os.getpid():  # a fork has memory of its own
            self._memory = ProcessMemory(os.getpid())
        return self._files[identity].ioctl(request, argument, self._memory)

    def close(self, identity: Identity) -> None:
        """Close a file that the library has closed."""
        with self._lock:
            file = self._files.pop(identity)
        file.close()

    def close_all(self) -> None:
        """Close what the library has not closed, and the memory."""
        for identity in list(self._files):
            self.close(identity)
        self._memory.close()
