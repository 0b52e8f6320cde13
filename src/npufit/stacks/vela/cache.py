"""Compilations, cached by content: the same bytes, Vela and settings give the same result.

A cache may be slow, full or read-only. None of this is an error; the work is then repeated.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from npufit.files import cache_folder, replace_file

LIMIT_BYTES = 512 << 20
"""Maximum size of all entries together; the least recently used are removed first."""

_SUFFIX = ".vela"
_DIGEST_BYTES = hashlib.sha256().digest_size


def cache_key(model: bytes, *context: str) -> str:
    """Return the cache key for `model` under `context` (versions and settings)."""
    key = hashlib.sha256(model)
    for part in context:
        key.update(b"\0" + part.encode("utf-8", "surrogateescape"))
    return key.hexdigest()


def has_entry(key: str) -> bool:
    """Return whether there is an entry called `key`, sound or damaged."""
    return _path(key).is_file()


def load_entry(key: str) -> bytes | None:
    """Return the entry called `key`, or None if it does not exist; a damaged one is deleted."""
    path = _path(key)
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    data = stored[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != stored[:_DIGEST_BYTES]:
        discard_entry(key)
        return None
    with suppress(OSError):
        os.utime(path)
    return data


def store_entry(key: str, data: bytes) -> None:
    """Keep `data` as the entry called `key`; other processes see either all of it or nothing."""
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(_path(key), hashlib.sha256(data).digest() + data)
        _prune(folder)


def discard_entry(key: str) -> None:
    """Remove the entry called `key`, if there is one."""
    with suppress(OSError):
        _path(key).unlink()


def _path(key: str) -> Path:
    return _folder() / (key + _SUFFIX)


def _folder() -> Path:
    return cache_folder("vela")


def _prune(folder: Path) -> None:
    entries: list[tuple[float, int, Path]] = []
    for path in folder.glob("*" + _SUFFIX):
        with suppress(OSError):  # another process may remove it meanwhile
            status = path.stat()
            entries.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= LIMIT_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
