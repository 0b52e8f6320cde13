"""Messages between npufit and a worker process, on a pipe: the length (8 bytes, little endian), then the bytes."""

from __future__ import annotations

import struct
from typing import IO

_LENGTH = struct.Struct("<Q")


def send_frame(sink: IO[bytes], data: bytes) -> None:
    """Write one message. Raises OSError if the reader is gone."""
    sink.write(_LENGTH.pack(len(data)))
    sink.write(data)
    sink.flush()


def receive_frame(source: IO[bytes]) -> bytes | None:
    """Return the next message, None if the writer is gone."""
    length = source.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    data = source.read(_LENGTH.unpack(length)[0])
    return data if len(data) == _LENGTH.unpack(length)[0] else None
