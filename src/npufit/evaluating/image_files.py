"""The images of a folder and its subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from npufit.errors import InputError
from npufit.files import read_bounded

_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_LARGEST_IMAGE_BYTES = 256 << 20
_MOST_FILES = 10_000_000


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image: its name relative to the folder, with slashes, and its path."""

    name: str
    path: Path

    def read(self) -> bytes:
        """Return the bytes of the file. Raises InputError."""
        return read_bounded(self.path, _LARGEST_IMAGE_BYTES, what="the image")


def find_images(folder: Path, limit: int | None = None) -> tuple[ImageFile, ...]:
    """Return the images in `folder` and its subfolders, by name, at most `limit`. Raises InputError if there are none.

    With a limit the images are taken evenly from the sorted list, so that every part of the folder is represented.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. --images takes a folder of images.")
    found = sorted(
        (
            ImageFile(path.relative_to(folder).as_posix(), path)
            for path in islice(_files(folder), _MOST_FILES)
            if path.suffix.lower() in _SUFFIXES
        ),
        key=lambda image: image.name,
    )
    if not found:
        kinds = ", ".join(sorted(_SUFFIXES))
        raise InputError(f"{folder}: there are no images. Expected files with one of the endings {kinds}.")
    if limit is None or limit >= len(found):
        return tuple(found)
    return tuple(found[number * len(found) // limit] for number in range(limit))


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)
