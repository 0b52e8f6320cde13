"""What a bundle contains besides the model: the runners and their documentation, from the folder `board`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import PurePosixPath

_FOLDER = "board"
_DELEGATE = "delegate"
"""Part of the names of files that belong to the delegate for TensorFlow Lite."""

_AT_THE_TOP = frozenset({".py", ".md"})


def board_files(*, delegate: bool) -> Mapping[str, bytes]:
    """Return the files by their path in a bundle: Python and text at the top, everything else in `c`."""
    return {path: data for path, data in _found() if delegate or _DELEGATE not in path}


def _found() -> Iterator[tuple[str, bytes]]:
    folder = files("npufit.deploying") / _FOLDER
    for entry in folder.iterdir():
        if entry.is_file():
            is_at_the_top = PurePosixPath(entry.name).suffix in _AT_THE_TOP
            yield (entry.name if is_at_the_top else f"c/{entry.name}"), entry.read_bytes()
