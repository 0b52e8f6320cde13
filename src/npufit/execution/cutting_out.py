"""Operators cut out of a model, so that they can be executed alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from npufit.execution.values import dtype_of
from npufit.graph import NO_TENSOR, ElementType, Model, Operator, Tensor

_UNUSED = Tensor("", (1,), ElementType.FLOAT32)
"""Takes the place of a tensor that the segment does not touch, so that indices stay the same."""


def cut_out(model: Model, operators: Sequence[int]) -> Model:
    """Return a model of some operators of the main subgraph: it reads what the others write, and gives all it writes.

    Other subgraphs stay, because operators for control flow name them by number.
    """
    chosen = [model.main.operators[index] for index in operators]
    written = _tensors(operator.outputs for operator in chosen)
    read = _tensors((*operator.inputs, *operator.intermediates) for operator in chosen)
    tensors = model.main.tensors
    entering = [
        index
        for index in _tensors(operator.inputs for operator in chosen)
        if index not in written and not tensors[index].is_constant and not tensors[index].is_variable
    ]
    leaving = [index for index in written if dtype_of(tensors[index]) is not None]
    touched = read.keys() | written.keys()
    subgraph = replace(
        model.main,
        tensors=tuple(tensor if index in touched else _UNUSED for index, tensor in enumerate(tensors)),
        inputs=tuple(entering),
        outputs=tuple(leaving),
        operators=tuple(chosen),
    )
    return Model(
        f"{model.name}, {_title(chosen)}",
        (subgraph, *model.subgraphs[1:]),
        version=model.version,
        external_groups=model.external_groups,
    )


def _tensors(groups: Iterable[tuple[int, ...]]) -> dict[int, None]:
    return dict.fromkeys(index for group in groups for index in group if index != NO_TENSOR)


def _title(operators: Sequence[Operator]) -> str:
    return operators[0].name if len(operators) == 1 else f"{operators[0].name} to {operators[-1].name}"
