"""Command streams in files: calls in a compiled file, raw streams, captured submissions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import (
    Instruction,
    KernelVerdict,
    KernelVersion,
    Submission,
    decode,
    judge,
    read_programs,
    read_stream,
    read_submissions,
    strip_header,
    submission_of,
)
from npufit.graph import Model

_DRIVER_HEADER = b"COP1"
_TFLITE_MAGIC = slice(4, 8)


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
        return tuple(
            CommandStream(f"submission {int(entry.number)}", entry.stream, "", entry.sizes)
            for entry in read_submissions(path)
        )
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}.") from None
    if path.suffix == ".tflite" or start[_TFLITE_MAGIC] == b"TFL3":
        from npufit.tflite import read_model

        return streams_of(read_model(path))
    data = read_stream(path)
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
        name = f"call {number} (operator {call.operator})"
        streams.append(CommandStream(name, program.stream, program.accelerator, submission_of(program)))
    return tuple(streams)


def judge_stream(stream: CommandStream, kernel: KernelVersion) -> KernelVerdict:
    """Return whether `kernel` accepts `stream`. Raises InputError if the kernel does not drive the stream's NPU."""
    if stream.accelerator.startswith("ethos-u55"):
        raise InputError(
            f"{stream.name} is for the {stream.accelerator}, which the ethosu driver does not drive. --kernel takes "
            "streams for the Ethos-U65."
        )
    return judge(stream.stream, kernel, stream.submission)
