"""`npufit calibrate`: a board's own measurements refine what npufit predicts for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli.options import color_option, place_options, schema_option, tool_options
from npufit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from npufit.graph import Model


@click.command("calibrate")
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("-t", "--target", metavar="TARGET", help="CHIP/STACK[@VERSION]: what the board is.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A measured model: a .tflite file or a built-in network; NAME is what the measurements call it. May be "
    "repeated.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The profile to write, a .toml file.",
)
@click.option("--force", is_flag=True, help="Replace an older profile of that name.")
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

    A FILE is a CSV table (model, latency_ms, unit, threads), or what benchmark_model printed, best with
    --enable_op_profiling=true: then each family of operators is fitted to its own times.

    \b
    npufit calibrate runs.csv -t imx93/vela -m net.tflite -m other.tflite -o my-board.toml
    npufit calibrate cpu.log npu.log -t imx93/vela -m net.tflite -o my-board.toml
    npufit check net.tflite -t my-board.toml

    The packaged coefficients stay as they are; few measurements move only what they speak of.
    """
    from datetime import date

    from npufit.calibrating.calibrate import calibrate, meanings
    from npufit.cli.output import page_for, sign_of_life, write
    from npufit.cost.board_profile import profile_text
    from npufit.cost.measured.observation_file import read_observations
    from npufit.report.calibrate.document import calibrate_document
    from npufit.report.calibrate.text import calibration_text
    from npufit.report.document import to_json
    from npufit.stacks import resolve_target

    if not files:
        raise InputError("no measurements given. Name a CSV file or what benchmark_model printed.")
    if target is None or target.endswith(".toml"):
        raise InputError("give the board's target with -t, such as -t imx93/vela (see `npufit targets`).")
    profile_file = _check_output(output, files, models, force=force)
    resolved = resolve_target(target, vela)
    logs = [read_observations(file) for file in files]
    observations = [run for log in logs for run in log.runs]
    refused = [reason for log in logs for reason in log.refused]
    options = place_options(settings, vela, time_limit, no_cache)
    networks = _load(models)
    with sign_of_life("calibrating"):
        result = calibrate(
            observations, networks, resolved, profile_file.name, options, target, refused, date.today().isoformat()
        )
    write(profile_text(result.profile), profile_file)
    page = page_for(color)
    if as_json:
        text = to_json(calibrate_document(result, profile_file))
    else:
        text = calibration_text(result, meanings(resolved), profile_file, page)
    write(text, None, page.color)
    return 0


def _check_output(output: Path | None, files: Sequence[Path], models: Sequence[str], *, force: bool) -> Path:
    if output is None or output.suffix != ".toml":
        raise InputError("give the profile to write with -o, a name that ends in .toml, such as -o my-board.toml.")
    sources = [*files, *(Path(entry.rpartition("=")[2]) for entry in models)]
    if any(source.exists() and output.exists() and output.samefile(source) for source in sources):
        raise InputError(f"{output} is one of the inputs. Give another name with -o.")
    if output.exists() and not force:
        raise InputError(f"{output} exists. Give another name with -o, or --force to replace it.")
    return output


def _load(models: Sequence[str]) -> dict[str, Model]:
    from npufit.loading import load

    if not models:
        raise InputError("no model given. Name each measured model with -m, such as -m net.tflite.")
    networks: dict[str, Model] = {}
    for entry in models:
        name, equals, source = entry.partition("=")
        named = bool(equals) and not entry.startswith("zoo:") and not Path(entry).exists()
        networks[name if named else entry] = load(source if named else entry)
    return networks
