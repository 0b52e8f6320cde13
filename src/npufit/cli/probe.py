"""`npufit probe`: the limits of a converter, found by asking it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from npufit.cli import exit_codes
from npufit.cli.options import (
    color_option,
    command_words,
    executor_options,
    given_library,
    library_options,
    place_options,
    tool_options,
)
from npufit.cli.probe_options import (
    budget_options,
    converter_of,
    converter_options,
    mode_options,
    observed_logs,
    operator_types,
    wanted_converters,
)
from npufit.cli.probe_replies import Reply, difference_reply, explain_reply, probe_reply, shrink_reply
from npufit.errors import InputError


@click.command("probe")
@click.argument("targets", metavar="[TARGET [TARGET]]", nargs=-1)
@converter_options
@budget_options
@mode_options
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
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file instead of printing; with --shrink the smallest model.",
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
@partial(tool_options, time_limit_s=None, default="10 for a question; 600 for a MODEL")
@color_option
@click.option("--json-schema", "wants_schema", is_flag=True, help="Print the schema of --json and exit.")
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
    explained: str | None,
    log: Path | None,
    observed: tuple[str, ...],
    shrunk: str | None,
    find: str,
    models: Path | None,
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
    time_limit: float | None,
    no_cache: bool,
    color: str,
    wants_schema: bool,
) -> int:
    """What does a converter take, and what are its limits? npufit makes small models and asks.

    TARGET is one whose compiler runs here, such as imx93/vela@3.8. Any other converter is a --command. Answers are
    kept: a probe that was interrupted continues where it was. Two converters: what one takes and the other does not.

    \b
    npufit probe imx93/vela@5.2 --operators CONV_2D,ADD
    npufit probe imx95/neutron --converter /opt/eiq/neutron-converter --rules neutron.toml --html neutron.html
    npufit probe imx93/teflon@25.3 --library libteflon.so
    npufit probe --command 'tool {input} {output}' --pattern 'operator (?P<index>\\d+): (?P<unit>NPU|CPU)'
    npufit probe --command 'tool -o {output} {input}' --custom-operator NeutronGraph --minutes 10
    npufit check model.tflite -t neutron.toml
    npufit probe imx95/neutron --explain model.tflite --log converter.log
    npufit probe imx93/vela@3.8 imx93/vela@5.2 --operators CONV_2D --models examples
    npufit probe imx93/vela --shrink model.tflite -o smallest.tflite

    Exit codes: 0 fine, 2 the input is wrong, 3 the tool cannot be started or never answered, 130 interrupted (what is
    known is printed).
    """
    from npufit.cli.output import require_page_file
    from npufit.probing import QUESTION_LIMIT_S, ProbeOptions
    from npufit.stacks import PlaceOptions

    targets = targets or (("imx95/neutron",) if explained is not None else ())
    wanted = wanted_converters(targets, commands, patterns, custom_operators, versions, converters)
    mode = _mode(explained, shrunk, len(wanted))
    if wants_schema:
        from npufit.report import published_schema

        click.echo(published_schema("probe", mode), nl=False)
        return exit_codes.FINE
    if not wanted:
        raise InputError("name what to probe: a target such as imx93/vela, or --command 'tool {input} {output}'.")
    _require_fitting(mode, "explain", {"--log": log, "--observed": observed})
    _require_fitting(mode, "shrink", {"--find": find})
    _require_fitting(mode, "", {"--rules": rules, "--html": html})
    if form == "markdown" and mode in ("explain", "shrink"):
        raise InputError(f"--markdown is for limits and differences, not for {_MODES[mode]}. Use --json.")
    require_page_file(html)
    require_page_file(rules)
    notes: list[str] = []
    given = given_library(library, library_python)
    limit = time_limit or (PlaceOptions().time_limit_s if mode in ("explain", "shrink") else QUESTION_LIMIT_S)
    place = place_options(settings, vela, limit, no_cache, wanted[0].converter, given)
    options = ProbeOptions(
        operators=operator_types(operators),
        groups=groups,
        questions=questions,
        minutes=minutes,
        seed=seed,
        place=place,
        memory_bytes=memory << 20,
        target=compiles_for or "",
        executor=executor,
        workers=jobs,
        cache=cache,
        use_cache=not no_cache,
        note=notes.append,
    )
    if explained is not None:
        from npufit.probing.explaining import ExplainOptions

        others = tuple(
            command_words(it.converter, "--converter", "a command line") for it in wanted[1:] if it.converter
        )
        own = ExplainOptions(log, observed_logs(observed), place, others, note=notes.append)
        reply = explain_reply(explained, wanted[0].target, own, models)
    elif shrunk is not None:
        from npufit.probing.shrinking import ShrinkOptions

        reply = shrink_reply(shrunk, wanted[0].subject, ShrinkOptions(find, probe=options), output)
        output = None
    elif len(wanted) > 1:
        first, second = (converter_of(it, options) for it in wanted)
        reply = difference_reply(first, second, options, models)
    else:
        reply = probe_reply(wanted[0].subject, options, rules)
    for note in notes:
        click.echo(f"npufit: {note}", err=True)
    _print(reply, form, html, output, color, everything=verbose)
    return reply.exit_code


def _mode(explained: str | None, shrunk: str | None, converters: int) -> str:
    """Return which of its documents the command makes, as their schemas are called. Raises InputError."""
    if explained is not None and shrunk is not None:
        raise InputError("--explain and --shrink are two questions. Ask one after the other.")
    if explained is not None:
        return "explain"
    most = 1 if shrunk is not None else 2
    if converters > most:
        raise InputError(f"{converters} converters: give {'one to ask' if most == 1 else 'one, or two to compare'}.")
    if shrunk is not None:
        return "shrink"
    return "difference" if converters > 1 else ""


_MODES = {
    "": "a probe of one converter",
    "explain": "--explain MODEL",
    "shrink": "--shrink MODEL",
    "difference": "two converters",
}


def _require_fitting(mode: str, own: str, options: Mapping[str, object]) -> None:
    """Raise InputError if one of `options` was given, which belong to the mode `own`, and the mode is another."""
    given = [name for name, value in options.items() if value]
    if given and mode != own:
        raise InputError(f"{given[0]} is for {_MODES[own]}, not for {_MODES[mode]}.")


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
