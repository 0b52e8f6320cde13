"""Where Vela on the i.MX 93 runs a model."""

from __future__ import annotations

from npufit.graph import Model
from npufit.stacks import OperatorPlacement, Placement, PlaceOptions, Target
from npufit.stacks.vela import STACK

TARGET = Target("imx93", "vela", "5.2")


def place(
    model: Model, settings: tuple[tuple[str, str], ...] = (), time_limit_s: float = 120.0, use_cache: bool = True
) -> Placement:
    """Return the placement of `model` on the i.MX 93 with Vela."""
    return STACK.place(model, TARGET, PlaceOptions(settings, None, time_limit_s, use_cache))


def units(placement: Placement) -> list[str]:
    """Return the unit of every operator."""
    return [str(operator.unit) for operator in placement.operators]


def on_cpu(placement: Placement) -> dict[int, OperatorPlacement]:
    """Return the operators on the CPU by index."""
    return {operator.id.index: operator for operator in placement.operators if operator.unit == "cpu"}
