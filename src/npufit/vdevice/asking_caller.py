"""The memory of a child that only the child itself can read: under an emulator, its addresses are not the system's."""

from __future__ import annotations

import errno

from npufit.vdevice.client.channel import Channel
from npufit.vdevice.process_memory import maps_file

_LARGEST_READ_BYTES = 256 << 20


class AskingCaller:
    """Reads and writes by asking the child, which waits for the answer to its call."""

    def __init__(self, channel: Channel, process: int) -> None:
        """Ask over `channel`; `process` is the child, or the emulator that it runs in."""
        self._channel, self._process = channel, process

    def maps(self, identity: tuple[int, int], start: int, end: int) -> bool:
        """Return whether the child maps any of the bytes `start` to `end` of a file; so does its emulator then."""
        return maps_file(self._process, identity, start, end)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes of the child's memory. Raises OSError (EFAULT)."""
        if size > _LARGEST_READ_BYTES:
            raise OSError(errno.EFAULT, "too large")
        return self._copy({"read": address, "size": size}, b"", size)

    def write(self, address: int, data: bytes) -> None:
        """Write `data` into the child's memory. Raises OSError (EFAULT)."""
        self._copy({"write": address}, data, 0)

    def _copy(self, wish: dict[str, int], data: bytes, size: int) -> bytes:
        try:
            self._channel.send(wish, data)
            head, found, _ = self._channel.receive(size)
        except (EOFError, OSError):
            raise OSError(errno.EFAULT, "the caller is gone") from None
        if head.get("errno") != 0 or len(found) != size:
            raise OSError(errno.EFAULT, "no memory there")
        return bytes(found)
