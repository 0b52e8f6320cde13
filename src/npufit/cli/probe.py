"""`npufit probe`: the limits of a converter, found by asking it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from npufit.cli.options import (
    color_option,
    executor_options,
    given_library,
    library_options,
    place_options,
    schema_option,
    tool_options,
)
from npufit.cli.probe_options import budget_options, converter_options, operator_types, wanted_converters
from npufit.cli.probe_replies import Reply, probe_reply
from npufit.errors import InputError

_QUESTION_LIMIT_S = 60.0
"""A question is a small model; a converter that takes longer hangs."""


@click.command("probe")
@click.argument("targets", metavar="[TARGET]", nargs=-1)
@converter_options
@budget_options
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the limits as a rule file (.toml), which -t of check, fit and sweep takes as a target.",
)
@click.option("--json", "form", flag_value="json", help="Print JSON (its schema: --json-schema).")
@click.option("--markdown", "form", flag_value="markdown", help="Print Markdown.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write one HTML file, with heat maps of what was asked and the limits drawn. It needs no network access.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file instead of printing."
)
@click.option("-v", "--verbose", is_flag=True, help="Show every limit, and what was asked along every axis.")
@executor_options
@click.option(
    "--cache",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep answers in this file, which several probes may share; default: in npufit's cache folder.",
)
@library_options
@partial(tool_options, time_limit_s=_QUESTION_LIMIT_S)
@color_option
@schema_option("probe")
def command(
    targets: tuple[str, ...],
    commands: tuple[str, ...],
    patterns: tuple[str, ...],
    custom_operators: tuple[str, ...],
    versions: tuple[str, ...],
    compiles_for: str | None,
    converters: tuple[str, ...],
    memory: int,
    operators: str | None,
    groups: bool,
    questions: int | None,
    minutes: float | None,
    seed: int,
    rules: Path | None,
    form: str | None,
    html: Path | None,
    output: Path | None,
    verbose: bool,
    jobs: int | None,
    executor: str | None,
    cache: Path | None,
    library: Path | None,
    library_python: str | None,
    settings: tuple[str, ...],
    vela: str | None,
    time_limit: float,
    no_cache: bool,
    color: str,
) -> int:
    """What does a converter take, and what are its limits? npufit makes small models and asks.

    TARGET is one whose compiler runs here, such as imx93/vela@3.8. Any other converter is a --command. Answers are
    kept: a probe that was interrupted continues where it was.

    \b
    npufit probe imx93/vela@5.2 --operators CONV_2D,ADD
    npufit probe imx95/neutron --converter /opt/eiq/neutron-converter --rules neutron.toml --html neutron.html
    npufit probe imx93/teflon@25.3 --library libteflon.so
    npufit probe --command 'tool {input} {output}' --pattern 'operator (?P<index>\\d+): (?P<unit>NPU|CPU)'
    npufit probe --command 'tool -o {output} {input}' --custom-operator NeutronGraph --minutes 10
    npufit check model.tflite -t neutron.toml

    Exit codes: 0 fine, 2 the input is wrong, 3 the tool cannot be started or never answered, 130 interrupted (what is
    known is printed).
    """
    from npufit.cli.output import require_page_file
    from npufit.probing import ProbeOptions

    require_page_file(html)
    require_page_file(rules)
    wanted = wanted_converters(targets, commands, patterns, custom_operators, versions, converters)
    if not wanted:
        raise InputError("name what to probe: a target such as imx93/vela, or --command 'tool {input} {output}'.")
    notes: list[str] = []
    given = given_library(library, library_python)
    options = ProbeOptions(
        operators=operator_types(operators),
        groups=groups,
        questions=questions,
        minutes=minutes,
        seed=seed,
        place=place_options(settings, vela, time_limit, no_cache, wanted[0].converter, given),
        memory_bytes=memory << 20,
        target=compiles_for or "",
        executor=executor,
        workers=jobs,
        cache=cache,
        use_cache=not no_cache,
        note=notes.append,
    )
    reply = probe_reply(wanted[0].subject, options, rules)
    for note in notes:
        click.echo(f"npufit: {note}", err=True)
    _print(reply, form, html, output, color, everything=verbose)
    return reply.exit_code


def _print(
    reply: Reply, form: str | None, html: Path | None, output: Path | None, color: str, *, everything: bool
) -> None:
    """Write what was answered in the form that was asked for, and the page."""
    from npufit.cli.output import page_for, write

    page = page_for(color, to_file=output is not None)
    if form == "json":
        from npufit.report import to_json

        text = to_json(reply.document)
    elif form == "markdown" and reply.markdown is not None:
        text = reply.markdown()
    else:
        text = reply.text(page, everything)
    write(text, output, page.color)
    if html is not None and reply.page is not None:
        write(reply.page(), html)
