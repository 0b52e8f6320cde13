"""`npufit calibrate`: a board's own measurements refine what npufit predicts for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from npufit.cli.options import color_option, place_options, schema_option, tool_options
from npufit.errors import InputError
from npufit.files import is_same_file, require_output_file


@click.command("calibrate")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("-t", "--target", metavar="TARGET", help="CHIP/STACK[@VERSION]: the board's target.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A measured model: a .tflite file or a built-in network; NAME is its name in the measurements. May be "
    "repeated.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The profile to write, a .toml file.",
)
@click.option("--force", is_flag=True, help="Replace an existing profile.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@tool_options
@color_option
@schema_option("calibrate")
def command(
    files: tuple[Path, ...],
    target: str | None,
    models: tuple[str, ...],
    output: Path | None,
    force: bool,
    as_json: bool,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Refine predicted times with the measurements in FILEs, and write a profile that -t accepts.

    A FILE is a measurement of npufit bench (.json) or a folder of them, a CSV table (model, latency_ms, unit, threads),
    or the output of benchmark_model, preferably with --enable_op_profiling=true: each family of operators is then
    fitted to its own times.

    \b
    npufit calibrate measurements/ -t imx93/vela -m net.tflite -m other.tflite -o my-board.toml
    npufit calibrate runs.csv -t imx93/vela -m net.tflite -m other.tflite -o my-board.toml
    npufit calibrate cpu.log npu.log -t imx93/vela -m net.tflite -o my-board.toml
    npufit check net.tflite -t my-board.toml

    The packaged coefficients stay unchanged. Coefficients that your data does not cover keep their values.
    """
    from npufit.calibrating import CalibrateOptions, calibrate
    from npufit.cli.output import page_for, sign_of_life
    from npufit.report import to_json
    from npufit.report.calibrate import calibrate_document, calibration_text

    if not files:
        raise InputError(
            "no measurements given. Name a folder of npufit bench, a CSV file, or the output of benchmark_model."
        )
    if target is None or target.endswith(".toml"):
        raise InputError("give the board's target with -t, such as -t imx93/vela (see `npufit targets`).")
    if output is None or output.suffix != ".toml":
        raise InputError("give the profile to write with -o, a name that ends in .toml, such as -o my-board.toml.")
    named = _by_name(models)
    if any(is_same_file(output, Path(source)) for source in (*files, *named.values())):
        raise InputError(f"{output} is one of the inputs. Give another name with -o.")
    require_output_file(output, overwrite=force)
    options = CalibrateOptions(output.name, place=place_options(settings, vela, time_limit, no_cache))
    with sign_of_life("calibrating"):
        result = calibrate(files, named, target, options)
    result.save(output, overwrite=force)
    page = page_for(color)
    document = to_json(calibrate_document(result, output)) if as_json else None
    click.echo(document or calibration_text(result, output, page), color=page.color)
    return 0


def _by_name(models: Sequence[str]) -> dict[str, str]:
    """Return what -m says as sources by the names that measurements use."""
    named: dict[str, str] = {}
    for entry in models:
        name, equals, source = entry.partition("=")
        is_named = bool(equals) and not entry.startswith("zoo:") and not Path(entry).exists()
        named[name if is_named else entry] = source if is_named else entry
    return named
