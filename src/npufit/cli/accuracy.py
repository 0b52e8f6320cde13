"""`npufit accuracy`: predicted against measured."""

from __future__ import annotations

from pathlib import Path

import click

from npufit.cli.options import color_option, html_option, schema_option


@click.command("accuracy")
@click.argument("groups", metavar="[CHIP[/STACK]]...", nargs=-1)
@click.option(
    "--measured",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help="Also count your own measurements (npufit bench) in FOLDER, apart from the public ones. May be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="Also list every row that is not counted, with its source.")
@click.option("--json", "form", flag_value="json", help="Print JSON (its schema: --json-schema).")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown (this generates docs/accuracy.md).")
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a scatter plot to FILE.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead of printing."
)
@html_option
@color_option
@schema_option("accuracy")
def command(
    groups: tuple[str, ...],
    measured: tuple[Path, ...],
    everything: bool,
    form: str | None,
    svg: Path | None,
    output: Path | None,
    html: Path | None,
    color: str,
) -> int:
    """How far are predicted times from measured ones?

    Compares every public measurement with the prediction of a fit that has not seen its network, and with the estimate
    of the stack's own compiler if there is one. CPU rows are the group CHIP/cpu.

    \b
    npufit accuracy                       all
    npufit accuracy imx93/vela imx93/cpu  some
    npufit accuracy imx93 --measured .    your own measurements beside these
    npufit accuracy --svg accuracy.svg    and a picture
    npufit accuracy --html accuracy.html  and a page with charts
    """
    from npufit.cli.output import page_for, write
    from npufit.report import to_json
    from npufit.report.accuracy import accuracy_document, accuracy_markdown, accuracy_text
    from npufit.validating import accuracy

    result = accuracy(groups, measured)
    if svg is not None:
        from npufit.report.accuracy import accuracy_svg

        write(accuracy_svg(result.rows), svg)
    if html is not None:
        from npufit.report.accuracy import accuracy_page

        write(accuracy_page(result), html)
    page = page_for(color, to_file=output is not None)
    if form == "json":
        text = to_json(accuracy_document(result))
    elif form == "markdown":
        text = accuracy_markdown(result)
    else:
        text = accuracy_text(result, page, everything=everything)
    write(text, output, page.color)
    return 0
