"""`npufit bench`: models on the user's board, timed, shown to be the NPU, beside the prediction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import color_option, place_options, schema_option, tool_options
from npufit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from npufit.measurements import Measurement
    from npufit.measuring import BenchOptions, BenchResult
    from npufit.report.bench import BenchDocument

_EXAMPLE = "ssh://root@board (OpenSSH's own names count), local for this machine, or labgrid://PLACE"


@click.command("bench")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--on", metavar="BOARD", help="ssh://[USER@]HOST[:PORT], local, or labgrid://PLACE.")
@click.option("-t", "--target", default="", metavar="TARGET", help="CHIP/STACK[@VERSION]; default: the board's own.")
@click.option("--probe", is_flag=True, help="Only ask the board what it is, what it has, and what is missing.")
@click.option("--show", is_flag=True, help="Show the measurements in the files and folders given as MODELs.")
@click.option(
    "--tool",
    metavar="FILE|NAME",
    help="A benchmark_model on this machine, which is sent to the board, or a tool of the board by name: "
    "benchmark_model, litert-benchmark, python.",
)
@click.option("--delegate", default="", metavar="PATH", help="The delegate's library on the board.")
@click.option(
    "--delegate-option", "delegate_options", multiple=True, metavar="NAME=VALUE", help="For the delegate; repeatable."
)
@click.option("--known", metavar="MODEL", help="A model that the NPU is known to take, for the proof.")
@click.option("--threads", type=click.IntRange(1, 64), metavar="N", help="CPU threads; default: all cores.")
@click.option(
    "--processes",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Processes for each unit; default: 1 if the tool prints a median, 5 if only a mean.",
)
@click.option(
    "--runs",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    metavar="N",
    help="Inferences of a process, at least.",
)
@click.option("--xnnpack/--no-xnnpack", default=None, help="CPU kernels by XNNPACK, or not; default: the tool's.")
@click.option("--no-cpu", is_flag=True, help="Do not time the CPU alone.")
@click.option("--no-proof", is_flag=True, help="Skip the runs that only prove: known network, evidence.")
@click.option("--profile", is_flag=True, help="Also time each operator, in runs of their own.")
@click.option("--compare", is_flag=True, help="Compare the board's outputs with LiteRT's reference kernels.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Ignore differences up to this: steps for integers, absolute for floating point.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the compared input.")
@click.option("--governor", default="", metavar="NAME", help="Set the CPU's governor, such as performance; put back.")
@click.option("--affinity", default="", metavar="MASK", help="Run on these cores only, such as 0x3.")
@click.option("--label", default="", metavar="TEXT", help="A name for the board in the file; others will read it.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the measurements here; default: NPUFIT_MEASUREMENTS, or npufit's folder of your data.",
)
@click.option(
    "--run-limit",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    metavar="S",
    help="Time limit in seconds for each run on the board.",
)
@click.option("--converter", metavar="CMD", help="Command line of neutron-converter, for imx95/neutron.")
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print everything of each measurement; with --probe, each fact with the command that told it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the answer as one HTML file. It needs no network access.",
)
@tool_options
@color_option
@schema_option("bench")
def command(
    models: tuple[str, ...],
    on: str | None,
    target: str,
    probe: bool,
    show: bool,
    tool: str | None,
    delegate: str,
    delegate_options: tuple[str, ...],
    known: str | None,
    threads: int | None,
    processes: int | None,
    runs: int,
    xnnpack: bool | None,
    no_cpu: bool,
    no_proof: bool,
    profile: bool,
    compare: bool,
    tolerance: float,
    seed: int,
    governor: str,
    affinity: str,
    label: str,
    output: Path | None,
    run_limit: float,
    converter: str | None,
    verbose: bool,
    as_json: bool,
    html: Path | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """How fast is MODEL on your board, did its NPU really run, and is the answer right?

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2 (see `npufit zoo`). It is compiled for the
    board if its stack needs that, sent to a temporary folder, and run on the CPU alone and with the NPU in turn. The
    NPU's own counters must move with the inferences: the verdict is proven, consistent, contradicted or unknown. Each
    measurement becomes a file without names or addresses. Nothing is installed on the board.

    \b
    npufit bench --on ssh://root@board --probe
    npufit bench model.tflite --on ssh://root@board
    npufit bench zoo:mobilenet_v1@128,int8 --on local
    npufit bench a.tflite b.tflite --on ssh://root@board -t imx93/vela@lf-6.1.36 --profile --compare
    npufit bench model.tflite --on ssh://root@board --tool ./benchmark_model
    npufit bench --show measurements/

    Exit codes: 0 measured, 1 the NPU did not run (contradicted) or outputs differ by more than rounding (--compare),
    2 the input is wrong, 3 the board or a tool failed, or outputs could not be compared, 130 interrupted. What was
    measured before a failure is kept.
    """
    from npufit.cli.output import require_page_file

    require_page_file(html, *models)
    if show:
        return _show(models, color, verbose=verbose, as_json=as_json, html=html)
    if on is None:
        raise InputError(f"which board? Add --on BOARD: {_EXAMPLE}.")
    if probe:
        return _probe(models, on, color, verbose=verbose, as_json=as_json, html=html)
    from npufit.measuring import BenchOptions

    options = BenchOptions(
        target=target,
        tool=_tool(tool),
        delegate=delegate,
        delegate_options=tuple(map(_pair, delegate_options)),
        known=known,
        threads=threads,
        processes=processes,
        runs=runs,
        xnnpack=xnnpack,
        with_cpu=not no_cpu,
        with_proof=not no_proof,
        with_profile=profile,
        compare=compare,
        tolerance=tolerance,
        seed=seed,
        governor=governor,
        affinity=affinity,
        label=label,
        time_limit_s=run_limit,
        place=place_options(settings, vela, time_limit, no_cache, converter),
    )
    return _bench(models, on, options, output, color, verbose=verbose, as_json=as_json, html=html)


def _bench(
    models: Sequence[str],
    on: str,
    options: BenchOptions,
    folder: Path | None,
    color: str,
    *,
    verbose: bool,
    as_json: bool,
    html: Path | None,
) -> int:
    from npufit.cli.progress import progress_bar
    from npufit.files import make_folder
    from npufit.measurements import default_folder, write_measurement
    from npufit.measuring import bench
    from npufit.report.bench import bench_document

    into = default_folder() if folder is None else folder
    make_folder(into)
    files: list[str] = []

    def keep(measurement: Measurement) -> None:
        files.append(str(write_measurement(into, measurement)))

    with progress_bar() as progress:
        result = bench(models, on, options, progress=progress, keep=keep)
    _print(bench_document(result, files), color, on=on, verbose=verbose, as_json=as_json, html=html)
    return _exit_code(result, compare=options.compare)


def _probe(models: Sequence[str], on: str, color: str, *, verbose: bool, as_json: bool, html: Path | None) -> int:
    from npufit.cli.output import page_for, write
    from npufit.cli.progress import progress_bar
    from npufit.measuring import probe_board
    from npufit.report import to_json
    from npufit.report.bench import probe_document, probe_text

    if models:
        raise InputError("--probe only asks the board. Omit the MODELs, or omit --probe to measure them.")
    if html is not None:
        raise InputError("--probe has no page. Omit --html, or give MODELs to measure.")
    with progress_bar() as progress:
        facts = probe_board(on, progress=progress)
    page = page_for(color)
    document = probe_document(facts)
    write(to_json(document) if as_json else probe_text(document, page, on=on, everything=verbose), None, page.color)
    return exit_codes.FINE


def _show(paths: Sequence[str], color: str, *, verbose: bool, as_json: bool, html: Path | None) -> int:
    from npufit.measurements import default_folder, read_measurements
    from npufit.report.bench import shown_document

    read = read_measurements(*map(Path, paths or (str(default_folder()),)))
    document = shown_document(
        [entry.measurement for entry in read.found],
        [str(entry.path) for entry in read.found],
        read.refused,
    )
    _print(document, color, on="", verbose=verbose, as_json=as_json, html=html)
    return exit_codes.WRONG_INPUT if read.refused else exit_codes.FINE


def _print(document: BenchDocument, color: str, *, on: str, verbose: bool, as_json: bool, html: Path | None) -> None:
    from npufit.cli.output import page_for, write
    from npufit.report import to_json
    from npufit.report.bench import bench_page, bench_text

    if html is not None:
        write(bench_page(document), html)
    page = page_for(color)
    text = to_json(document) if as_json else bench_text(document, page, on=on, everything=verbose)
    write(text, None, page.color)


def _exit_code(result: BenchResult, *, compare: bool) -> int:
    if result.is_interrupted:
        return exit_codes.INTERRUPTED
    is_uncompared = compare and any(entry.outputs is None for entry in result.measurements)
    if result.ended_early or result.has_failed or is_uncompared:
        return exit_codes.TOOL_FAILED
    if any(entry.is_input for entry in result.not_measured):
        return exit_codes.WRONG_INPUT
    return exit_codes.NOT_MET if result.is_refuted else exit_codes.FINE


def _tool(text: str | None) -> str | Path | None:
    """Return the tool as a file of this machine if there is one, otherwise its name."""
    return None if text is None else Path(text) if "/" in text or Path(text).is_file() else text


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"cannot read --delegate-option {text}. Write NAME=VALUE, such as num_threads=2.")
    return name.strip(), value.strip()
