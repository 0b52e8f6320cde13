"""A device whose jobs are done some time after they were submitted, as the kernel's are.

The virtual device executes a job before SUBMIT returns, so a program that waits for nothing, or for the wrong buffer,
would not be found out. Here BO_WAIT waits, as Linux's driver does, only for jobs that write to its buffer: those of
region 1. (Linux `drivers/accel/ethosu/ethosu_job.c`, `ethosu_attach_object_fences`.)
"""

from __future__ import annotations

import struct
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from faulty_device import BO_WAIT, SUBMIT
from npufit.vdevice import Caller, Device, DeviceFile

_SUBMIT = struct.Struct("<Q2I")
_JOB = struct.Struct("<10I")
_WRITTEN_REGION = 1
_BUSY_S = 0.03


class AsynchronousDevice:
    """A device around another one. `unawaited` counts the jobs that were still running when the next ones came."""

    def __init__(self, device: Device) -> None:
        self.driver, self.node = device.driver, device.node
        self.unawaited = 0
        self._device = device

    def open(self) -> AsynchronousFile:
        return AsynchronousFile(self, self._device.open())


class AsynchronousFile:
    """One open of the device: its jobs are executed in their order."""

    def __init__(self, device: AsynchronousDevice, file: DeviceFile) -> None:
        self._device, self._file = device, file
        self._queue = ThreadPoolExecutor(1)
        self._writing: dict[int, Future[None]] = {}
        self._lock = threading.Lock()

    @property
    def descriptor(self) -> int:
        return self._file.descriptor

    @property
    def identity(self) -> tuple[int, int]:
        return self._file.identity

    def ioctl(self, request: int, argument: int, caller: Caller) -> int:
        if request & 0xFF == SUBMIT:
            self._submit(request, argument, caller)
            return 0
        if request & 0xFF == BO_WAIT:
            (handle,) = struct.unpack("<I", caller.read(argument, 4))
            with self._lock:
                writing = self._writing.pop(handle, None)
            if writing is not None:
                writing.result()
        return self._file.ioctl(request, argument, caller)

    def close(self) -> None:
        self._queue.shutdown()
        self._file.close()

    def _submit(self, request: int, argument: int, caller: Caller) -> None:
        head = caller.read(argument, _SUBMIT.size)
        address, count, _ = _SUBMIT.unpack(head)
        jobs = caller.read(address, count * _JOB.size)
        kept = _KeptMemory({argument: head, address: jobs})

        def execute() -> None:
            time.sleep(_BUSY_S)
            self._file.ioctl(request, argument, kept)

        with self._lock:
            self._device.unawaited += len(self._writing)
            done = self._queue.submit(execute)
            for job in _JOB.iter_unpack(jobs):
                self._writing[job[2 + _WRITTEN_REGION]] = done


class _KeptMemory:
    """What a program's memory was when it submitted a job; what is written back to it is nobody's business."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        self._pieces = pieces

    def read(self, address: int, size: int) -> bytes:
        return self._pieces[address][:size]

    def write(self, address: int, data: bytes) -> None:
        pass
