"""How many operands and results an operator needs at least; LiteRT refuses a file if one is missing."""

from __future__ import annotations

from npufit.errors import ModelError, Place
from npufit.formatting import plural, shorten
from npufit.graph.model import NO_TENSOR, Model, Operator, Subgraph
from npufit.graph.operator_types import operator_type

_REFUSED = "LiteRT refuses this file: write it again"


def has_operands(operator: Operator) -> bool:
    """Return whether `operator` has a result and its type's required operands; False if the table has no roles.

    Used on operators of an untrusted file, before a pass relies on them.
    """
    row = operator_type(operator)
    first = operator.inputs[: row.required]
    there = len(first) == row.required and NO_TENSOR not in first
    return bool(row.operands) and there and bool(operator.outputs) and NO_TENSOR not in operator.outputs


def require_operands(model: Model) -> None:
    """Raise ModelError at the first operator that lacks an operand or result, or writes a constant."""
    for number, subgraph in enumerate(model.subgraphs):
        for index, operator in enumerate(subgraph.operators):
            constant = next((one for one in operator.outputs if _is_constant(subgraph, one)), None)
            if constant is not None:
                name = shorten(subgraph.tensors[constant].name)
                place = Place(number, index, shorten(operator.name), constant, name)
                raise ModelError(model.name, "writes a constant", place, _REFUSED)
            if operator_type(operator).operands and not has_operands(operator):
                found = f"{_count(operator.inputs, 'operand')} and {_count(operator.outputs, 'result')}"
                needed = f"at least {plural(operator_type(operator).required, 'operand')} and 1 result"
                raise ModelError(
                    model.name,
                    f"has {found}; its type needs {needed}",
                    Place(number, index, shorten(operator.name)),
                    _REFUSED,
                )


def _is_constant(subgraph: Subgraph, tensor: int) -> bool:
    return tensor != NO_TENSOR and subgraph.tensors[tensor].is_constant and not subgraph.tensors[tensor].is_variable


def _count(tensors: tuple[int, ...], word: str) -> str:
    return plural(sum(tensor != NO_TENSOR for tensor in tensors), word)
