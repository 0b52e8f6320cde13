"""Subgraphs of one operator around given tensors, and short ways to write these."""

from __future__ import annotations

from array import array

from npufit.graph import Buffer, ElementType, Model, Operator, Options, Subgraph, Tensor


def activation(*shape: int, element: ElementType = ElementType.FLOAT32) -> Tensor:
    """Return a tensor that is computed."""
    return Tensor("activation", shape, element)


def constant(
    values: list[int], element: ElementType = ElementType.INT32, shape: tuple[int, ...] | None = None
) -> Tensor:
    """Return a constant of integers, a vector unless a shape is given."""
    code = {ElementType.INT32: "i", ElementType.INT64: "q", ElementType.INT8: "b", ElementType.UINT8: "B"}[element]
    shape = (len(values),) if shape is None else shape
    return Tensor("constant", shape, element, buffer=Buffer(array(code, values).tobytes()))


def zeros(*shape: int, element: ElementType = ElementType.FLOAT32) -> Tensor:
    """Return a constant of zeros."""
    empty = Tensor("weights", shape, element)
    return Tensor("weights", shape, element, buffer=Buffer(bytes(empty.size_bytes)))


def single(kind: str, inputs: list[Tensor | None], outputs: list[Tensor], options: Options | None = None) -> Subgraph:
    """Return a subgraph of one operator; None stands for an input that is left out."""
    tensors = [tensor for tensor in inputs if tensor is not None] + outputs
    places = iter(range(len(tensors)))
    operator = Operator(
        kind,
        tuple(-1 if tensor is None else next(places) for tensor in inputs),
        tuple(next(places) for _ in outputs),
        options,
    )
    computed = tuple(index for index in operator.inputs if index >= 0 and not tensors[index].is_constant)
    return Subgraph(tuple(tensors), computed, operator.outputs, (operator,))


def as_model(subgraph: Subgraph) -> Model:
    """Return a model of one subgraph."""
    return Model("tiny", (subgraph,))
