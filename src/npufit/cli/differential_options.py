"""The part of `npufit vnpu` that compares a folder of models: its options, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npufit.cli import exit_codes
from npufit.cli.options import color_option, executor_options, given_library, library_options

if TYPE_CHECKING:
    from npufit.differing import DifferentialOptions, DifferentialResult
    from npufit.vdevice import Library

_Command = Callable[..., Any]


class _Stage(StrEnum):
    COMPARING = "comparing"


def differential_options(command: _Command) -> _Command:
    """Return `command` with the options of --differential."""
    options = (
        click.option(
            "--differential",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Instead of a program: give all .tflite models in FOLDER to --library, and list where it contradicts "
            "the rules.",
        ),
        library_options,
        click.option("--no-answers", is_flag=True, help="With --differential: place and compile only, run nothing."),
        click.option("--seed", type=click.IntRange(min=0), default=0, help="With --differential: the random inputs."),
        click.option(
            "--time-limit",
            type=click.FloatRange(min=0, min_open=True),
            default=600.0,
            show_default=True,
            help="With --differential: time limit in seconds for each load and each inference.",
        ),
        executor_options,
        click.option(
            "--cache",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="With --differential: keep outcomes in this file; default: in npufit's cache folder.",
        ),
        click.option("--no-cache", is_flag=True, help="With --differential: compute everything again."),
        click.option("--all", "everything", is_flag=True, help="With --differential: name every model."),
        color_option,
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def compare_folder(
    folder: Path,
    target: str,
    kernel: str | None,
    json_file: str | None,
    *,
    library: Path | None,
    library_python: str | None,
    no_answers: bool,
    seed: int,
    time_limit: float,
    jobs: int | None,
    executor: str | None,
    cache: Path | None,
    no_cache: bool,
    everything: bool,
    color: str,
) -> int:
    """Print the differential of `folder`; return the exit code. Raises InputError and ToolError."""
    from npufit.cli.output import page_for, write
    from npufit.differing import DifferentialOptions
    from npufit.errors import InputError
    from npufit.report import to_json
    from npufit.report.differential import differential_document, differential_text

    given = given_library(library, library_python)
    if given is None:
        raise InputError("--differential compares a library with the rules. Name a libteflon.so with --library.")
    target = target if "/" in target else f"{target}/teflon"
    notes: list[str] = []
    options = DifferentialOptions(
        answers=not no_answers,
        seed=seed,
        kernel=kernel,
        time_limit_s=time_limit,
        executor=executor,
        workers=jobs,
        cache=cache,
        use_cache=not no_cache,
        note=notes.append,
    )
    result = _run(folder, target, given, options)
    for note in notes:
        click.echo(f"npufit: {note}", err=True)
    page = page_for(color)
    if json_file != "-":
        write(differential_text(result, page, everything=everything), None, page.color)
    if json_file is not None:
        write(to_json(differential_document(result)), None if json_file == "-" else Path(json_file))
    return exit_codes.FINE if result.agrees else exit_codes.NOT_MET


def _run(folder: Path, target: str, library: Library, options: DifferentialOptions) -> DifferentialResult:
    """Return the result; what was computed before an interruption is kept, and the user is told."""
    from dataclasses import replace

    from npufit.cli.progress import progress_bar
    from npufit.differing import differential

    ended = 0
    with progress_bar() as tell:

        def progress(done: int, total: int, failed: int, /) -> None:
            nonlocal ended
            ended = done
            tell(_Stage.COMPARING, done, total, failed)

        try:
            return differential(folder, target, library, replace(options, progress=progress))
        except KeyboardInterrupt:
            if options.use_cache and ended:
                click.echo(f"{ended} models are kept; the same command continues from there", err=True)
            raise
