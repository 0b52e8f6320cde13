"""`npufit check`: where each operator of a model runs on one or more targets, and why."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npufit.cli import exit_codes
from npufit.cli.options import color_option, schema_option, tool_options
from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.checking import CheckResult, GateResult
    from npufit.graph import Model
    from npufit.report.terminal_page import Page


def _schema() -> dict[str, Any]:
    from npufit.report.check.document import check_schema

    return check_schema()


@click.command("check")
@click.argument("model", metavar="MODEL")
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="CHIP/STACK[@VERSION], or a board's profile (.toml); may be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="List every operator, tensor and partition.")
@click.option("--json", "form", flag_value="json", help="Print JSON (its schema: --json-schema).")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0 for code-scanning services.")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown for a CI summary page.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead.")
@click.option(
    "--require",
    "gates",
    multiple=True,
    metavar="GATE",
    help="Fail (exit code 1) unless it holds on every target: npu-operators>=95%, npu-macs>=99%, partitions<=1, "
    "hazards==0, crashes==0, predicted-ms<=10, speed-up>=2, cpu-operators, unknown-operators, boundary-bytes; may be "
    "repeated.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Threads of the CPU in the predicted times; all cores of the chip where not given.",
)
@click.option(
    "--kernels",
    type=click.Choice(["builtin", "xnnpack"]),
    help="LiteRT's kernels on the CPU in the predicted times; those that were measured on the chip where not given.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="What the board or tool printed for this model (Teflon verbose, vela, neutron-converter, delegates): it "
    "decides, and differences from the rules are listed. '-' reads standard input.",
)
@click.option("--converter", metavar="CMD", help="Command line of neutron-converter, for imx95/neutron.")
@tool_options
@color_option
@schema_option(_schema)
def command(
    model: str,
    targets: tuple[str, ...],
    everything: bool,
    form: str | None,
    output: Path | None,
    gates: tuple[str, ...],
    threads: int | None,
    kernels: str | None,
    log: Path | None,
    converter: str | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """Where does each operator of MODEL run, why, and how long does it take?

    MODEL is a .tflite file, or a built-in network such as zoo:mobilenet_v2@320,int8 (see `npufit zoo`).

    \b
    npufit check model.tflite -t imx93/teflon@26.1
    npufit check model.tflite -t imx93/teflon@25.3 -t imx93/teflon@26.2 -t imx93/vela
    npufit check model.tflite -t imx93/vela --require 'npu-macs>=99%' --require hazards==0

    Exit codes: 0 fine, 1 a gate failed, 2 the input is wrong, 3 a needed tool is missing or failed.
    """
    from npufit.checking import check, choose_target, evaluate_gate, parse_gate
    from npufit.cli.output import page_for, sign_of_life, write
    from npufit.cost import EstimateOptions, Kernels
    from npufit.loading import load
    from npufit.stacks import PlaceOptions, prepare_stack

    if not targets:
        raise InputError("no target given. Name one with -t, such as -t imx93/teflon@26.1 (see `npufit targets`).")
    if log is not None and len(targets) > 1:
        raise InputError("--log belongs to one target. Give a single -t with it.")
    demands = [parse_gate(gate) for gate in gates]
    chosen = [choose_target(target, vela) for target in dict.fromkeys(targets)]
    chosen = [entry for position, entry in enumerate(chosen) if entry not in chosen[:position]]
    options = PlaceOptions(
        settings=parse_settings(settings),
        converter=_parse_converter(converter),
        time_limit_s=time_limit,
        use_cache=not no_cache,
        vela=vela,
    )
    for entry in chosen:
        prepare_stack(entry.target, options)
    network = load(model)
    text = _read_log(log)
    results: list[CheckResult] = []
    estimate_options = EstimateOptions(threads=threads, kernels=Kernels(kernels) if kernels else None)
    for entry in chosen:
        with sign_of_life(f"checking for {entry.target}"):
            results.append(check(network, entry, log=text, options=options, estimate_options=estimate_options))
    outcomes = [evaluate_gate(demand, result) for result in results for demand in demands]
    page = page_for(color, to_file=output is not None)
    write(_render(form, model, network, results, outcomes, everything, page), output, page.color)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if failed and (form is not None or output is not None):
        for outcome in failed:
            click.echo(str(outcome), err=True)
    return exit_codes.NOT_MET if failed else exit_codes.FINE


def _render(
    form: str | None,
    source: str,
    model: Model,
    results: Sequence[CheckResult],
    gates: Sequence[GateResult],
    everything: bool,
    page: Page,
) -> str:
    if form == "json":
        from npufit.report.check.document import check_json

        return check_json(model, results, gates)
    if form == "sarif":
        from npufit.report.check.sarif import check_sarif

        return check_sarif(results, source)
    if form == "markdown":
        from npufit.report.check.markdown import check_markdown

        return check_markdown(model, results, gates)
    from npufit.report.check.text import check_text, comparison_text, gates_text

    parts: list[str] = []
    if len(results) > 1:
        parts.append(comparison_text(results, page))
    parts += [check_text(result, page, everything=everything) for result in results]
    if gates:
        parts.append(gates_text(gates, page))
    return "\n\n".join(parts)


def parse_settings(settings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return `--set NAME=VALUE` options as pairs. Raises InputError where one has no name or no `=`."""
    pairs: list[tuple[str, str]] = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise InputError(f"cannot read --set {setting}. Write NAME=VALUE, such as --set memory-mode=Shared_Sram.")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def _parse_converter(command_line: str | None) -> tuple[str, ...] | None:
    if command_line is None:
        return None
    try:
        words = tuple(shlex.split(command_line))
    except ValueError as error:
        raise InputError(f"cannot read --converter {command_line!r}: {error}.") from None
    if not words:
        raise InputError("--converter is empty. Give the command line of neutron-converter.")
    return words


def _read_log(path: Path | None) -> str | None:
    from npufit.checking.check import MAX_LOG_BYTES

    if path is None:
        return None
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_LOG_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_LOG_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the log cannot be read: {error.strerror or error}.") from None
    return data.decode("utf-8", "replace")
