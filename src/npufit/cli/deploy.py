"""`npufit deploy`: a model as a bundle that runs on a board with Linux's own driver and nothing else of npufit."""

from __future__ import annotations

from pathlib import Path

import click

from npufit.cli import exit_codes
from npufit.cli.options import color_option, normalize_option, place_options, schema_option, tool_options


@click.command("deploy")
@click.argument("model", metavar="MODEL")
@click.option(
    "-t", "--target", required=True, metavar="TARGET", help="imx93/direct, or imx93/direct@7.2.9 for a Linux."
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the bundle into this new or empty folder.",
)
@click.option("--force", "--overwrite", "overwrite", is_flag=True, help="Replace the bundle in FOLDER.")
@click.option("--delegate", is_flag=True, help="Add the delegate for TensorFlow Lite and the file that it takes.")
@click.option(
    "--input",
    "sources",
    multiple=True,
    metavar="[NAME=]FILE",
    help="Also prove and verify with this image, .npy or .npz file; repeat it for several inputs.",
)
@normalize_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random values.")
@click.option(
    "--inputs",
    type=click.IntRange(1, 1000),
    default=2,
    show_default=True,
    metavar="N",
    help="Inferences of the proof: that of --input, then random values.",
)
@click.option("--no-prove", is_flag=True, help="Do not execute the bundle on the simulator first.")
@click.option("--allow-differences", is_flag=True, help="Write the bundle even if its answers are not LiteRT's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@tool_options
@color_option
@schema_option("deploy")
def command(
    model: str,
    target: str,
    output: Path,
    overwrite: bool,
    delegate: bool,
    sources: tuple[str, ...],
    normalize: str,
    seed: int,
    inputs: int,
    no_prove: bool,
    allow_differences: bool,
    as_json: bool,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Write MODEL as a bundle that runs on a board with mainline Linux: no npufit, no Mesa, no firmware.

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2 (see `npufit zoo`). Vela compiles it, Linux's
    own checks judge the command streams, and the bundle is executed here, step by step, and compared with LiteRT's
    reference kernels before it is written. On the board, run.py runs it and compares silicon with the same answers.

    \b
    npufit deploy zoo:mobilenet_v2 -t imx93/direct -o mobilenet
    npufit deploy model.tflite -t imx93/direct@7.2.9 -o bundle --input cat.jpg
    npufit deploy model.tflite -t imx93/direct@6.19 -o bundle --set vela=3.12
    npufit deploy model.tflite -t imx93/direct -o bundle --delegate --force

    Exit codes: 0 written, 1 the answers are not LiteRT's (written only with --allow-differences), 2 the input is wrong
    or Linux refuses a stream, 3 a needed tool is missing or failed.
    """
    from npufit.litert import WORKER

    WORKER.prepare()  # it imports LiteRT while this process imports the rest
    from npufit.cli.output import page_for
    from npufit.cli.progress import progress_bar
    from npufit.deploying import DeployOptions, deploy, require_bundle_folder
    from npufit.report import to_json
    from npufit.report.deploy import deploy_document, deploy_text

    require_bundle_folder(output, overwrite=overwrite)
    with progress_bar() as progress:
        options = DeployOptions(
            sources,
            normalize,
            inputs,
            seed,
            prove=not no_prove,
            allow_differences=allow_differences,
            delegate=delegate,
            place=place_options(settings, vela, time_limit, no_cache),
            progress=progress,
        )
        result = deploy(model, target, options)
    is_written = allow_differences or not result.has_failed
    if is_written:
        result.save(output, overwrite=overwrite)
    document, page = deploy_document(result, str(output) if is_written else None), page_for(color)
    click.echo(to_json(document) if as_json else deploy_text(document, page), color=page.color)
    return exit_codes.NOT_MET if result.has_failed else exit_codes.FINE
