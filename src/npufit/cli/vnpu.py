"""`npufit vnpu`: run a program on a virtual NPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from npufit.cli import exit_codes
from npufit.cli.differential_options import compare_folder, differential_options
from npufit.cli.options import schema_option
from npufit.errors import InputError


@click.command("vnpu", context_settings={"allow_interspersed_args": False})
@click.argument("program", metavar="-- PROGRAM [ARGUMENTS]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "-t",
    "--target",
    required=True,
    metavar="TARGET",
    help="A chip whose NPU has a driver in Linux: imx93, or imx93/teflon@25.3. imx93/direct@7.2.6 sets --kernel.",
)
@click.option(
    "--kernel",
    metavar="VERSION",
    help="Let the ethosu driver of this Linux release (6.19, 7.2.6, 7.3, ...) decide on command streams: what it "
    "refuses fails as on a board.",
)
@click.option(
    "--capture-to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write what the first inference submits to this folder, for npufit run --capture and disassemble.",
)
@click.option(
    "--json",
    "json_file",
    is_flag=False,
    flag_value="-",
    metavar="[FILE]",
    help="Write the report to FILE as JSON, or print it after the program's own output (its schema: --json-schema).",
)
@differential_options
@schema_option("vnpu")
def command(
    program: tuple[str, ...],
    target: str,
    kernel: str | None,
    capture_to: Path | None,
    json_file: str | None,
    differential: Path | None,
    **of_differential: Any,
) -> int:
    """Run PROGRAM with a virtual NPU in place of the board's: /dev/accel/accel0 answers as on TARGET.

    PROGRAM is anything that opens the NPU through a driver's user space, such as a TensorFlow Lite program with Mesa's
    libteflon.so as its delegate: C, C++, Python, static or not, unmodified. Command streams run on the simulator of
    the Ethos-U65; the other drivers (rocket, etnaviv) answer up to the first job. No root, no compiler. The report
    goes to standard error.

    \b
    npufit vnpu -t imx93 -- python3 classify.py
    npufit vnpu -t imx93 --kernel 7.2.6 -- benchmark_model --graph=model.tflite \\
        --external_delegate_path=./libteflon.so
    npufit vnpu -t imx93 --json report.json -- ./my_test

    With --differential there is no PROGRAM: a real library is given every model of a folder, and what it places,
    compiles and answers is compared with what npufit's rules predict. In parallel; what was computed is kept.

    \b
    npufit vnpu --differential models/ --library libteflon.so -t imx93/teflon@25.3

    Exit codes: the program's own, or 128 + N if signal N ended it. Before it starts: 2 the input is wrong, 3 this
    machine cannot do it, 126 PROGRAM cannot be executed, 127 there is no PROGRAM. 125 the virtual NPU could not go on,
    so the program was killed. With --differential: 0 everything agrees, 1 something does not, 2 and 3 as above.
    """
    if differential is not None:
        if program or capture_to is not None:
            raise InputError("--differential runs no program: leave out PROGRAM and --capture-to.")
        return compare_folder(differential, target, kernel, json_file, **of_differential)
    if of_differential["library"] is not None:
        raise InputError("--library belongs to --differential. A PROGRAM loads its library itself.")
    from npufit.cli.output import write
    from npufit.hosting import HostOptions, host
    from npufit.report import to_json
    from npufit.report.vnpu import vnpu_document, vnpu_text
    from npufit.vdevice import ProgramNotStartedError

    try:
        result = host(program, target, HostOptions(kernel, capture_to, _environment()))
    except ProgramNotStartedError as error:
        click.echo(f"npufit: {error}", err=True)
        return exit_codes.NOT_FOUND if error.is_missing else exit_codes.NOT_EXECUTABLE
    click.echo(vnpu_text(result), err=True)
    if json_file is not None:
        write(to_json(vnpu_document(result)), None if json_file == "-" else Path(json_file))
    return exit_codes.DEVICE_FAILED if result.failure is not None else result.exit_code


def _environment() -> dict[str, str]:
    """Return the environment for the program, without what npufit has set for itself."""
    environment = dict(os.environ)
    if b"OPENBLAS_NUM_THREADS=" not in Path("/proc/self/environ").read_bytes():
        environment.pop("OPENBLAS_NUM_THREADS", None)
    return environment
