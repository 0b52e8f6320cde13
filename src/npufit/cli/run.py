"""`npufit run`: execute a model as its target would, and compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import (
    color_option,
    given_library,
    html_option,
    library_options,
    normalize_option,
    place_options,
    schema_option,
    tool_options,
)
from npufit.errors import InputError, ToolError

if TYPE_CHECKING:
    from npufit.graph import Model
    from npufit.running import RunResult
    from npufit.stacks import PlaceOptions


@click.command("run")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option(
    "-t",
    "--target",
    metavar="TARGET",
    help="CHIP/vela: compile the model and execute the result. CHIP/teflon: with --library.",
)
@click.option("--on", "on", type=click.Choice(["cpu"]), help="cpu: run only LiteRT's reference kernels.")
@click.option(
    "--input",
    "sources",
    multiple=True,
    metavar="[NAME=]FILE",
    help="An image, .npy or .npz file; repeat it for several inputs. Default: random values.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random values.")
@normalize_option
@click.option("--labels", type=click.Path(path_type=Path, dir_okay=False), help="Names of the classes, one per line.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the outputs to this .npz file."
)
@click.option("--compare", is_flag=True, help="Compare every tensor with LiteRT's reference kernels (BUILTIN_REF).")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Ignore differences up to this: steps for integers, absolute for floating point.",
)
@click.option("--original", metavar="FILE", help="Source of a MODEL that Vela already compiled.")
@click.option(
    "--capture",
    type=click.Path(path_type=Path, file_okay=False),
    help="Execute the submissions of Mesa's ethosu driver captured in this folder.",
)
@click.option("--model", "captured_model", metavar="FILE", help="The model that the --capture was made of.")
@library_options
@click.option(
    "--capture-to",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --library: write what is submitted into this new or empty folder, for --capture.",
)
@click.option(
    "--kernel",
    metavar="VERSION",
    help="Print first whether the ethosu driver of this Linux release would accept the streams; with --library, refuse "
    "what it refuses.",
)
@click.option(
    "--repeat",
    type=click.IntRange(0, 1000),
    default=1,
    show_default=True,
    help="Timed inferences after the first.",
)
@click.option("--all", "everything", is_flag=True, help="List every compared tensor and every finding.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@html_option
@tool_options
@color_option
@schema_option("run")
def command(
    model: str | None,
    target: str | None,
    on: str | None,
    sources: tuple[str, ...],
    seed: int,
    normalize: str,
    labels: Path | None,
    output: Path | None,
    compare: bool,
    tolerance: float,
    original: str | None,
    capture: Path | None,
    captured_model: str | None,
    library: Path | None,
    library_python: str | None,
    capture_to: Path | None,
    kernel: str | None,
    repeat: int,
    everything: bool,
    as_json: bool,
    html: Path | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Execute MODEL as its target would, bit for bit, on this machine.

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2 (see `npufit zoo`). What Vela compiled, or
    what a real libteflon.so submits to its virtual NPU, runs on a simulator of the NPU, the other operators in LiteRT's
    reference kernels.

    \b
    npufit run zoo:mobilenet_v2 -t imx93/vela --compare
    npufit run model.tflite -t imx93/vela --input cat.jpg --labels labels.txt
    npufit run model_vela.tflite -t imx93/vela --original model.tflite --compare
    npufit run model.tflite -t imx93/teflon --library libteflon.so --compare
    npufit run model.tflite --on cpu --input cat.jpg --output out.npz
    npufit run --capture FOLDER --model model.tflite --compare
    npufit run model.tflite -t imx93/vela --compare --html run.html

    Exit codes: 0 fine, 1 results differ (or --kernel refuses a stream), 2 the input is wrong, 3 a needed tool is
    missing or failed, or the library crashes.
    """
    from npufit.litert import WORKER

    WORKER.prepare()  # it imports LiteRT while this process imports the rest
    from npufit.cli.output import page_for, require_page_file, write
    from npufit.cli.progress import progress_bar
    from npufit.execution import write_outputs
    from npufit.loading import load
    from npufit.report import to_json
    from npufit.report.run import run_document, run_text
    from npufit.running import RunOptions, run

    name = _model_name(model, captured_model, target, on, capture)
    require_page_file(html, name)
    network = load(name)
    given = given_library(library, library_python)
    place = place_options(settings, vela, time_limit, no_cache, library=given)
    accepted = kernel is None or given is not None or _judge(kernel, network, capture, target, place, as_json)
    with progress_bar() as progress:
        options = RunOptions(
            sources,
            seed,
            normalize,
            labels,
            compare,
            tolerance,
            original,
            repeat,
            kernel=None if given is None else kernel,
            capture_to=capture_to,
            place=place,
            progress=progress,
        )
        result = run(network, capture or target or "cpu", options)
    if output is not None:
        write_outputs(output, result.model, result.outputs)
    if html is not None:
        write(_html(result, target, place), html)
    page = page_for(color)
    click.echo(
        to_json(run_document(result)) if as_json else run_text(result, page, everything=everything), color=page.color
    )
    if result.not_compared is not None:
        is_tool = isinstance(result.not_compared, ToolError)
        return exit_codes.TOOL_FAILED if is_tool else exit_codes.WRONG_INPUT
    differs = result.comparison is not None and not result.comparison.is_equal
    is_met = accepted and not differs and result.refusal is None
    return exit_codes.FINE if is_met else exit_codes.NOT_MET


def _html(result: RunResult, target: str | None, place: PlaceOptions) -> str:
    """Return the page of a run, with the placement of a model that was compiled for it."""
    from npufit.checking import CheckOptions, check
    from npufit.report.run import run_page

    compiled = any(operator.is_npu_call for operator in result.model.main.operators)
    if target is None or compiled:
        return run_page(result)
    return run_page(result, check(result.model, target, CheckOptions(place=place)))


def _judge(
    kernel: str, model: Model, capture: Path | None, target: str | None, place: PlaceOptions, as_json: bool
) -> bool:
    """Print whether the mainline driver would accept what is going to be executed, and return it."""
    from npufit.disassembling import DisassembleOptions, disassemble
    from npufit.report.disassemble import verdicts_text

    if as_json:
        raise InputError("--kernel does not work with --json. Use npufit disassemble for the verdict as data.")
    if capture is None and target is None:
        raise InputError("--kernel needs -t imx93/vela, --library or --capture: the CPU has no command stream.")
    judged = disassemble(capture or model, DisassembleOptions(kernel, target, place))
    click.echo(verdicts_text(judged))
    return judged.is_accepted


def _model_name(
    model: str | None,
    captured_model: str | None,
    target: str | None,
    on: str | None,
    capture: Path | None,
) -> str:
    """Return the model, named as an argument or with --model. Raises InputError if the options conflict."""
    if (model is None) == (captured_model is None):
        raise InputError("name one model: as the argument, or with --model beside --capture.")
    chosen = [
        option for option, given in (("-t", target), ("--on cpu", on), ("--capture", capture)) if given is not None
    ]
    if len(chosen) != 1:
        found = f"{' and '.join(chosen)} were given" if chosen else "none was given"
        raise InputError(f"say where to run with exactly one of -t imx93/vela, --on cpu and --capture FOLDER; {found}.")
    if captured_model is not None and capture is None:
        raise InputError("--model needs --capture. Give the model as the argument.")
    return captured_model or model or ""
