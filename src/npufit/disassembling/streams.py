"""Command streams in files: calls in a compiled file, raw streams, captured submissions."""

from __future__ import annotations

import lzma
import re
from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import (
    SRAM_REGION,
    Instruction,
    KernelVerdict,
    KernelVersion,
    Submission,
    decode,
    judge,
    read_programs,
    strip_header,
    used_regions,
)
from npufit.files import read_bounded
from npufit.graph import Model

LARGEST_STREAM_BYTES = 8 << 20
"""Two million words. The largest networks seen have 65,000 operations, each of which takes some 17 words."""

_LARGEST_META_BYTES = 1 << 16
_DRIVER_HEADER = b"COP1"
_TFLITE_MAGIC = slice(4, 8)
_META = re.compile(r"submit(\d{2,4})-meta\.txt", re.ASCII)
_BUFFER = re.compile(r"^region(\d) bo=\d+ size=(\d{1,12})$", re.ASCII | re.MULTILINE)
_SRAM = re.compile(r"^sram_size=(\d{1,12})$", re.ASCII | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CommandStream:
    """A stream, its description, and the data submitted with it if known. `accelerator` may be empty.

    `verdict` is that of a kernel's driver, None if none was requested.
    """

    name: str
    stream: bytes
    accelerator: str = ""
    submission: Submission | None = None
    verdict: KernelVerdict | None = None

    def instructions(self) -> tuple[Instruction, ...]:
        """Return the decoded stream. Raises InputError if it is damaged."""
        return decode(self.stream)


def read_streams(path: Path) -> tuple[CommandStream, ...]:
    """Return the streams in `path`: a compiled .tflite, a raw stream (also .xz, also with header), a capture folder.

    Raises InputError if there is none, if it is damaged or too large, and for the Ethos-U85.
    """
    if path.is_dir():
        return _of_capture(path)
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from None
    if path.suffix == ".tflite" or start[_TFLITE_MAGIC] == b"TFL3":
        from npufit.tflite import read_model

        return streams_of(read_model(path))
    data = _read_stream(path)
    accelerator = ""
    if data.startswith(_DRIVER_HEADER):
        try:
            data, accelerator = strip_header(data)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    return (CommandStream(path.name, data, accelerator),)


def streams_of(model: Model) -> tuple[CommandStream, ...]:
    """Return the streams of a file that Vela compiled. Raises InputError if it has none."""
    streams: list[CommandStream] = []
    for number, call in enumerate(read_programs(model)):
        program = call.program
        sizes = {0: len(program.constants), **dict(program.region_bytes)}
        used = used_regions(program.stream)
        buffers = tuple((region, size) for region, size in sizes.items() if region in used and region != SRAM_REGION)
        submission = Submission(buffers, sizes.get(SRAM_REGION, 0) if SRAM_REGION in used else 0)
        name = f"call {number} (operator {call.operator})"
        streams.append(CommandStream(name, program.stream, program.accelerator, submission))
    return tuple(streams)


def judge_stream(stream: CommandStream, kernel: KernelVersion) -> KernelVerdict:
    """Return whether `kernel` accepts `stream`. Raises InputError if the kernel does not drive the stream's NPU."""
    if stream.accelerator.startswith("ethos-u55"):
        raise InputError(
            f"{stream.name} is for the {stream.accelerator}, which the ethosu driver does not drive. --kernel takes "
            "streams for the Ethos-U65."
        )
    return judge(stream.stream, kernel, stream.submission)


def _of_capture(folder: Path) -> tuple[CommandStream, ...]:
    numbers = sorted(match[1] for entry in folder.iterdir() if (match := _META.fullmatch(entry.name)))
    if not numbers:
        raise InputError(f"{folder}: there is no submit00-meta.txt, so this is not a capture of Mesa's ethosu driver.")
    return tuple(_of_submission(folder, number) for number in numbers)


def _of_submission(folder: Path, number: str) -> CommandStream:
    meta = read_bounded(folder / f"submit{number}-meta.txt", _LARGEST_META_BYTES).decode("utf-8", "replace")
    sram = _SRAM.search(meta)
    buffers = tuple((int(match[1]), int(match[2])) for match in _BUFFER.finditer(meta))
    plain = folder / f"submit{number}-cmdstream.bin"
    stream = _read_stream(plain if plain.exists() else plain.with_suffix(".bin.xz"))
    return CommandStream(f"submission {int(number)}", stream, "", Submission(buffers, int(sram[1]) if sram else 0))


def _read_stream(path: Path) -> bytes:
    data = read_bounded(path, LARGEST_STREAM_BYTES)
    if path.suffix == ".xz":
        decoder = lzma.LZMADecompressor(memlimit=256 << 20)
        try:
            data = decoder.decompress(data, max_length=LARGEST_STREAM_BYTES)
        except lzma.LZMAError as error:
            raise InputError(f"{path}: cannot be unpacked: {error}.") from None
        if not decoder.eof:
            raise InputError(
                f"{path}: the file is truncated, or unpacks to more than {LARGEST_STREAM_BYTES >> 20} MiB."
            )
    if not data:
        raise InputError(f"{path}: the stream is empty.")
    return data
