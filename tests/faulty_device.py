"""Devices that fail: around another one, chosen calls are answered with chosen errnos.

    FaultyDevice(virtual_device("imx93", Activity()), vanishing(after=3))

A `Fault` is asked before each call with the call's number (`SUBMIT`, `OPEN`, …) and how often it was made before. It
returns the errno that the program gets instead of an answer, or None.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import Counter
from collections.abc import Callable

from npufit.vdevice import Caller, Device, DeviceFile

OPEN = -1
"""Opening the node, which is no ioctl but can fail as well."""

VERSION, GEM_CLOSE = 0x00, 0x09
DEV_QUERY, BO_CREATE, BO_WAIT, BO_MMAP_OFFSET, CMDSTREAM_BO_CREATE, SUBMIT = range(0x40, 0x46)

Fault = Callable[[int, int], int | None]


def refusing(call: int, error: int, after: int = 0) -> Fault:
    """Answer `call` with `error` from its call number `after` on."""
    return lambda number, made: error if number == call and made >= after else None


def vanishing(after: int) -> Fault:
    """Answer every call with ENODEV from submission number `after` on, as a driver that was unloaded does."""
    gone = threading.Event()

    def fault(number: int, made: int) -> int | None:
        if number == SUBMIT and made >= after:
            gone.set()
        return errno.ENODEV if gone.is_set() else None

    return fault


def interrupting(*errors: int) -> Fault:
    """Answer each ioctl with every one of `errors` (EINTR if none is given) before it is made."""
    errors = errors or (errno.EINTR,)

    def fault(number: int, made: int) -> int | None:
        place = made % (len(errors) + 1)
        return errors[place] if number != OPEN and place < len(errors) else None

    return fault


def late() -> Fault:
    """Answer BO_WAIT with ETIME, as if no job was ever done."""
    return refusing(BO_WAIT, errno.ETIME)


class FaultyDevice:
    """A device around another one. `calls` counts the calls that were made, by number; `open_handles` what they left.

    `wait_s` is how long a call takes that is answered with an error.
    """

    def __init__(self, device: Device, fault: Fault = lambda _number, _made: None, wait_s: float = 0.0) -> None:
        self.driver, self.node = device.driver, device.node
        self.calls: Counter[int] = Counter()
        self.open_handles = 0
        self.open_files = 0
        self._device, self._fault, self._wait_s = device, fault, wait_s
        self._lock = threading.Lock()

    def open(self) -> FaultyFile:
        self.require(OPEN)
        file = FaultyFile(self, self._device.open())
        self.open_files += 1
        return file

    def require(self, number: int) -> None:
        """Count a call. Raises OSError if it is one that fails."""
        with self._lock:
            error = self._fault(number, self.calls[number])
            self.calls[number] += 1
        if error is not None:
            time.sleep(self._wait_s)
            raise OSError(error, os.strerror(error))

    def answered(self, number: int) -> None:
        """Count what a call that succeeded leaves."""
        with self._lock:
            self.open_handles += {BO_CREATE: 1, CMDSTREAM_BO_CREATE: 1, GEM_CLOSE: -1}.get(number, 0)


class FaultyFile:
    """One open of a faulty device."""

    def __init__(self, device: FaultyDevice, file: DeviceFile) -> None:
        self._device, self._file = device, file

    @property
    def descriptor(self) -> int:
        return self._file.descriptor

    @property
    def identity(self) -> tuple[int, int]:
        return self._file.identity

    def ioctl(self, request: int, argument: int, caller: Caller) -> int:
        number = request & 0xFF
        self._device.require(number)
        answer = self._file.ioctl(request, argument, caller)
        self._device.answered(number)
        return answer

    def close(self) -> None:
        self._device.open_files -= 1
        self._file.close()
