"""Messages on a Unix socket: a JSON head, raw bytes, and open files. Both sides of a session speak it.

A message is the length of its head (4 bytes, little endian), the head, then as many bytes as its `bytes` says. Open
files travel with the length.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_LENGTH = struct.Struct("<I")
_LARGEST_HEAD_BYTES = 1 << 20
_MOST_DESCRIPTORS = 4


class Message(NamedTuple):
    """A message as it was received; who receives open files must close them."""

    head: dict[str, Any]
    data: bytearray
    descriptors: Sequence[int] = ()


class Channel:
    """One end of a socket. Its owner sends and receives in one thread at a time."""

    def __init__(self, end: socket.socket) -> None:
        """Take over the socket `end`."""
        self._socket = end

    def fileno(self) -> int:
        """Return the descriptor of the socket, to wait for a message."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, head: Mapping[str, Any], *parts: Any, descriptors: Sequence[int] = ()) -> None:
        """Send a message with the bytes of `parts`. Raises OSError if the other side is gone."""
        text = json.dumps({**head, "bytes": sum(map(len, parts))}).encode()
        prefix = _LENGTH.pack(len(text))
        if descriptors:
            socket.send_fds(self._socket, [prefix], list(descriptors))
            self._socket.sendall(text)
        else:
            self._socket.sendall(prefix + text)
        for part in parts:
            self._socket.sendall(part)

    def receive(self, most_bytes: int) -> Message:
        """Return the next message.

        Raises EOFError if the other side is gone, sends more than `most_bytes`, or something else than messages.
        """
        prefix, descriptors, _, _ = socket.recv_fds(self._socket, _LENGTH.size, _MOST_DESCRIPTORS)
        try:
            (length,) = _LENGTH.unpack(prefix + self._exactly(_LENGTH.size - len(prefix)))
            if length > _LARGEST_HEAD_BYTES:
                raise EOFError("no message")
            head = json.loads(self._exactly(length))
            size = head["bytes"]
            if not isinstance(size, int) or not 0 <= size <= most_bytes:
                raise EOFError("no message")
            return Message(head, self._exactly(size), descriptors)
        except (ValueError, LookupError, TypeError, OSError) as error:
            _close_all(descriptors)
            raise EOFError(str(error)) from None
        except EOFError:
            _close_all(descriptors)
            raise

    def _exactly(self, size: int) -> bytearray:
        found = bytearray(size)
        view = memoryview(found)
        done = 0
        while done < size:
            count = self._socket.recv_into(view[done:])
            if not count:
                raise EOFError("the other side is gone")
            done += count
        return found


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
