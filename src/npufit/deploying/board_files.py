"""What a bundle contains besides the model: the runners and their documentation, from the folder `board`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import PurePosixPath

_FOLDER = "board"
_DELEGATE = "delegate"
"""Part of the names of files that only the delegate for TensorFlow Lite needs."""

_AT_THE_TOP = frozenset({".py", ".md"})
_SOURCES = frozenset({".c", ".h"})
_MAKEFILE = "Makefile"


def board_files(*, delegate: bool) -> Mapping[str, bytes]:
    """Return the files by their path in a bundle: Python and text at the top, sources and the Makefile in `c`."""
    return {
        name if PurePosixPath(name).suffix in _AT_THE_TOP else f"c/{name}": data
        for name, data in _found()
        if delegate or _DELEGATE not in name
    }


def _found() -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file; what `make` leaves in the folder is none of them."""
    for entry in (files("npufit.deploying") / _FOLDER).iterdir():
        if entry.name == _MAKEFILE or PurePosixPath(entry.name).suffix in _AT_THE_TOP | _SOURCES:
            yield entry.name, entry.read_bytes()
