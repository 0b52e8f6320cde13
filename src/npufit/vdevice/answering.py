"""The device's side of a session: answers the calls that a child process sends."""

from __future__ import annotations

import errno

from npufit.errors import InternalError, NpufitError
from npufit.vdevice.client.channel import Channel
from npufit.vdevice.device import Caller, Device, DeviceFile


class DeviceCalls:
    """The files that a child has opened on a device. `last` names its last call, empty if there was none."""

    def __init__(self, device: Device, channel: Channel, caller: Caller) -> None:
        """Answer with `device` what comes over `channel` from `caller`."""
        self._device, self._channel, self._caller = device, channel, caller
        self._files: dict[int, DeviceFile] = {}
        self._opened = 0
        self.last = ""

    def answer(self) -> None:
        """Answer the next call.

        Raises EOFError or OSError if the child is gone or sends something else, NpufitError if the device cannot go on.
        """
        head = self._channel.receive(0).head
        descriptors: tuple[int, ...] = ()
        try:
            if head["call"] == "open":
                self.last = "open"
                file = self._device.open()
                self._files[self._opened] = file
                answer, descriptors = {"errno": 0, "file": self._opened}, (file.descriptor,)
                self._opened += 1
            elif head["call"] == "close":
                self._files.pop(int(head["file"])).close()
                answer = {"errno": 0}
            else:
                answer = {"errno": 0, "result": self._ioctl(**head)}
        except OSError as error:
            _raise_failure(error)
            answer = {"errno": error.errno or errno.EIO}
        except (LookupError, TypeError) as error:
            raise EOFError(f"no call: {error}") from None
        self._channel.send(answer, descriptors=descriptors)

    def _ioctl(self, *, file: int, request: int, argument: int, **_: object) -> int:
        self.last = f"ioctl 0x{request & 0xFF:02x}"
        return self._files[file].ioctl(request, argument, self._caller)

    def close(self) -> None:
        """Release the files and the channel."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._channel.close()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with a call."""
        return self._channel.fileno()


def _raise_failure(error: OSError) -> None:
    """Raise the failure of the device that caused an errno; a library would ignore it and read stale memory."""
    if isinstance(error.__cause__, NpufitError):
        raise error.__cause__
    if error.errno == errno.EIO and error.__cause__ is not None:
        raise InternalError(f"The virtual device failed: {error.__cause__!r}.") from error
