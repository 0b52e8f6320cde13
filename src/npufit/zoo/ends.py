"""The surroundings of a finished graph: conversions at its ends, a dynamic batch, a signature."""

from __future__ import annotations

from dataclasses import replace

from npufit.graph import OPERATOR_TYPES, ElementType, Model, Operator, Quantization, Signature, Subgraph, Tensor
from npufit.zoo.spec import Boundary

_UINT8_SHIFT = 128


def convert_ends(subgraph: Subgraph, boundary: Boundary) -> Subgraph:
    """Return an int8 graph with operators at its ends that convert from and to the element type of `boundary`.

    Inputs and outputs that are not int8 stay unchanged.
    """
    if boundary is Boundary.INT8:
        return subgraph
    tensors = list(subgraph.tensors)

    def convert(index: int) -> int:
        """Return the index of the tensor that the caller of the network sees in place of `index`."""
        inner = tensors[index]
        if inner.element is not ElementType.INT8:
            return index
        tensors.append(_outside(inner, boundary))
        tensors[index] = replace(inner, name=f"{inner.name}/{inner.element}")
        return len(tensors) - 1

    def link(kind: str, source: tuple[int, ...], target: tuple[int, ...]) -> tuple[Operator, ...]:
        version = OPERATOR_TYPES[kind].int8_version
        return tuple(
            Operator(kind, (before,), (after,), version=version)
            for before, after in zip(source, target, strict=True)
            if before != after
        )

    inputs, outputs = tuple(map(convert, subgraph.inputs)), tuple(map(convert, subgraph.outputs))
    enter = link("QUANTIZE", inputs, subgraph.inputs)
    leave = link("DEQUANTIZE" if boundary is Boundary.FLOAT else "QUANTIZE", subgraph.outputs, outputs)
    operators = (*enter, *subgraph.operators, *leave)
    return replace(subgraph, tensors=tuple(tensors), inputs=inputs, outputs=outputs, operators=operators)


def make_batch_dynamic(subgraph: Subgraph) -> Subgraph:
    """Return the graph with -1 as the batch of every activation, as in Keras models."""
    return replace(subgraph, tensors=tuple(map(_with_dynamic_batch, subgraph.tensors)))


def add_signature(model: Model) -> Model:
    """Return the model with the signature of Keras models; inputs and outputs keep the end of their names."""
    graph = model.main

    def named(indices: tuple[int, ...]) -> tuple[tuple[str, int], ...]:
        return tuple((graph.tensors[index].name.rpartition("/")[2], index) for index in indices)

    return replace(model, signatures=(Signature("serving_default", 0, named(graph.inputs), named(graph.outputs)),))


def _outside(inner: Tensor, boundary: Boundary) -> Tensor:
    if boundary is Boundary.FLOAT:
        return replace(inner, element=ElementType.FLOAT32, quantization=Quantization())
    zero_point = inner.quantization.zero_point + _UINT8_SHIFT
    quantization = replace(inner.quantization, zero_points=(zero_point,))
    return replace(inner, element=ElementType.UINT8, quantization=quantization)


def _with_dynamic_batch(tensor: Tensor) -> Tensor:
    is_shape = tensor.element is ElementType.INT32
    if tensor.is_constant or is_shape or tensor.shape is None:
        return replace(tensor, has_rank=True)
    return replace(tensor, has_rank=True, shape_signature=(-1, *tensor.shape[1:]))
