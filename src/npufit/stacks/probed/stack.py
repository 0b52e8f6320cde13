"""The stack `probed`: placing by the rule file of a probe, of a target that npufit knows or of a converter alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from npufit.chips import chip_names
from npufit.errors import InputError
from npufit.graph import Model
from npufit.stacks.log import LogReport
from npufit.stacks.placement import Note, Placement, Setting
from npufit.stacks.probed.placing import place_by_limits
from npufit.stacks.probed.probed_rules import ProbedRules
from npufit.stacks.probed.rules import RULES
from npufit.stacks.rule import Evidence, Rule
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target, TargetInfo

NAME = "probed"


class ProbedStack:
    """A converter that is known by its answers to a probe."""

    name = NAME

    def describe(self, chip: str) -> TargetInfo:
        """Raise InputError: no chip has this stack, it comes with a rule file."""
        raise InputError(f"Chip file '{chip}': 'probed' is no stack of a chip. Give the rule file: -t FILE.")

    def resolve_version(self, version: str) -> None:
        """Return None: the version is that of the tool that answered."""

    def rules(self) -> tuple[Rule, ...]:
        """Return what a rule file can say of an operator."""
        return RULES

    def place(self, model: Model, target: Target, options: PlaceOptions) -> Placement:
        """Return where every operator runs by `options.probed`. Raises InputError without a rule file."""
        known = options.probed
        if known is None:
            raise InputError(f"{target}: placing needs the rule file that `npufit probe` wrote. Give it: -t FILE.")
        placed = place_by_limits(model, target, known)
        return replace(placed, settings=_settings(known), notes=_notes(known))

    def identify_tools(self, target: Target, options: PlaceOptions) -> tuple[str, ...]:
        """Return the digest of the rules: the same rules place alike, wherever their file is."""
        return (hashlib.sha256(repr(options.probed).encode()).hexdigest(),)

    def read_log(self, text: str, model: Model) -> LogReport | None:
        """Return None: the logs of converters belong to their stacks."""


def probed_target(known: ProbedRules) -> Target:
    """Return the target of rules that name none: the tool that answered, in the place of a chip."""
    tool = _name(known.program) or "converter"
    return Target(f"{tool}-converter" if tool in chip_names() else tool, NAME, _name(known.version))


def _name(text: str) -> str:
    """Return `text` with only those letters that the name of a target may have."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._+-") else "-" for letter in text)
    return kept.strip("-")[:40]


def _settings(known: ProbedRules) -> tuple[Setting, ...]:
    return (Setting("rules", known.name, known.source),)


def _notes(known: ProbedRules) -> tuple[Note, ...]:
    text = (
        f"Placed by the limits in {known.name}, which were found by asking the converter about generated models. "
        "Nobody asked it about this one."
    )
    return (Note(text, Evidence.INFERRED, known.source),)


STACK = ProbedStack()
