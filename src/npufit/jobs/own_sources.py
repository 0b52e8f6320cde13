"""What answers depend on beside their arguments: npufit's own sources."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain

_SOURCES = (".py", ".json", ".toml", ".csv")
_PRINTING = ("cli", "report")
"""Rooms that show answers and change none."""


@cache
def own_digest(rooms: tuple[str, ...] = ()) -> str:
    """Return the digest of npufit's own sources and tables: what they change is computed anew.

    `rooms` are the folders and files of npufit that matter, without it all but those that only show answers.
    """
    digest = hashlib.sha256()
    home = files("npufit")
    for name, data in chain.from_iterable(map(_of_room, map(home.joinpath, rooms))) if rooms else _contents(home):
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _of_room(room: Traversable) -> list[tuple[str, bytes]]:
    return _contents(room) if room.is_dir() else [(room.name, room.read_bytes())]


def _contents(folder: Traversable) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name not in _PRINTING:
            found += _contents(entry)
        elif entry.name.endswith(_SOURCES):
            found.append((entry.name, entry.read_bytes()))
    return found
