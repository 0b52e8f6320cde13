"""Small models for the tests of the Vela stack, and how they are placed."""

from __future__ import annotations

from npufit.graph import (
    NOT_QUANTIZED,
    ElementType,
    Model,
    Operator,
    OtherOptions,
    Quantization,
    SoftmaxOptions,
    Subgraph,
    Tensor,
)
from npufit.stacks.placement import OperatorPlacement, Placement
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target
from npufit.stacks.vela import STACK

TARGET = Target("imx93", "vela", "5.2")
IMAGE = (1, 8, 8, 16)
INT8 = Quantization((0.1,), (0,))
_OPTIONS = {"SOFTMAX": SoftmaxOptions(beta=1.0)}


def place(
    model: Model, settings: tuple[tuple[str, str], ...] = (), time_limit_s: float = 120.0, use_cache: bool = True
) -> Placement:
    """Return the placement of `model` on the i.MX 93 with Vela."""
    return STACK.place(model, TARGET, PlaceOptions(settings, None, time_limit_s, use_cache))


def tensor(name: str, shape: tuple[int, ...] = IMAGE, element: ElementType = ElementType.INT8) -> Tensor:
    """Return a tensor, quantized where its type is an integer."""
    return Tensor(name, shape, element, NOT_QUANTIZED if element.is_float else INT8)


def subgraph_of(*types: str, element: ElementType = ElementType.INT8, prefix: str = "t") -> Subgraph:
    """Return a chain of operators with one input and one output each."""
    return Subgraph(
        tuple(tensor(f"{prefix}{index}", element=element) for index in range(len(types) + 1)),
        (0,),
        (len(types),),
        tuple(Operator(kind, (index,), (index + 1,), _OPTIONS.get(kind)) for index, kind in enumerate(types)),
    )


def chain(*types: str, element: ElementType = ElementType.INT8, prefix: str = "t") -> Model:
    """Return a model that is such a chain."""
    return Model("chain", (subgraph_of(*types, element=element, prefix=prefix),))


def with_call() -> Model:
    """Return a model whose first subgraph calls the second."""
    main = subgraph_of("RELU", "CALL")
    call = Operator("CALL", (1,), (2,), OtherOptions("CallOptions", (("subgraph", 1),)))
    operators = (main.operators[0], call)
    return Model(
        "call", (Subgraph(main.tensors, main.inputs, main.outputs, operators), subgraph_of("RELU6", prefix="b"))
    )


def units(placement: Placement) -> list[str]:
    """Return the unit of every operator."""
    return [str(operator.unit) for operator in placement.operators]


def on_cpu(placement: Placement) -> dict[int, OperatorPlacement]:
    """Return the operators on the CPU by index."""
    return {operator.index: operator for operator in placement.operators if operator.unit == "cpu"}
