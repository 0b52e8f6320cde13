"""Where the neutron stack of i.MX95 runs a model."""

from __future__ import annotations

from npufit.graph import Model
from npufit.stacks.neutron import STACK
from npufit.stacks.placement import Placement
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target
from npufit.zoo import build, parse_spec


def zoo(text: str) -> Model:
    """Return the network of the zoo that `text` names."""
    return build(parse_spec(text))


def place(model: Model, version: str = "1.16", **options: object) -> Placement:
    """Return the placement on i.MX95 with `version`."""
    return STACK.place(model, Target("imx95", "neutron", version), PlaceOptions(**options))  # pyright: ignore[reportArgumentType]


def rule_ids(placement: Placement) -> list[str]:
    """Return the rule of each operator's finding; empty where it has none."""
    return [operator.finding.rule.id if operator.finding else "" for operator in placement.operators]
