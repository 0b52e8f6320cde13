"""`npufit evaluate`: how often the answers of a model on images change on its target, or are wrong."""

from __future__ import annotations

from pathlib import Path

import click

from npufit.cli import exit_codes
from npufit.cli.options import (
    color_option,
    executor_options,
    given_library,
    html_option,
    library_options,
    normalize_option,
    place_options,
    schema_option,
    tool_options,
)
from npufit.errors import InputError


@click.command("evaluate")
@click.argument("model", metavar="MODEL")
@click.option(
    "-t",
    "--target",
    metavar="TARGET",
    help="CHIP/STACK[@VERSION]; CHIP/vela is compiled and executed, CHIP/teflon is with --library.",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Images (JPEG, PNG, WebP, BMP, GIF, TIFF, PPM), also in subfolders.",
)
@click.option(
    "--labels",
    metavar="FILE",
    help="What is right: a CSV file of file,label; a COCO file for detectors; or the word folders, for the names of "
    "subfolders.",
)
@click.option(
    "--class-names",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Names of the model's classes, one per line; default: those attached to the model.",
)
@click.option(
    "--label-offset",
    type=click.IntRange(-1, 1000),
    metavar="N",
    help="Add this to indices in --labels: 1 if they do not count the model's background class.",
)
@click.option("--original", metavar="FILE", help="The floating-point model that MODEL was made from.")
@click.option(
    "--fitted",
    metavar="FILE",
    help="Execute this model in place of MODEL on the target: from npufit fit, or from Vela.",
)
@click.option(
    "--capture",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="The target is what Mesa's ethosu driver submitted for MODEL (see `npufit run --capture`).",
)
@library_options
@click.option(
    "--task",
    type=click.Choice(
        ["classification", "detection-ssd", "detection-yolov5", "detection-yolov8", "segmentation", "outputs"]
    ),
    help="How the outputs are read; default: by their shapes. `outputs` compares values only.",
)
@click.option(
    "--resize",
    type=click.Choice(["stretch", "crop", "letterbox"]),
    help="How images fill the input; default: letterbox for YOLO, otherwise stretch.",
)
@normalize_option
@click.option("--mean", metavar="M[,M,M]", help="Instead of --normalize: (pixel - mean) / std, in pixels of 0 to 255.")
@click.option("--std", metavar="S[,S,S]", help="The deviation to divide by, in pixels of 0 to 255.")
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="Objects below this score do not count as detected.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Use N of the images, taken evenly by name.")
@click.option(
    "--require",
    "gates",
    multiple=True,
    metavar="GATE",
    help="Fail (exit code 1) unless it holds: top1-agreement>=99%, top5-agreement, top1-accuracy, top1-drop<=1%, "
    "box-agreement, image-agreement, map, map50, map-drop, pixel-agreement, value-agreement, equal-images, "
    "unreadable-images==0. May be repeated.",
)
@executor_options
@click.option("--all", "everything", is_flag=True, help="List every class and image that changes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@html_option
@tool_options
@color_option
@schema_option("evaluate")
def command(
    model: str,
    target: str | None,
    images: Path,
    labels: str | None,
    class_names: Path | None,
    label_offset: int | None,
    original: str | None,
    fitted: str | None,
    capture: Path | None,
    library: Path | None,
    library_python: str | None,
    task: str | None,
    resize: str | None,
    normalize: str,
    mean: str | None,
    std: str | None,
    min_score: float,
    limit: int | None,
    gates: tuple[str, ...],
    executor: str | None,
    jobs: int | None,
    everything: bool,
    as_json: bool,
    html: Path | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """How often do the answers of MODEL on images change on its target, and how often are they right?

    Each image goes through LiteRT's reference kernels, through what the target would answer, and through the
    floating-point original if given. MODEL is a .tflite file or a built-in network (see `npufit zoo`).

    \b
    npufit evaluate model.tflite -t imx93/vela --images photos
    npufit evaluate model.tflite -t imx93/vela --images val --labels labels.csv --original float.tflite
    npufit evaluate ssd.tflite -t imx93/teflon --library libteflon.so --images photos
    npufit evaluate ssd.tflite --capture FOLDER --images photos --labels instances.json
    npufit evaluate model.tflite -t imx93/teflon@25.3 --fitted fitted.tflite --images photos
    npufit evaluate model.tflite -t imx93/vela --images photos --html evaluation.html
    npufit evaluate model.tflite -t imx93/vela --images photos --require 'top1-agreement>=99%'

    Exit codes: 0 fine, 1 a gate failed, 2 the input is wrong, 3 a needed tool is missing or failed.
    """
    from npufit.cli.output import page_for, require_page_file, write
    from npufit.cli.progress import progress_bar
    from npufit.evaluating import EvaluateOptions, evaluate
    from npufit.report import to_json
    from npufit.report.evaluate import evaluate_document, evaluate_text, gate_words

    require_page_file(html, model, original, fitted)
    with progress_bar() as progress:
        options = EvaluateOptions(
            images=images,
            labels=labels,
            class_names=class_names,
            label_offset=label_offset,
            fitted=fitted,
            original=original,
            capture=capture,
            task=task,
            resize=resize,
            normalize=normalize,
            mean=_numbers("--mean", mean),
            std=_numbers("--std", std),
            least_score=min_score,
            limit=limit,
            require=gates,
            executor=executor,
            jobs=jobs,
            keep=not no_cache,
            place=place_options(settings, vela, time_limit, no_cache, library=given_library(library, library_python)),
            progress=progress,
        )
        result = evaluate(model, target, options)
    if html is not None:
        from npufit.report.evaluate import evaluate_page

        write(evaluate_page(result), html)
    page = page_for(color)
    text = to_json(evaluate_document(result)) if as_json else evaluate_text(result, page, everything=everything)
    click.echo(text, color=page.color)
    failed = [gate for gate in result.gates if not gate.result.passed]
    if as_json:
        for gate in failed:
            click.echo(gate_words(gate), err=True)
    return exit_codes.NOT_MET if failed else exit_codes.FINE


def _numbers(option: str, text: str | None) -> tuple[float, ...]:
    """Return the numbers in `text`, separated by commas."""
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        message = f"cannot read {option} {text}. Write one number, or one for each channel: 123.7,116.3,103.5."
        raise InputError(message) from None
