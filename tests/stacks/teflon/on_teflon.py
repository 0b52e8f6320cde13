"""Where Teflon of a release runs a model, and what it says."""

from __future__ import annotations

from npufit.graph import Model
from npufit.stacks import Placement, PlaceOptions, Target, load_stack

VERSIONS = ("25.3", "26.0", "26.1", "26.2.0", "26.2", "main")


def place(model: Model, version: str, chip: str = "imx93") -> Placement:
    """Return where Teflon of a release runs the operators of `model`."""
    return load_stack("teflon").place(model, Target(chip, "teflon", version), PlaceOptions())


def refusals(model: Model, version: str, chip: str = "imx93") -> list[str]:
    """Return the ids of the rules that keep operators off the NPU."""
    return [operator.finding.rule.id for operator in place(model, version, chip).operators if operator.finding]


def hazards(model: Model, version: str, chip: str = "imx93") -> list[str]:
    """Return the ids of the hazards."""
    return [hazard.rule.id for hazard in place(model, version, chip).hazards]
