"""Operators that LiteRT's kernels do not check and that make them overwrite memory; these are never executed.

A crash is caught in any case (`npufit.litert`), but damaged memory need not crash, and then no later result of the
process can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from npufit.graph import NO_TENSOR, ElementType, Model, Operator, Subgraph
from npufit.litert import LitertRefusalError

_Check = Callable[[Subgraph, Operator], str]

_SVDF_WEIGHTS_TIME, _SVDF_STATE = 2, 4


def unsafe_operators(subgraph: Subgraph) -> dict[int, str]:
    """Return the operators of `subgraph` that LiteRT must not execute, and why."""
    found = ((index, _reason(subgraph, operator)) for index, operator in enumerate(subgraph.operators))
    return {index: why for index, why in found if why}


def refuse_unsafe(model: Model) -> None:
    """Raise LitertRefusalError for the first operator of `model` that LiteRT must not execute."""
    for number, subgraph in enumerate(model.subgraphs):
        for index, why in unsafe_operators(subgraph).items():
            place = f"operator {index} ({subgraph.operators[index].name})"
            place = f"subgraph {number}, {place}" if number else place
            raise LitertRefusalError(f"{model.name}: {place}: {why}.", why, index if number == 0 else None)


def _reason(subgraph: Subgraph, operator: Operator) -> str:
    check = _CHECKS.get(operator.type)
    return check(subgraph, operator) if check else ""


def _svdf(subgraph: Subgraph, operator: Operator) -> str:
    """The integer kernel reads state and time weights as 16-bit values without checking their types.

    TensorFlow Lite for Microcontrollers has a second kernel, with 8 bits for both. Given such a file, LiteRT (2.3)
    writes twice the size of the state: "double free or corruption" some time later.
    """
    if _element(subgraph, operator, 0) is not ElementType.INT8:
        return ""
    state, weights = (_element(subgraph, operator, position) for position in (_SVDF_STATE, _SVDF_WEIGHTS_TIME))
    if (state, weights) == (ElementType.INT16, ElementType.INT16):
        return ""
    return (
        "LiteRT's kernel reads the state and the time weights as int16 and would overwrite its memory; they are "
        f"{state} and {weights}, a form for TensorFlow Lite for Microcontrollers"
    )


def _element(subgraph: Subgraph, operator: Operator, position: int) -> ElementType | None:
    tensor = operator.input(position)
    return None if tensor == NO_TENSOR else subgraph.tensors[tensor].element


_CHECKS: Mapping[str, _Check] = {"SVDF": _svdf}
