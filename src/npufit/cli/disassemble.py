"""`npufit disassemble`: the command stream of an Ethos-U as text, and whether a kernel would accept it."""

from __future__ import annotations

from pathlib import Path

import click

from npufit.cli import exit_codes
from npufit.cli.options import schema_option


@click.command("disassemble")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--kernel",
    metavar="VERSION",
    help="Print first whether the ethosu driver of this Linux release (6.19, 7.0, 7.1, ...) would accept the stream.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead of printing."
)
@schema_option("disassemble")
def command(file: Path, kernel: str | None, as_json: bool, output: Path | None) -> int:
    """Print the command streams in FILE, operation by operation.

    FILE is a .tflite file that Vela compiled, a raw stream (.bin or .bin.xz, with or without the driver header COP1),
    or a folder with captured submissions of Mesa's driver. Each operation is shown with the registers that it uses; `*`
    marks those set since the previous operation.

    \b
    npufit disassemble model_vela.tflite
    npufit disassemble submit00-cmdstream.bin.xz --kernel 7.1
    npufit disassemble captured/ --kernel 6.19 --json

    Exit codes: 0 fine, 1 the kernel refuses a stream (--kernel), 2 the input is wrong.
    """
    from npufit.cli.output import sign_of_life, write
    from npufit.disassembling import DisassembleOptions, disassemble
    from npufit.report import to_json
    from npufit.report.disassemble import disassemble_document, disassembly_text

    with sign_of_life(f"reading {file.name}"):
        result = disassemble(file, DisassembleOptions(kernel))
    if as_json:
        write(to_json(disassemble_document(file, result)), output)
    elif output is not None:
        write("\n".join(disassembly_text(file, result)), output)
    else:
        for text in disassembly_text(file, result):
            click.echo(text)
    return exit_codes.FINE if result.is_accepted else exit_codes.NOT_MET
