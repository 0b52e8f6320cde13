"""`npufit resize`: a new input resolution for an existing model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import color_option, schema_option
from npufit.errors import InputError
from npufit.files import require_not_source, require_output_file

if TYPE_CHECKING:
    from npufit.graph import Model


@click.command("resize")
@click.argument("model", metavar="MODEL")
@click.option(
    "--input",
    "sizes",
    multiple=True,
    required=True,
    metavar="[NAME=]SIZE",
    help="The new size: 320, or height and width as in 192x256. With several inputs: NAME=SIZE, repeated.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write the result.")
@click.option("--force", is_flag=True, help="Replace an existing file. The MODEL itself is never replaced.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@color_option
@schema_option("resize")
def command(model: str, sizes: tuple[str, ...], output: Path | None, force: bool, as_json: bool, color: str) -> int:
    """Give MODEL another input resolution.

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2@224,int8 (see `npufit zoo`). Weights and
    quantization stay; shapes and dependent constants are recomputed. If the architecture prevents another size, the
    operator is named. Without -o nothing is written.

    \b
    npufit resize mobilenet_v2_224.tflite --input 320 -o mobilenet_v2_320.tflite
    npufit resize model.tflite --input 192x256 -o wide.tflite
    npufit resize model.tflite --input image=320 --input mask=160x160 -o both.tflite

    Exit codes: 0 fine, 2 the input is wrong or the network cannot have that size.
    """
    from npufit.cli.output import page_for
    from npufit.loading import load, save
    from npufit.report import to_json
    from npufit.report.resize import resize_document, resize_text
    from npufit.resizing import resize

    if output is not None:
        require_not_source(output, model)
        require_output_file(output, overwrite=force)
    network = load(model)
    result = resize(network, _parse_sizes(network, sizes))
    if output is not None:
        save(result.model, output, overwrite=force)
    page = page_for(color)
    document = resize_document(result, None if output is None else str(output))
    click.echo(to_json(document) if as_json else resize_text(document, page), color=page.color)
    return exit_codes.FINE


def _parse_sizes(model: Model, entries: Sequence[str]) -> dict[str, str]:
    from npufit.rewrite.resolution import image_input

    sizes: dict[str, str] = {}
    for entry in entries:
        name, equals, size = entry.rpartition("=")
        name = name if equals else image_input(model)
        if name in sizes:
            raise InputError(f"--input gives the size of '{name}' twice. Give it once.")
        sizes[name] = size
    return sizes
