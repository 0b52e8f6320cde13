"""Small models and shortcuts for the tests of the neutron stack."""

from __future__ import annotations

from npufit.graph import CUSTOM, ElementType, Model, Operator, Options, Subgraph, Tensor
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


def chain(*steps: tuple[str, tuple[int, ...], ElementType, Options | None]) -> Model:
    """Return a chain of one-input operators; each step is type, output shape, output element and options.

    The first step, of type INPUT, gives the graph's input. Types in lower case are custom operators.
    """
    tensors = [Tensor(f"t{index}", shape, element) for index, (_, shape, element, _) in enumerate(steps)]
    operators = [
        Operator(CUSTOM, (index,), (index + 1,), custom_code=kind)
        if kind.islower()
        else Operator(kind, (index,), (index + 1,), options)
        for index, (kind, _, _, options) in enumerate(steps[1:])
    ]
    graph = Subgraph(tuple(tensors), (0,), (len(tensors) - 1,), tuple(operators))
    return Model("chain.tflite", (graph,))


def rule_ids(placement: Placement) -> list[str]:
    """Return the rule of each operator's finding; empty where it has none."""
    return [operator.finding.rule.id if operator.finding else "" for operator in placement.operators]
