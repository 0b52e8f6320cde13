"""`npufit zoo`: the built-in networks."""

from __future__ import annotations

from pathlib import Path

import click

from npufit.cli.options import schema_option


@click.command("zoo")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the network to FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (its schema: --json-schema).")
@schema_option("zoo")
def command(name: str | None, output: Path | None, as_json: bool) -> int:
    """List the built-in networks, or write the one called NAME to a .tflite file.

    NAME is NAME[@SIZE][,QUANT][,OPTION=VALUE]. The weights are random: the networks have the structure, shapes and
    quantization of the real ones, but recognise nothing.

    \b
    npufit zoo
    npufit zoo mobilenet_v2@320,int8 -o mobilenet_v2_320.tflite
    npufit zoo mobilenet_v1@160,uint8,alpha=0.5 -o small.tflite
    """
    from npufit.cli.output import page_for
    from npufit.errors import InputError
    from npufit.loading import save
    from npufit.report import to_json
    from npufit.report.zoo import network_entry, network_text, networks_text
    from npufit.zoo import build, entries, parse_spec

    page = page_for("auto")
    if name is None:
        if output is not None:
            raise InputError("-o needs the name of a network. Write npufit zoo NAME -o FILE.")
        documents = [network_entry(entry) for entry in entries()]
        click.echo(to_json(documents) if as_json else networks_text(entries(), page), color=page.color)
        return 0
    model = build(parse_spec(name))
    if output is None:
        click.echo(network_text(model, page), color=page.color)
        click.echo(f"Write it with: npufit zoo {name} -o FILE.tflite")
        return 0
    size = save(model, output, overwrite=True)
    click.echo(f"{output}: {network_text(model, page)}, {size} bytes", color=page.color)
    return 0
