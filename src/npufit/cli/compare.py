"""`npufit compare`: what changed between two models, targets, releases or saved results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from npufit.cli import exit_codes
from npufit.cli.options import (
    color_option,
    cpu_options,
    given_library,
    html_option,
    library_options,
    place_options,
    schema_option,
    tool_options,
)

if TYPE_CHECKING:
    from npufit.comparing import CompareResult
    from npufit.report import Page


@click.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="CHIP/STACK[@VERSION], or a file (.toml): a board's profile, or the rules of a probe; may be repeated. With A "
    "alone, give two.",
)
@click.option("--all", "everything", is_flag=True, help="List every hazard, rule, time and operator.")
@click.option("--json", "form", flag_value="json", help="Print JSON (its schema: --json-schema).")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown for a CI summary page.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead of printing."
)
@html_option
@click.option(
    "--require",
    "gates",
    multiple=True,
    metavar="GATE",
    help="Fail (exit code 1) unless it holds for every target: moved-to-cpu==0, hazards-gained==0, crashes-gained==0, "
    "predicted-ms-ratio<=1.05, memory-ratio<=1.1, boundary-bytes-ratio, partitions-gained, cpu-operators-gained, "
    "became-unknown, unmatched-operators, moved-to-npu, hazards-lost; of two measurements: measured-ms-ratio<=1.05, "
    "cpu-ms-ratio, slower==0, npu-lost==0, outputs-broken==0. Ratios are B over A. May be repeated.",
)
@cpu_options
@click.option("--converter", metavar="CMD", help="Command line of neutron-converter, for imx95/neutron.")
@library_options
@tool_options
@color_option
@schema_option("compare")
def command(
    before: str,
    after: str | None,
    targets: tuple[str, ...],
    everything: bool,
    form: str | None,
    output: Path | None,
    html: Path | None,
    gates: tuple[str, ...],
    threads: int | None,
    kernels: str | None,
    converter: str | None,
    library: Path | None,
    library_python: str | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """What changed from A to B: what moved between NPU and CPU, hazards, time and memory?

    A and B are models (.tflite files or built-in networks such as zoo:mobilenet_v2@320,int8), results saved with
    `npufit check --json`, or two measurements of `npufit bench` (.json files). With A alone, its two targets are
    compared: two releases, or two chips.

    \b
    npufit compare old.tflite new.tflite -t imx93/vela
    npufit compare model.tflite -t imx93/teflon@25.3 -t imx93/teflon@26.2
    npufit compare saved.json model.tflite --require moved-to-cpu==0 --require hazards-gained==0
    npufit compare old.json new.json --require 'predicted-ms-ratio<=1.05'
    npufit compare measured-before.json measured-after.json --require 'measured-ms-ratio<=1.05'

    Exit codes: 0 fine, 1 a gate failed, 2 the input is wrong, 3 a needed tool is missing or failed.
    """
    from npufit.cli.output import page_for, require_page_file, sign_of_life, write
    from npufit.comparing import CompareOptions, compare
    from npufit.cost import EstimateOptions, Kernels

    require_page_file(html, before, after)
    options = CompareOptions(
        targets=targets,
        require=gates,
        place=place_options(settings, vela, time_limit, no_cache, converter, given_library(library, library_python)),
        estimate=EstimateOptions(threads=threads, kernels=Kernels(kernels) if kernels else None),
    )
    with sign_of_life(f"comparing {before} with {after or ' and '.join(targets)}"):
        result = compare(before, after, options)
    if html is not None:
        from npufit.report.compare import compare_page

        write(compare_page(result), html)
    page = page_for(color, to_file=output is not None)
    write(_render(form, result, page, everything=everything), output, page.color)
    failed = [gate for gate in result.gates if not gate.passed]
    if form is not None or output is not None:
        for gate in failed:
            click.echo(str(gate), err=True)
    return exit_codes.NOT_MET if failed else exit_codes.FINE


def _render(form: str | None, result: CompareResult, page: Page, *, everything: bool) -> str:
    from npufit.report import to_json
    from npufit.report.compare import compare_document, compare_markdown, compare_text

    if form == "json":
        return to_json(compare_document(result))
    if form == "markdown":
        return compare_markdown(result)
    return compare_text(result, page, everything=everything)
