"""Options that several commands have, written once."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.stacks import PlaceOptions
    from npufit.vdevice import Library

_Command = Callable[..., Any]


def tool_options(command: _Command, time_limit_s: float | None = 600.0, default: str | None = None) -> _Command:
    """Return `command` with the options for tools that run: --set, --vela, --time-limit and --no-cache.

    A time limit of None is one that depends on other options; `default` says how.
    """
    options = (
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            help="Override a setting of the chip profile for Vela: accelerator, system-config, memory-mode, config, "
            "arena-cache-size, optimise; for CHIP/direct also vela, the release that compiles.",
        ),
        click.option(
            "--vela",
            metavar="PATH",
            help="The vela executable for CHIP/vela and CHIP/direct, instead of the release that the target names.",
        ),
        click.option(
            "--time-limit",
            type=click.FloatRange(min=0, min_open=True),
            default=time_limit_s,
            show_default=default or True,
            help="Time limit in seconds for a compiler or converter.",
        ),
        click.option("--no-cache", is_flag=True, help="Compile again even if the result is cached."),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def library_options(command: _Command) -> _Command:
    """Return `command` with the options for a real library on a virtual NPU: --library and --library-python."""
    options = (
        click.option(
            "--library",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="A libteflon.so for CHIP/teflon: it runs here on a virtual NPU and decides instead of the rules; "
            "differences from them are listed.",
        ),
        click.option(
            "--library-python",
            envvar="NPUFIT_LIBRARY_PYTHON",
            metavar="CMD",
            help="Command of the Python that loads the library, such as 'qemu-aarch64 -L ROOT ROOT/usr/bin/python3'; "
            "default: npufit's own, or NPUFIT_LIBRARY_PYTHON.",
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def given_library(path: Path | None, python: str | None) -> Library | None:
    """Return the values of `library_options`, None without a library. Raises InputError if they cannot be read."""
    if path is None:
        return None
    from npufit.vdevice import Library

    example = "a command, such as 'qemu-aarch64 -L ROOT ROOT/bin/python3'"
    return Library(path, () if python is None else command_words(python, "--library-python", example))


def cpu_options(command: _Command) -> _Command:
    """Return `command` with the options for the CPU's share of predicted times: --threads and --kernels."""
    options = (
        click.option(
            "--threads",
            type=click.IntRange(1, 64),
            metavar="N",
            help="CPU threads assumed for the predicted times; default: all cores of the chip.",
        ),
        click.option(
            "--kernels",
            type=click.Choice(["builtin", "xnnpack"]),
            help="LiteRT's CPU kernels assumed for the predicted times; default: those of the chip's public "
            "measurements.",
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def place_options(
    settings: Sequence[str],
    vela: str | None,
    time_limit_s: float,
    no_cache: bool,
    converter: str | None = None,
    library: Library | None = None,
) -> PlaceOptions:
    """Return the values of `tool_options`, --converter and --library. Raises InputError if one cannot be read."""
    from npufit.stacks import PlaceOptions

    pairs: list[tuple[str, str]] = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise InputError(f"cannot read --set {setting}. Write NAME=VALUE, such as --set memory-mode=Shared_Sram.")
        pairs.append((name.strip(), value.strip()))
    expected = "the command line of neutron-converter"
    command = None if converter is None else command_words(converter, "--converter", expected)
    return PlaceOptions(tuple(pairs), command, time_limit_s, not no_cache, vela, library)


def command_words(command: str, option: str, expected: str) -> tuple[str, ...]:
    """Return the words of a command line. Raises InputError if it cannot be read or has none."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InputError(f"cannot read {option} {command!r}: {error}.") from None
    if not words:
        raise InputError(f"{option} is empty. Give {expected}.")
    return words


normalize_option = click.option(
    "--normalize",
    type=click.Choice(["auto", "-1..1", "0..1", "0..255"]),
    default="auto",
    show_default=True,
    help="The real values of black and white; auto derives them from the input's quantization (-1..1 if it has none).",
)


color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Use colour; auto respects NO_COLOR.",
)


def executor_options(command: _Command) -> _Command:
    """Return `command` with the options for work that is done in many pieces: --jobs and --executor."""
    options = (
        click.option(
            "--jobs", type=click.IntRange(min=1), metavar="N", help="Number of local workers; default: one per core."
        ),
        click.option(
            "--executor", metavar="WHERE", help="Where to work: local (the default), or dask://HOST:PORT for a cluster."
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


html_option = click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the answer as one HTML file, with the network as a graph. It needs no network access.",
)


def schema_option(command: str) -> Callable[[_Command], _Command]:
    """Return the option --json-schema, which prints the schema of `command --json` and exits."""

    def show(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
        if not wanted or context.resilient_parsing:
            return
        from npufit.report import published_schema

        click.echo(published_schema(command), nl=False)
        context.exit()

    return click.option(
        "--json-schema",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the schema of --json and exit.",
    )
