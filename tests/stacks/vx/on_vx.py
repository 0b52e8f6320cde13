"""Where the VX delegate of a BSP runs a model, and what it says."""

from __future__ import annotations

from npufit.graph import Model, OptionValue, OtherOptions, Quantization
from npufit.stacks import Placement, PlaceOptions, Target, load_stack
from npufit.tflite import parse_model, serialize_model

SCALED = Quantization((0.05,), (3,))
TWO_SCALES = Quantization((0.05, 0.06), (0, 0))


def other(table: str, **fields: OptionValue) -> OtherOptions:
    """Return the options of an operator that npufit has no type for."""
    return OtherOptions(table, tuple(fields.items()))


def as_file(model: Model) -> Model:
    """Return `model` as it is read back from a file."""
    return parse_model(bytes(serialize_model(model)), model.name)


def place(model: Model, version: str = "lf-6.6.36") -> Placement:
    """Return where the delegate of a BSP runs the operators of `model`."""
    stack = load_stack("vx")
    label = stack.resolve_version(version)
    assert label is not None
    return stack.place(model, Target("imx8mp", "vx", label), PlaceOptions())


def refusals(model: Model, version: str = "lf-6.6.36") -> list[str]:
    """Return the ids of the rules that keep operators off the NPU."""
    return [operator.finding.rule.id for operator in place(model, version).operators if operator.finding]


def hazards(model: Model, version: str = "lf-6.6.36") -> list[str]:
    """Return the ids of the hazards."""
    return [hazard.rule.id for hazard in place(model, version).hazards]
