"""`npufit sweep`: models at many sizes on many targets, where the cliffs are, and what is affordable."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import (
    color_option,
    executor_options,
    given_library,
    html_option,
    library_options,
    place_options,
    schema_option,
    tool_options,
)
from npufit.errors import InputError, ToolError

if TYPE_CHECKING:
    from npufit.cost import Kernels
    from npufit.report import Page
    from npufit.report.sweep import SweepDocument
    from npufit.sweeping import SweepOptions, SweepResult


class _Stage(StrEnum):
    """What the progress bar shows."""

    SWEEPING = "sweeping"


@click.command("sweep")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="CHIP/STACK[@VERSION,VERSION…], or a file (.toml): a board's profile, or the rules of a probe; may be "
    "repeated.",
)
@click.option(
    "--sizes",
    multiple=True,
    metavar="SIZES",
    help="Input sizes in pixels: FIRST:LAST:STEP, or a list such as 224,320,192x256. Default: each model's own size.",
)
@click.option(
    "--quant",
    "precisions",
    multiple=True,
    metavar="QUANT,…",
    help="Number formats of built-in networks: int8, int8-per-tensor, uint8, float32.",
)
@click.option("--threads", metavar="N,…", help="CPU threads assumed for the predicted times; default: all cores.")
@click.option("--kernels", metavar="KIND,…", help="LiteRT's CPU kernels assumed: builtin, xnnpack.")
@click.option(
    "--require",
    "gates",
    multiple=True,
    metavar="GATE",
    help="Find the largest size with this: predicted-ms<=33, hazards==0, npu-macs>=99%, partitions<=1, speed-up>=2 and "
    "all others of check. May be repeated. Exit code 1 if nothing has it.",
)
@click.option(
    "--cliff-step",
    type=click.IntRange(0, 1 << 14),
    default=1,
    show_default=True,
    metavar="PIXELS",
    help="Locate cliffs to multiples of so many pixels; 0: only between two of --sizes.",
)
@click.option("--converter", metavar="CMD", help="Command line of neutron-converter, for imx95/neutron.")
@click.option("--json", "form", flag_value="json", help="Print JSON (its schema: --json-schema).")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, one row for each point.")
@html_option
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write charts to FILE (needs npufit[svg]).",
)
@click.option("--chart/--no-chart", default=None, help="Draw the times with characters; default: on a terminal.")
@click.option("--all", "everything", is_flag=True, help="List every size that was looked at, and every cliff.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead of printing."
)
@executor_options
@click.option(
    "--cache",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep results in this file, which several sweeps may share; default: in npufit's cache folder.",
)
@library_options
@tool_options
@color_option
@schema_option("sweep")
def command(
    models: tuple[str, ...],
    targets: tuple[str, ...],
    sizes: tuple[str, ...],
    precisions: tuple[str, ...],
    threads: str | None,
    kernels: str | None,
    gates: tuple[str, ...],
    cliff_step: int,
    converter: str | None,
    form: str | None,
    html: Path | None,
    svg: Path | None,
    chart: bool | None,
    everything: bool,
    output: Path | None,
    jobs: int | None,
    executor: str | None,
    cache: Path | None,
    library: Path | None,
    library_python: str | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Where is the cliff, and what can I afford? Every MODEL at every size on every target.

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2 (see `npufit zoo`). Where two neighbouring
    sizes differ by more than the work, the exact size is searched. Results are kept: a sweep that was interrupted
    continues where it was.

    \b
    npufit sweep model.tflite --sizes 96:512:32 -t imx93/teflon@26.2 -t imx93/vela
    npufit sweep zoo:mobilenet_v2 --sizes 96:512:32 -t imx93/vela --require 'predicted-ms<=33' --require hazards==0
    npufit sweep zoo:mobilenet_v2 --quant int8,uint8 -t imx93/teflon@25.3,26.1,26.2
    npufit sweep model.tflite --sizes 224:320:16 -t imx95/neutron --converter /opt/eiq/neutron-converter
    npufit sweep model.tflite --sizes 224:320:16 -t imx93/teflon@25.3 --library libteflon.so
    npufit sweep model.tflite -t imx93/vela --set arena-cache-size=98304,196608,393216 --csv -o arena.csv

    Exit codes: 0 fine, 1 nothing has what --require asks for, 2 the input is wrong, 3 nothing could be computed, or a
    needed tool is missing.
    """
    from npufit.cli.output import page_for, require_page_file, write
    from npufit.report.sweep import sweep_document
    from npufit.sweeping import SweepOptions

    require_page_file(html, *models)
    require_page_file(svg, *models)
    if svg is not None:
        _require_svg()
    notes: list[str] = []
    options = SweepOptions(
        sizes=sizes,
        quant=precisions,
        threads=_numbers(threads),
        kernels=_kernels(kernels),
        require=gates,
        cliff_step=cliff_step,
        place=place_options(settings, vela, time_limit, no_cache, converter, given_library(library, library_python)),
        executor=executor,
        workers=jobs,
        cache=cache,
        use_cache=not no_cache,
        note=notes.append,
    )
    result = _run(models, targets, options)
    for note in notes:
        click.echo(f"npufit: {note}", err=True)
    document = sweep_document(result)
    page = page_for(color, to_file=output is not None)
    wants_chart = (sys.stdout.isatty() and output is None) if chart is None else chart
    text = _render(form, document, page, everything=everything, chart=wants_chart)
    write(text, output, page.color)
    if html is not None:
        from npufit.report.sweep import sweep_page

        write(sweep_page(document), html)
    if svg is not None:
        from npufit.report.sweep import sweep_svg

        write(sweep_svg(document), svg)
    return _exit_code(result)


def _require_svg() -> None:
    """Raise ToolError, before any work, if the package that draws is missing."""
    from importlib.util import find_spec

    if find_spec("vl_convert") is None:
        raise ToolError("--svg needs a package that is not installed: pip install 'npufit[svg]'")


def _run(models: Sequence[str], targets: Sequence[str], options: SweepOptions) -> SweepResult:
    """Return the result; what was computed before an interruption is kept, and the user is told."""
    from dataclasses import replace

    from npufit.cli.progress import progress_bar
    from npufit.sweeping import sweep

    ended = 0

    with progress_bar() as tell:

        def progress(done: int, total: int, failed: int, /) -> None:
            nonlocal ended
            ended = done
            tell(_Stage.SWEEPING, done, total, failed)

        try:
            return sweep(models, targets, replace(options, progress=progress)).result()
        except KeyboardInterrupt:
            if options.use_cache and ended:
                click.echo(f"{ended} points are kept; the same command continues from there", err=True)
            raise


def _render(form: str | None, document: SweepDocument, page: Page, *, everything: bool, chart: bool) -> str:
    if form == "json":
        from npufit.report import to_json

        return to_json(document)
    if form == "csv":
        from npufit.report.sweep import sweep_csv

        return sweep_csv(document)
    from npufit.report.sweep import sweep_text

    return sweep_text(document, page, everything=everything, chart=chart)


def _exit_code(result: SweepResult) -> int:
    from npufit.sweeping import PointStatus

    if result.count(PointStatus.FAILED) == len(result.points):
        return exit_codes.TOOL_FAILED
    return exit_codes.NOT_MET if result.gates and result.best is None else exit_codes.FINE


def _words(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip() for text in texts for word in text.split(",") if word.strip())


def _numbers(text: str | None) -> tuple[int, ...]:
    words = _words([text] if text is not None else [])
    if not all(word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= 64 for word in words):
        raise InputError(f"--threads {text}: write numbers from 1 to 64 such as 1,2.")
    return tuple(map(int, words))


def _kernels(text: str | None) -> tuple[Kernels, ...]:
    from npufit.cost import Kernels

    words = _words([text] if text is not None else [])
    wrong = [word for word in words if word not in list(Kernels)]
    if wrong:
        raise InputError(f"--kernels {wrong[0]}: unknown. Known: {', '.join(Kernels)}.")
    return tuple(map(Kernels, words))
