"""NXP eIQ Neutron on i.MX95 as a stack."""

from __future__ import annotations

from dataclasses import replace

from npufit.child_process import identify_command
from npufit.chips import chips_of, load_chip
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.neutron.conversion_result import place_conversion
from npufit.stacks.neutron.converted import is_converted
from npufit.stacks.neutron.converter import convert, find_converter
from npufit.stacks.neutron.converter_target import converter_target
from npufit.stacks.neutron.deployment import place_converted
from npufit.stacks.neutron.log import read_log
from npufit.stacks.neutron.rules import RULES
from npufit.stacks.neutron.unconverted import place_plain, release_settings, unasked_notes
from npufit.stacks.neutron.versions import RELEASES, Release, find_release
from npufit.stacks.placement import Note, Placement
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo

_NOT_RUN = Note("The converter was not run: this file is already converted.", Evidence.EXECUTED, "the converted file")


class NeutronStack:
    """NXP's closed converter and its delegate.

    The strongest source decides: a converted file, else the converter itself, else the documented rules, which leave
    most operators unknown.
    """

    name = "neutron"

    def describe(self, chip: str) -> TargetInfo:
        """Return what is known about `chip`. Raises InputError if its file lacks the converter's name for it."""
        converter_target(chip)
        return TargetInfo(
            chip=chip,
            stack=self.name,
            versions=tuple(release.version for release in RELEASES),
            default_version=RELEASES[-1].version,
            evidence=Evidence.DOCUMENTED,
            basis="the converted file, the converter's log or the converter itself, if available; otherwise the "
            "few documented rules, and unknown for every other operator",
            missing="readable rules for Neutron-S, and any limit on tensor sizes; the converter is closed",
        )

    def resolve_version(self, version: str) -> str | None:
        """Return the release of the toolkit, SDK or converter version `version`, or None."""
        release = find_release(version)
        return None if release is None else release.version

    def versions_of_bsp(self, bsp: str) -> tuple[str, ...]:
        """Return the releases of the converter that are built for `bsp`, the oldest first."""
        number = bsp.removeprefix("lf-")
        return tuple(it.version for it in RELEASES if it.bsp.removeprefix("LF ").partition("_")[0] == number)

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return the converter's command with the digests of its files; empty without a converter."""
        command = find_converter(options)
        return () if command is None else identify_command(command)

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule and hazard of this stack."""
        return RULES

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator of `model` runs.

        Raises InputError for a chip or version that this stack does not know, ToolError if a converter was given or
        found but could not be used.
        """
        release = _release(target)
        if is_converted(model):
            placed = place_converted(model, target, release)
            return replace(
                placed,
                settings=(*release_settings(release), *placed.settings),
                notes=(*placed.notes, *([_NOT_RUN] if options.converter else [])),
            )
        plain = place_plain(model, target, release)
        command = find_converter(options)
        if command is None:
            return replace(plain, notes=(*unasked_notes(plain), *plain.notes))
        conversion = convert(model, command, converter_target(target.chip), options.time_limit_s)
        return place_conversion(plain, model, conversion, release)

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a log of the converter or of the delegate says, or None if `text` is neither."""
        return read_log(text, model)


def _release(target: Target) -> Release:
    release = find_release(target.version) if load_chip(target.chip).stack_settings("neutron") else None
    if release is None:
        known = ", ".join(f"{chip}/neutron@{release.version}" for chip in chips_of("neutron") for release in RELEASES)
        raise InputError(f"{target}: not a target of the neutron stack. Known targets: {known}.")
    return release
