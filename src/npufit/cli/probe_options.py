"""Options that say which converters `npufit probe` asks, and how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npufit.cli.options import command_words
from npufit.errors import InputError

if TYPE_CHECKING:
    from npufit.probing import Command, Converter, ProbeOptions

_Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One converter as it was typed: a target with the command of its own converter, or a command."""

    target: str = ""
    converter: str | None = None
    command: Command | None = None

    @property
    def subject(self) -> str | Command:
        """What the library calls it."""
        return self.command or self.target


def converter_options(command: _Command) -> _Command:
    """Return `command` with the options that name converters."""
    options = (
        click.option(
            "--command",
            "commands",
            multiple=True,
            metavar="CMD",
            help="Ask this command line: it reads the model {input}, and may write {output}. Give --pattern or "
            "--custom-operator with it. May be repeated.",
        ),
        click.option(
            "--pattern",
            "patterns",
            multiple=True,
            metavar="REGEX",
            help=r"For --command: what it prints for each operator, with groups named index and unit, such as "
            r"'operator (?P<index>\d+): (?P<unit>NPU|CPU)'.",
        ),
        click.option(
            "--custom-operator",
            "custom_operators",
            multiple=True,
            metavar="NAME",
            help="For --command: the custom operator that stands for an NPU call in the file that it writes.",
        ),
        click.option(
            "--command-version", "versions", multiple=True, metavar="TEXT", help="For --command: its version."
        ),
        click.option("--for", "compiles_for", metavar="TARGET", help="For --command: the target that it compiles for."),
        click.option(
            "--converter",
            "converters",
            multiple=True,
            metavar="CMD",
            help="Command line of neutron-converter, for imx95/neutron. Twice: two SDKs, to see what differs.",
        ),
        click.option(
            "--memory",
            type=click.IntRange(min=64),
            default=8192,
            show_default=True,
            metavar="MIB",
            help="For --command: limit of its memory.",
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def budget_options(command: _Command) -> _Command:
    """Return `command` with the options that say what is asked, and how much."""
    options = (
        click.option("--operators", metavar="TYPE,…", help="Ask about these operator types only, such as CONV_2D,ADD."),
        click.option(
            "--groups/--no-groups", default=True, help="Ask about chains of operators too; default: --groups."
        ),
        click.option("--questions", type=click.IntRange(min=1), metavar="N", help="Ask at most so many questions."),
        click.option(
            "--minutes",
            type=click.FloatRange(min=0, min_open=True),
            metavar="M",
            help="Ask for at most so many minutes.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            metavar="N",
            help="The same seed asks the same questions.",
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def mode_options(command: _Command) -> _Command:
    """Return `command` with the options that ask something else than the limits of one converter."""
    existing = click.Path(path_type=Path, dir_okay=False)
    options = (
        click.option(
            "--explain",
            "explained",
            metavar="MODEL",
            help="Why does NXP's converter leave operators of MODEL on the CPU?",
        ),
        click.option(
            "--log", type=existing, metavar="FILE", help="For --explain: what the converter printed for MODEL."
        ),
        click.option(
            "--observed",
            multiple=True,
            metavar="MODEL=LOG",
            help="For --explain: another model, and what the converter printed for it, or the file that it wrote. "
            "May be repeated.",
        ),
        click.option(
            "--shrink", "shrunk", metavar="MODEL", help="Make MODEL as small as it gets and still fails; -o FILE."
        ),
        click.option(
            "--find",
            default="",
            metavar="WHAT",
            help="For --shrink: what must stay: crash, timeout, error, wrong, refused or refused:INDEX; default: what "
            "the converter does with MODEL.",
        ),
        click.option(
            "--models",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Write models to FOLDER: with --explain those of the next experiments, with two converters the "
            "smallest that show a difference.",
        ),
    )
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def converter_of(wanted: Wanted, options: ProbeOptions) -> Converter:
    """Return what answers for one of several converters. Raises InputError and ToolError."""
    from npufit.probing import choose_converter

    place = options.place
    if wanted.converter is not None:
        words = command_words(wanted.converter, "--converter", "the command line of neutron-converter")
        place = replace(place, converter=words)
    return choose_converter(wanted.subject, replace(options, place=place))


def wanted_converters(
    targets: Sequence[str],
    commands: Sequence[str],
    patterns: Sequence[str],
    custom_operators: Sequence[str],
    versions: Sequence[str],
    converters: Sequence[str],
) -> list[Wanted]:
    """Return the converters in the order in which they were typed, targets first. Raises InputError."""
    if not commands and (patterns or custom_operators or versions):
        raise InputError("--pattern, --custom-operator and --command-version belong to --command CMD.")
    if patterns and custom_operators:
        raise InputError("give --pattern or --custom-operator, not both: one way to read the answer.")
    for_targets = [*targets] * max(1, len(converters)) if len(targets) == 1 else [*targets]
    own = _each("--converter", converters, len(for_targets)) if for_targets else []
    if converters and not targets:
        raise InputError("--converter belongs to a target such as imx95/neutron.")
    found = [Wanted(target, converter) for target, converter in zip(for_targets, own, strict=True)]
    count = len(commands)
    rows = zip(
        commands,
        _each("--pattern", patterns, count),
        _each("--custom-operator", custom_operators, count),
        _each("--command-version", versions, count),
        strict=True,
    )
    return [*found, *(Wanted(command=_command(*row)) for row in rows)]


def _command(line: str, pattern: str | None, custom_operator: str | None, version: str | None) -> Command:
    from npufit.probing import Command

    example = "a command line such as 'tool {input} {output}'"
    return Command(command_words(line, "--command", example), pattern, custom_operator, version or "")


def _each(option: str, given: Sequence[str], count: int) -> list[str | None]:
    """Return one value for each of `count` converters: a single one is for all. Raises InputError."""
    if len(given) <= 1:
        return [given[0] if given else None] * count
    if len(given) != count:
        raise InputError(f"{option} was given {len(given)} times for {count} converters. Give one, or one for each.")
    return list(given)


def operator_types(text: str | None) -> tuple[str, ...]:
    """Return the operator types that --operators names."""
    return tuple(word.strip().upper() for word in (text or "").split(",") if word.strip())


def observed_logs(pairs: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    """Return the models and logs that --observed names. Raises InputError."""
    found: list[tuple[str, Path]] = []
    for pair in pairs:
        model, equals, log = pair.rpartition("=")
        if not equals or not model or not log:
            raise InputError(
                f"cannot read --observed {pair}. Write MODEL=LOG, such as --observed model.tflite=log.txt."
            )
        found.append((model, Path(log)))
    return tuple(found)
