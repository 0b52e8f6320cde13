"""Output shapes of operators, for files that store none and for networks under construction."""

from __future__ import annotations

from dataclasses import replace

from npufit.graph.model import NO_TENSOR, Subgraph
from npufit.graph.operator_types import operator_type
from npufit.graph.operator_types.shapes import lacks_shape
from npufit.graph.validation import shape_problem


def infer_shapes(subgraph: Subgraph) -> Subgraph:
    """Return `subgraph` with missing activation shapes filled in, as far as the rules of their types allow.

    A tensor lacks its shape if it is None, or if it is empty although an operator's rule gives it dimensions (some
    converters store an empty shape without `has_rank`).
    """
    tensors = list(subgraph.tensors)
    changed = False
    for operator in subgraph.operators:
        lacking = [index for index in operator.outputs if index != NO_TENSOR and lacks_shape(tensors[index])]
        rule = operator_type(operator).shape
        if not lacking or rule is None:
            continue
        inputs = tuple(None if index == NO_TENSOR else tensors[index] for index in operator.inputs)
        shape = rule(operator, inputs)
        if shape is None or shape_problem(shape):
            continue
        for index in lacking:
            tensors[index] = replace(tensors[index], shape=shape)
            changed = True
    return replace(subgraph, tensors=tuple(tensors)) if changed else subgraph
