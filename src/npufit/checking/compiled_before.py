"""Which models a check had compiled: a hint whether a compilation may be kept, without importing what compiles.

The hint is cheap and may be wrong; the cache of the compiler is then asked. Nothing here is an error: a folder that
cannot be read or written only loses the hint.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from npufit.errors import InputError
from npufit.files import cache_folder, read_bounded, replace_file
from npufit.graph import Model

_MOST = 1000
_MOST_BYTES = 1 << 20


def remember_compiled(model: Model) -> None:
    """Note that `model` was compiled."""
    mark, known = _mark(model), _known()
    if mark in known:
        return
    with suppress(OSError):
        _path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(_path(), "\n".join([*known[1 - _MOST :], mark]).encode())


def was_compiled(model: Model) -> bool:
    """Return whether `model`, or one that looks like it, was compiled."""
    return _mark(model) in _known()


def _known() -> list[str]:
    with suppress(InputError):
        return read_bounded(_path(), _MOST_BYTES).decode("ascii", "replace").split()
    return []


def _path() -> Path:
    return cache_folder("checks") / "compiled-before.txt"


def _mark(model: Model) -> str:
    """Return what tells most models apart: types of operators, names and sizes of tensors, but no constants."""
    digest = hashlib.sha256()
    for subgraph in model.subgraphs:
        digest.update(repr([operator.type for operator in subgraph.operators]).encode())
        sizes = [(tensor.name, tensor.shape, tensor.buffer.size_bytes) for tensor in subgraph.tensors]
        digest.update(repr(sizes).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]
