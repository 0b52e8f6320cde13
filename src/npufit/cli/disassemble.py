"""`npufit disassemble`: the command stream of an Ethos-U as text, and whether a kernel would accept it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import schema_option
from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.disassembling.streams import NamedStream
    from npufit.ethosu.kernel import KernelVerdict


@click.command("disassemble")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--kernel",
    metavar="VERSION",
    help="Say first whether the ethosu driver of this Linux release (6.19, 7.0, 7.1, ...) would accept the stream.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead.")
@schema_option("disassemble")
def command(file: Path, kernel: str | None, as_json: bool, output: Path | None) -> int:
    """Print the command streams in FILE, one operation a block.

    FILE is a .tflite file that Vela compiled, a raw stream (.bin, also .bin.xz; with or without the driver header
    COP1), or a folder with captured submissions of Mesa's driver. Each operation is shown with the registers that it
    uses; `*` marks those that were set since the operation before.

    \b
    npufit disassemble model_vela.tflite
    npufit disassemble submit00-cmdstream.bin.xz --kernel 7.1
    npufit disassemble captured/ --kernel 6.19 --json

    Exit codes: 0 fine, 1 the kernel refuses a stream (--kernel), 2 the input is wrong.
    """
    from npufit.cli.output import sign_of_life, write
    from npufit.disassembling.streams import judge_stream, read_streams
    from npufit.ethosu.kernel import parse_kernel

    release = None if kernel is None else parse_kernel(kernel)
    with sign_of_life(f"reading {file.name}"):
        streams = read_streams(file)
        verdicts = [None if release is None else judge_stream(stream, release) for stream in streams]
    if as_json:
        write(_document(file, streams, verdicts), output)
    elif output is not None:
        write("\n".join(_texts(file, streams, verdicts)), output)
    else:
        for text in _texts(file, streams, verdicts):
            click.echo(text)
    refused = any(verdict and verdict.accepted is False for verdict in verdicts)
    return exit_codes.NOT_MET if refused else exit_codes.FINE


def _texts(file: Path, streams: tuple[NamedStream, ...], verdicts: list[KernelVerdict | None]) -> Generator[str]:
    """Yield the text piece by piece: it is much larger than the streams."""
    from npufit.ethosu import decode
    from npufit.report.disassemble.text import header, listing, verdict_text

    for number, (stream, verdict) in enumerate(zip(streams, verdicts, strict=True)):
        if number:
            yield ""
        try:
            instructions = decode(stream.stream)
            yield header(stream, instructions)
            if verdict is not None:
                yield verdict_text(verdict)
            yield ""
            yield listing(instructions).removesuffix("\n")
        except InputError as error:
            raise _named(file, stream, verdict, error) from None


def _named(file: Path, stream: NamedStream, verdict: KernelVerdict | None, error: InputError) -> InputError:
    """Return the error with its place. What the kernel says of a stream that cannot be decoded is an answer still."""
    from npufit.report.disassemble.text import verdict_text

    said = "" if verdict is None else f"\n{verdict_text(verdict)}"
    return InputError(f"{file}, {stream.name}: {error}{said}")


def _document(file: Path, streams: tuple[NamedStream, ...], verdicts: list[KernelVerdict | None]) -> str:
    from npufit.ethosu import decode
    from npufit.report.disassemble.document import StreamEntry, disassemble_document, stream_entry
    from npufit.report.document import to_json

    entries: list[StreamEntry] = []
    for stream, verdict in zip(streams, verdicts, strict=True):
        try:
            entries.append(stream_entry(stream, decode(stream.stream), verdict))
        except InputError as error:
            raise _named(file, stream, verdict, error) from None
    return to_json(disassemble_document(str(file), entries))
