"""What a user wants to probe, as a converter: a target with its tool, a command line, or a converter of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from npufit.checking import choose_target
from npufit.errors import InputError, ToolError
from npufit.probing.asking.command_converter import CommandConverter, check_command
from npufit.probing.asking.converter import Converter
from npufit.probing.asking.library_converter import LibraryConverter
from npufit.probing.asking.neutron_converter import NeutronConverter
from npufit.probing.asking.vela_converter import VelaConverter
from npufit.probing.options import Command, ProbeOptions
from npufit.stacks import PlaceOptions, Target

Subject = str | Path | Target | Command | Converter
"""What can be probed: a target such as `imx93/vela@3.8`, a command, or any object that is a `Converter`."""


def choose_converter(subject: Subject, options: ProbeOptions) -> Converter:
    """Return what answers for `subject`. Raises InputError if it is wrong, ToolError if its tool is missing."""
    if isinstance(subject, Command):
        check_command(subject)
        return CommandConverter(subject, options.place.time_limit_s, options.memory_bytes)
    if not isinstance(subject, str | Path | Target):
        return subject
    place = options.place
    target = choose_target(subject, place.vela, place.library).target
    maker = _MAKERS.get(target.stack)
    if maker is None:
        known = "vela, neutron (with --converter) and teflon (with --library)"
        raise InputError(
            f"{target}: npufit has no tool of {target.stack} to ask. It can ask {known}, or any --command."
        )
    return maker(target, place, names_version="@" in str(subject))


def _vela(target: Target, place: PlaceOptions, *, names_version: bool) -> Converter:
    del names_version
    return VelaConverter.of(target, place)


def _neutron(target: Target, place: PlaceOptions, *, names_version: bool) -> Converter:
    from npufit.stacks.neutron import find_converter

    command = find_converter(place)
    if command is None:
        raise ToolError(
            f"{target.chip}/neutron: no converter was found. Give the command of NXP's neutron-converter "
            "(neutron-compiler from 3.2 on) with --converter, or put it on the PATH."
        )
    return NeutronConverter(target, command, place.time_limit_s, target.version if names_version else "")


def _teflon(target: Target, place: PlaceOptions, *, names_version: bool) -> Converter:
    del names_version
    if place.library is None:
        raise InputError(f"{target}: Teflon is a library. Give a build of it, libteflon.so, with --library.")
    return LibraryConverter.of(target, place.library, place.time_limit_s)


_MAKERS: dict[str, Callable[..., Converter]] = {"vela": _vela, "neutron": _neutron, "teflon": _teflon}
