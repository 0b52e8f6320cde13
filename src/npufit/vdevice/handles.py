"""Handles: the numbers by which a program names what it made in a device file."""

from __future__ import annotations

import errno
import heapq
import os
from collections.abc import Iterator

from npufit.vdevice.buffers import Buffer


class HandleTable:
    """Buffers by handle. A new one gets the lowest number that is free, from 1 on, as in the kernel."""

    def __init__(self, most: int) -> None:
        """Start empty; at most `most` handles exist at a time."""
        self._most = most
        self._buffers: dict[int, Buffer] = {}
        self._freed: list[int] = []

    def __len__(self) -> int:
        """Return the number of handles."""
        return len(self._buffers)

    def __iter__(self) -> Iterator[Buffer]:
        """Iterate over the buffers."""
        return iter(tuple(self._buffers.values()))

    def require_free(self) -> None:
        """Raise OSError (ENOMEM) if no handle is left."""
        if len(self._buffers) >= self._most:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    def add(self, buffer: Buffer) -> int:
        """Return the handle that `buffer` got. Raises OSError (ENOMEM) if none is left."""
        self.require_free()
        handle = heapq.heappop(self._freed) if self._freed else len(self._buffers) + 1
        self._buffers[handle] = buffer
        return handle

    def get(self, handle: int) -> Buffer | None:
        """Return what `handle` names, or None."""
        return self._buffers.get(handle)

    def remove(self, handle: int) -> Buffer | None:
        """Return what `handle` named and free the number; None if it named nothing."""
        buffer = self._buffers.pop(handle, None)
        if buffer is not None:
            heapq.heappush(self._freed, handle)
        return buffer
