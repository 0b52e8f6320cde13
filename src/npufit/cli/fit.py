"""`npufit fit`: rewrite a model until it fits its target, and prove that the answer is unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import (
    color_option,
    given_library,
    html_option,
    library_options,
    place_options,
    schema_option,
    tool_options,
)
from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.rewrite import Pass

_CUT = "cut"


def _show_passes(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from npufit.cli.output import page_for
    from npufit.report.fit import passes_text
    from npufit.rewrite import load_pass, pass_names

    page = page_for("auto")
    click.echo(passes_text([load_pass(name) for name in pass_names()], page), color=page.color)
    context.exit()


@click.command("fit")
@click.argument("model", metavar="MODEL")
@click.option(
    "-t",
    "--target",
    metavar="TARGET",
    required=True,
    help="CHIP/STACK[@VERSION], or a .toml file: a board's profile, or the rules of a probe.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Where to write the result; with --cut, a folder."
)
@click.option("--force", is_flag=True, help="Replace existing files. The MODEL itself is never replaced.")
@click.option("--list", "only_list", is_flag=True, help="Show where each pass applies and its gain; change nothing.")
@click.option(
    "--passes",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_passes,
    help="List all passes with their options and exit.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PASS[:OPTION=VALUE,…]",
    help="Apply this pass wherever it can be, instead of searching. May be repeated; applied in that order.",
)
@click.option("--skip", multiple=True, metavar="PASS", help="Leave this pass out. May be repeated.")
@click.option(
    "--allow-approximate", is_flag=True, help="Allow passes that change the answer; the report shows by how much."
)
@click.option(
    "--recipe",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Replay this file if it exists; otherwise save the applied passes there.",
)
@click.option("--cut", is_flag=True, help="Write files for the CPU and the NPU, and how to chain them, into a folder.")
@click.option("--head", multiple=True, metavar="TENSOR", help="With --cut: the tensor where the NPU part starts.")
@click.option("--tail", multiple=True, metavar="TENSOR", help="With --cut: the tensor where the NPU part ends.")
@click.option("--prove/--no-prove", default=True, show_default=True, help="Compare the answers before and after.")
@click.option(
    "--inputs",
    type=click.IntRange(1, 1000),
    default=None,
    metavar="N",
    help="Number of random inputs in the proof; default: 8.",
)
@click.option(
    "--seed", type=click.IntRange(0, 1 << 31), default=0, show_default=True, help="Seed of the random inputs."
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of images, .npy or .npz files to use in the proof instead of random inputs (at most --inputs of "
    "them).",
)
@library_options
@click.option(
    "--all", "everything", is_flag=True, help="List every place that changes, and everything that remains off the NPU."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@html_option
@tool_options
@color_option
@schema_option("fit")
def command(
    model: str,
    target: str,
    output: Path | None,
    force: bool,
    only_list: bool,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    allow_approximate: bool,
    recipe: Path | None,
    cut: bool,
    head: tuple[str, ...],
    tail: tuple[str, ...],
    prove: bool,
    inputs: int | None,
    seed: int,
    samples: Path | None,
    library: Path | None,
    library_python: str | None,
    everything: bool,
    as_json: bool,
    html: Path | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Rewrite MODEL until it fits TARGET, prove that its answer is unchanged, and report what changed.

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2@320,int8 (see `npufit zoo`). A search chooses
    among the passes (--passes lists them). Without -o nothing is written.

    \b
    npufit fit model.tflite -t imx93/teflon@25.3 --list
    npufit fit model.tflite -t imx93/teflon@25.3 -o fitted.tflite
    npufit fit model.tflite -t imx93/vela --only fold-pad:growth=1 --only clean-reshapes -o fitted.tflite
    npufit fit model.tflite -t imx93/teflon@25.3 --allow-approximate --samples photos -o fitted.tflite
    npufit fit model.tflite -t imx93/teflon@26.1 --cut -o parts
    npufit fit model.tflite -t imx93/teflon@25.3 -o fitted.tflite --html fit.html
    npufit fit model.tflite -t imx93/teflon@25.3 -o fitted.tflite --library libteflon.so

    Exit codes: 0 fine or nothing to do, 1 a proof failed (also: the result is wrong on the --library), 2 the input is
    wrong, 3 a needed tool is missing or failed.
    """
    from npufit.litert import WORKER

    if prove and not only_list:
        WORKER.prepare()  # it imports LiteRT while this process imports the rest
    from npufit.cli.output import page_for, require_page_file, write
    from npufit.cli.progress import progress_bar
    from npufit.cutting import CutOptions, cut_placed, require_fit_output, save_fit
    from npufit.fitting import FitOptions, fit, list_passes
    from npufit.report import to_json
    from npufit.report.fit import fit_document, fit_text

    place = place_options(settings, vela, time_limit, no_cache, library=given_library(library, library_python))
    wants_cut = cut or bool(head or tail) or _CUT in only
    if recipe is not None and recipe.exists() and only:
        raise InputError(
            f"{recipe} exists and says which passes to apply, but --only names others. Give only one of them."
        )
    require_page_file(html, model)
    require_fit_output(model, output, recipe, overwrite=force, is_folder=wants_cut)
    with progress_bar() as progress:
        options = FitOptions(
            passes=_asked(only, recipe),
            skip=tuple(dict.fromkeys(skip)),
            allow_approximate=allow_approximate,
            prove=prove,
            inputs=inputs,
            seed=seed,
            samples=() if samples is None else samples,
            place=place,
            progress=progress,
        )
        found = list_passes(model, target, options) if only_list else fit(model, target, options)
        parts = None
        if wants_cut and not only_list:
            parts = cut_placed(
                found.result, CutOptions(head, tail, prove, inputs, seed, replace(place, library=None), progress)
            )
    saved = save_fit(found, parts, None if only_list else output, recipe, overwrite=force)
    if html is not None:
        from npufit.report.fit import fit_page

        write(fit_page(found, saved), html)
    page = page_for(color)
    click.echo(to_json(fit_document(found, saved)) if as_json else fit_text(found, saved, page, everything=everything))
    is_bad = found.has_failed or (parts is not None and parts.has_failed)
    return exit_codes.NOT_MET if is_bad else exit_codes.FINE


def _asked(only: Sequence[str], recipe: Path | None) -> tuple[Pass, ...] | None:
    """Return the requested passes, None if a search is to choose them."""
    from npufit.fitting import read_recipe
    from npufit.rewrite import parse_pass

    if recipe is not None and recipe.exists():
        return read_recipe(recipe).passes
    return tuple(parse_pass(text) for text in only if text != _CUT) if only else None
