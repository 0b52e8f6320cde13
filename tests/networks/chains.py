"""Rows of operators with one input and one output each."""

from __future__ import annotations

from networks.elements import INT8, quantized
from npufit.graph import NOT_QUANTIZED, ElementType, Model, Operator, OtherOptions, SoftmaxOptions, Subgraph, Tensor

IMAGE = (1, 8, 8, 16)
_TENTHS = quantized(0.1)
_OPTIONS = {"SOFTMAX": SoftmaxOptions(beta=1.0)}


def tensor(name: str, shape: tuple[int, ...] = IMAGE, element: ElementType = INT8) -> Tensor:
    """Return a tensor, quantized where its type is an integer."""
    return Tensor(name, shape, element, NOT_QUANTIZED if element.is_float else _TENTHS)


def subgraph_of(*types: str, element: ElementType = INT8, prefix: str = "t") -> Subgraph:
    """Return a chain of operators with one input and one output each."""
    return Subgraph(
        tuple(tensor(f"{prefix}{index}", element=element) for index in range(len(types) + 1)),
        (0,),
        (len(types),),
        tuple(Operator(kind, (index,), (index + 1,), _OPTIONS.get(kind)) for index, kind in enumerate(types)),
    )


def chain(*types: str, element: ElementType = INT8, prefix: str = "t") -> Model:
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
