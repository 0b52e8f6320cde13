"""Groups of operators: the tensors that cross their boundary, what they reach, and a model of them alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from npufit.graph.element import ElementType
from npufit.graph.model import NO_TENSOR, Model, Operator, Subgraph
from npufit.graph.operator_types import Kind, operator_type
from npufit.graph.tensor import Tensor
from npufit.graph.wiring import Wiring, wire

_UNUSED = Tensor("", (1,), ElementType.FLOAT32)
"""Takes the place of a tensor that a group does not touch, so that indices stay the same."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The tensors that cross the boundary of a group of operators, each once, in the order in which they are named.

    `inputs` come from outside and are no constants; `outputs` are read outside or by the caller of the subgraph.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def boundary(subgraph: Subgraph, operators: Sequence[int], wiring: Wiring | None = None) -> Boundary:
    """Return what crosses the boundary of `operators`; whoever asks often gives the wiring of `subgraph`."""
    wiring = wiring or wire(subgraph)
    inside, given = set(operators), set(subgraph.outputs)
    group = [subgraph.operators[index] for index in operators]
    inputs = (
        tensor
        for tensor in _tensors(operator.inputs for operator in group)
        if wiring.producer[tensor] not in inside and not subgraph.tensors[tensor].is_constant
    )
    outputs = (
        tensor
        for tensor in _tensors(operator.outputs for operator in group)
        if tensor in given or not inside.issuperset(wiring.consumers[tensor])
    )
    return Boundary(tuple(inputs), tuple(outputs))


def operators_after(subgraph: Subgraph, operators: Iterable[int]) -> set[int]:
    """Return the operators that read what `operators` write, directly or through others; none of `operators`."""
    first = set(operators)
    found, tensors = set[int](), set[int]()
    for index, operator in enumerate(subgraph.operators):
        if index in first or not tensors.isdisjoint(operator.inputs):
            found.add(index)
            tensors.update(tensor for tensor in operator.outputs if tensor != NO_TENSOR)
    return found - first


def operators_before(subgraph: Subgraph, operators: Iterable[int]) -> set[int]:
    """Return the operators that write what `operators` read, directly or through others; none of `operators`."""
    first = set(operators)
    found, tensors = set[int](), set[int]()
    for index in reversed(range(len(subgraph.operators))):
        operator = subgraph.operators[index]
        if index in first or not tensors.isdisjoint(operator.outputs):
            found.add(index)
            tensors.update(tensor for tensor in operator.inputs if tensor != NO_TENSOR)
    return found - first


def needed_operators(operators: Sequence[Operator], outputs: Iterable[int]) -> set[int]:
    """Return the operators, in any order, whose results reach `outputs`, have none, or change variables."""
    writers: dict[int, list[int]] = {}
    for index, operator in enumerate(operators):
        for tensor in operator.outputs:
            writers.setdefault(tensor, []).append(index)
    waiting = [index for index, operator in enumerate(operators) if not operator.outputs or _has_effects(operator)]
    waiting += [index for tensor in outputs for index in writers.get(tensor, ())]
    chosen: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in chosen:
            chosen.add(index)
            waiting += [other for tensor in operators[index].inputs for other in writers.get(tensor, ())]
    return chosen


def cut_out(model: Model, operators: Sequence[int], outputs: Sequence[int]) -> Model:
    """Return a model of some operators of the main subgraph that reads what the others write and gives `outputs`.

    Tensors keep their indices. Other subgraphs stay, because operators for control flow name them by number.
    """
    main = model.main
    chosen = tuple(main.operators[index] for index in operators)
    touched = _tensors((*operator.inputs, *operator.intermediates, *operator.outputs) for operator in chosen)
    subgraph = replace(
        main,
        tensors=tuple(tensor if index in touched else _UNUSED for index, tensor in enumerate(main.tensors)),
        inputs=tuple(index for index in boundary(main, operators).inputs if not main.tensors[index].is_variable),
        outputs=tuple(outputs),
        operators=chosen,
    )
    return Model(
        f"{model.name}, {_title(chosen)}",
        (subgraph, *model.subgraphs[1:]),
        version=model.version,
        external_groups=model.external_groups,
    )


def written_by(subgraph: Subgraph, operators: Iterable[int]) -> tuple[int, ...]:
    """Return the tensors that `operators` write, each once."""
    return tuple(_tensors(subgraph.operators[index].outputs for index in operators))


def _has_effects(operator: Operator) -> bool:
    return operator_type(operator).kind is Kind.CONTROL or any(operator.mutating_variable_inputs)


def _tensors(groups: Iterable[tuple[int, ...]]) -> dict[int, None]:
    return dict.fromkeys(index for group in groups for index in group if index != NO_TENSOR)


def _title(operators: Sequence[Operator]) -> str:
    return operators[0].name if len(operators) == 1 else f"{operators[0].name} to {operators[-1].name}"
