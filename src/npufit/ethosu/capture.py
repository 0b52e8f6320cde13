"""Captured submissions of Mesa's `ethosu` driver: the files of a folder.

For submission NN a folder has `submitNN-cmdstream.bin`, `submitNN-coefs.bin` (region 0, if there is one),
`submitNN-io.bin` (region 1: every feature map) and `submitNN-meta.txt` (sizes), each `.bin` also as `.bin.xz`.
"""

from __future__ import annotations

import lzma
import re
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu.kernel import Submission
from npufit.files import read_bounded

LARGEST_STREAM_BYTES = 8 << 20
"""Two million words. The largest networks seen have 65,000 operations, each of which takes some 17 words."""

COEFFICIENTS_REGION = 0
IO_REGION = 1

_LARGEST_BUFFER_BYTES = 1 << 30
_LARGEST_META_BYTES = 1 << 16
_META = re.compile(r"submit(\d{2,4})-meta\.txt", re.ASCII)
_BUFFER = re.compile(r"^region(\d) bo=\d+ size=(\d{1,12})$", re.ASCII | re.MULTILINE)
_SRAM = re.compile(r"^sram_size=(\d{1,12})$", re.ASCII | re.MULTILINE)
_PARTS = {COEFFICIENTS_REGION: "coefs", IO_REGION: "io"}


@dataclass(frozen=True, slots=True)
class CapturedSubmission:
    """What the driver submitted for one partition: the stream, and the sizes of its buffers."""

    folder: Path
    number: str
    stream: bytes
    sizes: Submission

    def buffer(self, region: int) -> bytes:
        """Return the content of the buffer of `region`, empty if there was none. Raises InputError."""
        size = dict(self.sizes.buffers).get(region)
        if size is None:
            return b""
        name = f"submit{self.number}-{_PARTS[region]}"
        data = _read_unpacked(_find_part(self.folder, name), _LARGEST_BUFFER_BYTES)
        if len(data) != size:
            raise InputError(
                f"{self.folder}: {name} has {len(data)} bytes, but its meta.txt says {size}. Capture it again."
            )
        return data


def read_submissions(folder: Path) -> tuple[CapturedSubmission, ...]:
    """Return the submissions in the captured `folder`, in order. Raises InputError if it has none, or damaged ones."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. --capture takes a folder with submit00-cmdstream.bin and so on.")
    numbers = sorted(match[1] for path in folder.iterdir() if (match := _META.fullmatch(path.name)))
    if not numbers:
        raise InputError(f"{folder}: there is no submit00-meta.txt, so this is not a capture of Mesa's ethosu driver.")
    return tuple(_read_submission(folder, number) for number in numbers)


def read_stream(path: Path) -> bytes:
    """Return the stream in `path`, unpacked if it is an .xz file. Raises InputError if it is empty or too large."""
    data = _read_unpacked(path, LARGEST_STREAM_BYTES)
    if not data:
        raise InputError(f"{path}: the stream is empty.")
    return data


def _read_submission(folder: Path, number: str) -> CapturedSubmission:
    meta = read_bounded(folder / f"submit{number}-meta.txt", _LARGEST_META_BYTES).decode("utf-8", "replace")
    sram = _SRAM.search(meta)
    buffers = tuple((int(match[1]), int(match[2])) for match in _BUFFER.finditer(meta))
    stream = read_stream(_find_part(folder, f"submit{number}-cmdstream"))
    return CapturedSubmission(folder, number, stream, Submission(buffers, int(sram[1]) if sram else 0))


def _find_part(folder: Path, name: str) -> Path:
    plain = folder / f"{name}.bin"
    return plain if plain.exists() else folder / f"{name}.bin.xz"


def _read_unpacked(path: Path, most_bytes: int) -> bytes:
    data = read_bounded(path, most_bytes)
    if path.suffix != ".xz":
        return data
    decoder = lzma.LZMADecompressor(memlimit=256 << 20)
    try:
        data = decoder.decompress(data, max_length=most_bytes)
    except lzma.LZMAError as error:
        raise InputError(f"{path}: cannot be unpacked: {error}.") from None
    if not decoder.eof:
        raise InputError(f"{path}: the file is truncated, or unpacks to more than {most_bytes >> 20} MiB.")
    return data
