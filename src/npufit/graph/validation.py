"""The invariants of a model: what every other room may rely on after a file was read."""

from __future__ import annotations

from math import prod

from npufit.errors import ModelError, Place
from npufit.graph.element import ElementType
from npufit.graph.model import NO_TENSOR, Model, Subgraph
from npufit.graph.tensor import Tensor

MAX_ELEMENTS = 1 << 40
"""More elements than any memory holds; a shape above it is an error, not a plan."""


def validate(model: Model) -> None:
    """Raise ModelError at the first broken invariant of `model`.

    Checked: there is something to run; tensor and subgraph indices exist; shapes are neither negative nor absurd;
    constants have the size that their shape says; no tensor is written twice; operators stand in an order in which
    they can run, which excludes cycles.
    """
    if not model.subgraphs:
        raise ModelError(model.name, "the model has no subgraph", hint="There is nothing to run in this file")
    for number, subgraph in enumerate(model.subgraphs):
        if number == 0 and not subgraph.operators:
            raise ModelError(
                model.name,
                "the subgraph has zero operators",
                Place(subgraph=number),
                "There is nothing to run; check the conversion that wrote this file",
            )
        _validate_subgraph(model, number, subgraph)
    for signature in model.signatures:
        if not 0 <= signature.subgraph < len(model.subgraphs):
            raise ModelError(
                model.name,
                f"signature '{signature.key}' names subgraph {signature.subgraph} of {len(model.subgraphs)}",
            )
        count = len(model.subgraphs[signature.subgraph].tensors)
        for name, tensor in (*signature.inputs, *signature.outputs):
            if not 0 <= tensor < count:
                raise ModelError(
                    model.name,
                    f"signature '{signature.key}' ties '{name}' to tensor {tensor} of {count}",
                )


def _validate_subgraph(model: Model, number: int, subgraph: Subgraph) -> None:
    for index, tensor in enumerate(subgraph.tensors):
        problem = _tensor_problem(tensor)
        if problem:
            place = Place(subgraph=number, tensor=index, tensor_name=tensor.name)
            raise ModelError(
                model.name, problem, place, "The file is damaged or was written by a broken tool"
            )
    count = len(subgraph.tensors)
    for role, indices in (("input", subgraph.inputs), ("output", subgraph.outputs)):
        for index in indices:
            if not 0 <= index < count:
                raise ModelError(
                    model.name,
                    f"{role} tensor index {index} is outside 0..{count - 1}",
                    Place(subgraph=number),
                )
    _validate_operators(model, number, subgraph)


def _tensor_problem(tensor: Tensor) -> str:
    shape = tensor.shape or ()
    if any(size < 0 for size in shape):
        return f"the shape {list(shape)} has a negative dimension"
    if prod(shape) > MAX_ELEMENTS:
        return f"the shape {list(shape)} has more than 2^40 elements"
    if len(shape) > 16:
        return f"the shape has {len(shape)} dimensions"
    if tensor.sparsity is not None or tensor.element.bits == 0 or not tensor.buffer.size_bytes:
        return ""
    if tensor.shape is not None and tensor.buffer.size_bytes != tensor.size_bytes:
        return (
            f"the constant holds {tensor.buffer.size_bytes} bytes where its shape {list(shape)} and type "
            f"{tensor.element} need {tensor.size_bytes}"
        )
    return ""


def _validate_operators(model: Model, number: int, subgraph: Subgraph) -> None:
    count = len(subgraph.tensors)
    writer: dict[int, int] = {}
    for index, operator in enumerate(subgraph.operators):
        for role, tensors in (
            ("input", operator.inputs),
            ("output", operator.outputs),
            ("intermediate", operator.intermediates),
        ):
            for tensor in tensors:
                if tensor != NO_TENSOR and not 0 <= tensor < count:
                    raise ModelError(
                        model.name,
                        f"{role} tensor index {tensor} is outside 0..{count - 1}",
                        Place(number, index, operator.name),
                    )
        for tensor in operator.outputs:
            if tensor != NO_TENSOR and writer.setdefault(tensor, index) != index:
                raise ModelError(
                    model.name,
                    f"writes a tensor that operator {writer[tensor]} writes as well",
                    Place(number, index, operator.name, tensor, subgraph.tensors[tensor].name),
                )
    for index, operator in enumerate(subgraph.operators):
        for tensor in operator.inputs:
            producer = writer.get(tensor, -1)
            if producer >= index and subgraph.tensors[tensor].element is not ElementType.RESOURCE:
                which = "itself" if producer == index else f"operator {producer}"
                raise ModelError(
                    model.name,
                    f"reads a tensor that only {which} writes: a cycle, or operators out of order",
                    Place(number, index, operator.name, tensor, subgraph.tensors[tensor].name),
                )
