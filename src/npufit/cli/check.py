"""`npufit check`: where each operator of a model runs on one or more targets, and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from npufit.errors import InputError
from npufit.formatting import printable

if TYPE_CHECKING:
    from npufit.checking import CheckResult, GateResult
    from npufit.report import Page
    from npufit.report.check import NodeQuantity


@click.command("check")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="CHIP/STACK[@VERSION], or a file (.toml): a board's profile, or the rules of a probe; may be repeated.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print the full report: every reason, source, time and partition.")
@click.option("--all", "everything", is_flag=True, help="List every operator, tensor and partition.")
@click.option("--json", "form", flag_value="json", help="Print JSON (its schema: --json-schema).")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0 for code-scanning services.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown for a CI summary page.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead of printing."
)
@html_option
@click.option(
    "--model-explorer",
    "node_data",
    multiple=True,
    metavar="[WHAT=]FILE",
    help="Also write node data for Google's Model Explorer. WHAT is unit, partition, time or hazard; without it, all "
    "as one text. May be repeated; takes a single -t.",
)
@click.option(
    "--require",
    "gates",
    multiple=True,
    metavar="GATE",
    help="Fail (exit code 1) unless it holds on every target: npu-operators>=95%, npu-macs>=99%, partitions<=1, "
    "hazards==0, crashes==0, predicted-ms<=10, speed-up>=2, cpu-operators, unknown-operators, boundary-bytes. "
    "May be repeated.",
)
@cpu_options
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Output of the board or tool for this model (Teflon verbose, vela, neutron-converter, delegates). It "
    "decides; differences from the rules are listed. '-' reads standard input.",
)
@click.option(
    "--measured",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    metavar="FOLDER",
    help="Also look here for measurements of MODEL (npufit bench), beside those in your own folder. May be repeated.",
)
@library_options
@click.option("--converter", metavar="CMD", help="Command line of neutron-converter, for imx95/neutron.")
@tool_options
@color_option
@schema_option("check")
def command(
    models: tuple[str, ...],
    targets: tuple[str, ...],
    verbose: bool,
    everything: bool,
    form: str | None,
    output: Path | None,
    html: Path | None,
    node_data: tuple[str, ...],
    gates: tuple[str, ...],
    threads: int | None,
    kernels: str | None,
    log: Path | None,
    measured: tuple[Path, ...],
    library: Path | None,
    library_python: str | None,
    converter: str | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Where does each operator of MODEL run, why, and how long does it take?

    MODEL is a .tflite file or a built-in network such as zoo:mobilenet_v2@320,int8 (see `npufit zoo`). Several are
    checked one after the other.

    \b
    npufit check model.tflite -t imx93/teflon@26.1
    npufit check model.tflite -t imx93/teflon@25.3 -t imx93/teflon@26.2 -t imx93/vela
    npufit check model.tflite -t imx93/teflon@25.3 --html check.html
    npufit check model.tflite -t imx93/teflon@25.3 --library libteflon.so
    npufit check model.tflite -t imx93/vela --model-explorer nodes.json --model-explorer time=times.json
    npufit check model.tflite -t imx93/vela --require 'npu-macs>=99%' --require hazards==0

    Exit codes: 0 fine, 1 a gate failed, 2 the input is wrong, 3 a needed tool is missing or failed.
    """
    from npufit.checking import CheckOptions, check_targets
    from npufit.cli.output import page_for, require_page_file, sign_of_life, write
    from npufit.cost import EstimateOptions, Kernels
    from npufit.measurements import default_folder

    if not targets:
        raise InputError("no target given. Name one with -t, such as -t imx93/teflon@26.1 (see `npufit targets`).")
    require_page_file(html, *models)
    node_data_files = _node_data_files(node_data, targets)
    _require_single(models, form in _OF_ONE_MODEL or html or node_data or log)
    options = CheckOptions(
        log=_read_standard_input() if str(log) == "-" else log,
        require=gates,
        place=place_options(settings, vela, time_limit, no_cache, converter, given_library(library, library_python)),
        estimate=EstimateOptions(threads=threads, kernels=Kernels(kernels) if kernels else None),
        others=True,
        measured=(default_folder(), *measured),
    )
    with sign_of_life(f"checking for {', '.join(targets)}"):
        checked = [(model, check_targets(model, targets, options)) for model in models]
    source, results = checked[0]
    if html is not None:
        write(_html(source, results), html)
    for path, quantity in node_data_files.items():
        write(_node_data(results[0], quantity), path)
    page = page_for(color, to_file=output is not None)
    texts = [_render(form, model, found, page, verbose=verbose, everything=everything) for model, found in checked]
    write("\n\n".join(texts), output, page.color)
    failed = [(model, gate) for model, found in checked for gate in _failed(found)]
    if form is not None or output is not None:
        for model, gate in failed:
            click.echo(f"{printable(model)}: {gate}" if len(models) > 1 else str(gate), err=True)
    return exit_codes.NOT_MET if failed else exit_codes.FINE


_OF_ONE_MODEL = ("json", "sarif")


def _require_single(models: Sequence[str], is_of_one: object) -> None:
    """Raise InputError if there are several models and what was asked for is about one."""
    if is_of_one and len(models) > 1:
        raise InputError(
            "--json, --sarif, --html, --model-explorer and --log are about one MODEL, but "
            f"{len(models)} were given. Run them once for each."
        )


def _failed(results: Sequence[CheckResult]) -> list[GateResult]:
    return [gate for result in results for gate in result.gates if not gate.passed]


def _render(
    form: str | None, source: str, results: Sequence[CheckResult], page: Page, *, verbose: bool, everything: bool
) -> str:
    model, gates = results[0].model, [gate for result in results for gate in result.gates]
    if form == "json":
        from npufit.report import to_json
        from npufit.report.check import check_document

        return to_json(check_document(model, results, gates))
    if form == "sarif":
        from npufit.report.check import check_sarif

        return check_sarif(results, source)
    if form == "markdown":
        from npufit.report.check import check_markdown

        return check_markdown(model, results, gates)
    parts: list[str] = []
    if verbose or everything:
        from npufit.report.check import check_text, comparison_text

        parts += [comparison_text(results, page)] if len(results) > 1 else []
        parts += [check_text(result, page, everything=everything) for result in results]
    else:
        from npufit.report.check import check_screen, targets_screen

        is_single = len(results) == 1
        parts.append(check_screen(results[0], source, page) if is_single else targets_screen(results, source, page))
    if gates:
        from npufit.report.check import gates_text

        parts.append(gates_text(gates, page))
    return "\n\n".join(parts)


def _html(source: str, results: Sequence[CheckResult]) -> str:
    from npufit.report.check import check_page

    return check_page(results[0].model, results, source, [gate for result in results for gate in result.gates])


def _node_data_files(entries: Sequence[str], targets: Sequence[str]) -> dict[Path, NodeQuantity]:
    """Return what each file of --model-explorer shows. Raises InputError."""
    if not entries:
        return {}
    from npufit.files import require_output_file
    from npufit.report.check import NodeQuantity

    if len(targets) > 1:
        raise InputError("--model-explorer shows one target, but several were given. Give a single -t with it.")
    found: dict[Path, NodeQuantity] = {}
    for entry in entries:
        quantity, _, name = entry.partition("=")
        if not name or quantity not in tuple(NodeQuantity):
            quantity, name = NodeQuantity.ALL, entry
        require_output_file(Path(name), overwrite=True)
        found[Path(name)] = NodeQuantity(quantity)
    return found


def _node_data(result: CheckResult, quantity: NodeQuantity) -> str:
    from npufit.report.check import check_node_data

    return check_node_data(result, quantity)


def _read_standard_input() -> str:
    from npufit.checking import MAX_LOG_BYTES

    return sys.stdin.buffer.read(MAX_LOG_BYTES + 1).decode("utf-8", "replace")
