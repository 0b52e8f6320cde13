"""Small damage to the bytes of a file, as bad storage, bad tools and bad people do it."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

_EXTREMES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def damage(source: bytes, rng: random.Random) -> bytes:
    """Return `source` after one to three mutations; the identifier stays, because files without it are refused."""
    data = bytearray(source)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if len(data) > 32:
            rng.choice(_MUTATIONS)(data, rng)
    data[4:8] = b"TFL3"
    return bytes(data)


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(0, len(data) - 4) & ~3
    data[place : place + 4] = struct.pack("<I", rng.choice(_EXTREMES))


def _nudge(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(0, len(data) - 4) & ~3
    (value,) = struct.unpack_from("<I", data, place)
    data[place : place + 4] = struct.pack("<I", (value + rng.choice((-64, -8, -4, -1, 1, 4, 8, 64))) % (1 << 32))


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _insert(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    data[place:place] = rng.randbytes(rng.choice((1, 4, 16)))


def _delete(data: bytearray, rng: random.Random) -> None:
    place = rng.randrange(len(data))
    del data[place : place + rng.choice((1, 4, 16))]


def _swap(data: bytearray, rng: random.Random) -> None:
    length = rng.choice((2, 4, 8, 32))
    first, second = (rng.randrange(max(1, len(data) - length)) for _ in range(2))
    data[first : first + length], data[second : second + length] = (
        data[second : second + length],
        data[first : first + length],
    )


_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _nudge,
    _nudge,
    _truncate,
    _insert,
    _delete,
    _swap,
)
