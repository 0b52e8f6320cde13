"""A folder of captured submissions as bytes, so that it reaches workers on other machines."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from npufit.errors import InputError
from npufit.files import read_bounded

_PATTERNS = ("submit*", "teflon.log")
_LARGEST_BYTES = 512 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
"""Always the same, so that equal folders give equal bytes."""


def pack_capture(folder: Path) -> bytes:
    """Return the files of a capture as a ZIP archive. Raises InputError if there are none or they are too large."""
    files = sorted(path for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise InputError(f"{folder}: this is no capture: there is no teflon.log and no submit00-cmdstream.bin.xz.")
    packed, left = io.BytesIO(), _LARGEST_BYTES
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            data = read_bounded(path, left, what="the capture")
            left -= len(data)
            archive.writestr(zipfile.ZipInfo(path.name, _TIME), data)
    return packed.getvalue()


@contextmanager
def unpacked_capture(packed: bytes) -> Generator[Path]:
    """Yield a folder with the files that `pack_capture` packed; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="npufit-capture-") as folder, zipfile.ZipFile(io.BytesIO(packed)) as files:
        for entry in files.infolist():
            (Path(folder) / Path(entry.filename).name).write_bytes(files.read(entry))
        yield Path(folder)
