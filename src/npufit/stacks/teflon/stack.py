"""The stack `teflon`: targets, versions, placement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from npufit.chips import load_chip
from npufit.errors import InputError, InternalError, NpufitError
from npufit.formatting import shorten
from npufit.graph import Model
from npufit.stacks.delegates import place_by_rules
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Placement, Setting, Unit
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo
from npufit.stacks.teflon import frontend
from npufit.stacks.teflon.check import SHAPE_UNKNOWN
from npufit.stacks.teflon.drivers import DRIVERS, Driver
from npufit.stacks.teflon.hazards import HAZARDS, LIBRARY_CRASH
from npufit.stacks.teflon.log import read_teflon_log
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.placing import TeflonDelegate
from npufit.stacks.teflon.release import LATEST, Release, find_release
from npufit.stacks.teflon.rounding import rounding_note

if TYPE_CHECKING:
    from npufit.vdevice import Library

_BASIS = {
    "ethosu": "rules read in Mesa's source and checked against what two builds accepted",
    "etnaviv": "rules read in Mesa's source of the 26.1 era and checked against what Debian's 26.1.6 and 26.2.6 "
    "accepted; inferred for other releases",
    "rocket": "rules read in Mesa's source of the 26.1 era and checked against what Debian's 26.1.6 and 26.2.6 "
    "accepted; inferred for other releases",
}
_MISSING = {
    "ethosu": "no run on a board; the frontend of main is unread; Debian's mesa-teflon-delegate 26.1.6 and 26.2.6 are "
    "built without this driver, and crash on a kernel that has it (build Mesa with -Dgallium-drivers=ethosu "
    "-Dteflon=true)",
    "etnaviv": "no run on a board; only crashes are known of this driver's own hazards; the frontend of main is unread",
    "rocket": "no run on a board; the frontend of main is unread",
}


class TeflonStack:
    """Mesa's Teflon delegate. Its rules decide, unless a build of it is given, which a virtual device runs here."""

    name = "teflon"

    def describe(self, chip: str) -> TargetInfo:
        """Return what is known about `chip`. Raises InputError if its file names no Mesa driver with rules."""
        driver = _driver(chip)
        return TargetInfo(
            chip=chip,
            stack=self.name,
            versions=tuple(release.label for release in Release),
            default_version=LATEST.label,
            evidence=Evidence.SOURCE if driver.name == "ethosu" else Evidence.INFERRED,
            basis=_BASIS[driver.name],
            missing=_MISSING[driver.name],
        )

    def resolve_version(self, version: str) -> str | None:
        """Return the release whose rules apply to `version`: a point release belongs to its series."""
        release = find_release(version)
        return None if release is None else release.label

    def rules(self) -> tuple[Rule, ...]:
        """Return the rules of the frontend and of every driver, and the hazards."""
        refusals = [check.rule for check in frontend.CHECKS]
        for driver in DRIVERS.values():
            refusals += driver.rules
        hazards = dict.fromkeys(rule for rule, _, _ in HAZARDS)
        return (*refusals, SHAPE_UNKNOWN, frontend.MAIN_UNREAD, *hazards, LIBRARY_CRASH)

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator runs, by the rules of the target's release."""
        release = find_release(target.version)
        if release is None:
            raise InternalError(f"{target}: the version was not resolved")
        driver = _driver(target.chip)
        placed = place_by_rules(model, target, TeflonDelegate(target.chip, driver), release)
        placed = replace(
            placed,
            settings=(
                Setting("Mesa driver", driver.name, f"the driver of {target.chip}'s NPU"),
                Setting("Mesa release", release.label, "target"),
            ),
            notes=_notes(model, placed, driver, release),
        )
        if options.library is None:
            return placed
        from npufit.stacks.teflon.library import place_by_library

        return place_by_library(model, placed, driver.name, options.library, options.time_limit_s)

    def version_of_library(self, library: Library) -> str | None:
        """Return the release that the file of `library` names, None if it names none that npufit knows.

        Raises InputError if it is no libteflon, or not for its Python.
        """
        from npufit.stacks.teflon.library import release_of
        from npufit.vdevice import inspect_library

        release = release_of(inspect_library(library))
        return None if release is None else release.label

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return the digest of the library that decides, and the Python that loads it; nothing if the rules decide."""
        if options.library is None:
            return ()
        from npufit.vdevice import inspect_library

        try:
            return inspect_library(options.library).sha256, *options.library.python
        except NpufitError as error:
            return (str(error),)

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return what a TEFLON_DEBUG=verbose log says, None if it is not one."""
        return read_teflon_log(text, model)


def _driver(chip: str) -> Driver:
    """Return the Mesa driver for the NPU of `chip`."""
    fact = load_chip(chip).stack_settings("teflon").get("driver")
    if fact is None:
        raise InputError(f"Chip file '{chip}': [stacks.teflon] needs a driver. Known: {', '.join(DRIVERS)}.")
    if fact.value not in DRIVERS:
        known = f"Known: {', '.join(DRIVERS)}."
        raise InputError(f"Chip file '{chip}': no rules of a Mesa driver '{shorten(str(fact.value))}'. {known}")
    return DRIVERS[str(fact.value)]


def _notes(model: Model, placed: Placement, driver: Driver, release: Release) -> tuple[Note, ...]:
    accepted = (
        Node(model.subgraphs[operator.id.subgraph], operator.id.index, model.operator(operator.id))
        for operator in placed.operators
        if operator.unit is Unit.NPU
    )
    rounding = rounding_note(accepted, release) if driver.name == "ethosu" else None
    return (*([rounding] if rounding else []), *_release_notes(driver, release))


def _release_notes(driver: Driver, release: Release) -> tuple[Note, ...]:
    if release is Release.MAIN:
        text = "Teflon of Mesa's main branch was not read; it is assumed to be as in 26.2."
        return (Note(text, Evidence.INFERRED, "Mesa src/gallium/drivers of main, without its Teflon frontend"),)
    if driver.name != "ethosu" or release < Release.M26_1:
        return ()
    return (
        Note(
            "Debian's mesa-teflon-delegate (26.1.6-1, 26.2.6-1) is built without the ethosu driver: on a board whose "
            'kernel has it, it prints "ethosu: driver missing" and crashes the process. Build Mesa with '
            "-Dgallium-drivers=ethosu -Dteflon=true.",
            Evidence.EXECUTED,
            "Debian's arm64 binaries 26.1.6-1 and 26.2.6-1 on a virtual device whose driver is named ethosu",
        ),
    )
