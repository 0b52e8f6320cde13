"""A device's node whose calls are answered on the other side of a session."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from .channel import Channel, Message
from .own_memory import OwnMemory

_LARGEST_MEMORY_BYTES = 256 << 20


class RemoteNode:
    """Asks for every open and ioctl; while it waits, the other side reads and writes this process's memory."""

    def __init__(self, channel: Channel) -> None:
        """Ask over `channel`, which nobody else may use."""
        self._channel = channel
        self._lock = threading.Lock()
        self._memory = OwnMemory()
        self._files: dict[tuple[int, int], int] = {}

    def open(self) -> int:
        """Return a new descriptor of the device. Raises OSError."""
        head, _, descriptors = self._ask({"call": "open"})
        (descriptor,) = descriptors
        status = os.fstat(descriptor)
        self._files[status.st_dev, status.st_ino] = head["file"]
        return descriptor

    def ioctl(self, identity: tuple[int, int], request: int, argument: int) -> int:
        """Return the device's answer. Raises OSError with its errno."""
        call = {"call": "ioctl", "file": self._files[identity], "request": request, "argument": argument}
        return self._ask(call).head["result"]

    def close(self, identity: tuple[int, int]) -> None:
        """Let the device release the memory of a file."""
        self._ask({"call": "close", "file": self._files.pop(identity)})

    def _ask(self, question: Mapping[str, Any]) -> Message:
        try:
            with self._lock:
                self._channel.send(question)
                while "read" in (answer := self._channel.receive(_LARGEST_MEMORY_BYTES)).head or "write" in answer.head:
                    self._channel.send(*self._copied(answer.head, answer.data))
        except (EOFError, ConnectionError):
            os._exit(1)  # nobody answers any more
        if answer.head["errno"]:
            raise OSError(answer.head["errno"], os.strerror(answer.head["errno"]))
        return answer

    def _copied(self, head: Mapping[str, Any], data: bytearray) -> Sequence[Any]:
        """Return the answer to a wish to read or write this process's memory."""
        try:
            if "read" in head:
                return {"errno": 0}, self._memory.read(head["read"], head["size"])
            self._memory.write(head["write"], data)
        except OSError:
            return ({"errno": errno.EFAULT},)
        return ({"errno": 0},)
