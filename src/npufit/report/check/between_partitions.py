"""The operators that stand between partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from npufit.checking import CheckResult
from npufit.formatting import printable
from npufit.graph import NO_TENSOR, Operator, OperatorId
from npufit.stacks import Unit


def cutters(result: CheckResult) -> Counter[str]:
    """Return the operators that stand between partitions, by type.

    They are off the NPU, and data from the NPU goes through them and back to the NPU.
    """
    counts: Counter[str] = Counter()
    unit = {placed.id: placed.unit for placed in result.placement.operators}
    for number, subgraph in enumerate(result.model.subgraphs):
        operators = list(enumerate(subgraph.operators))
        behind = _reached(unit, number, operators, forward=True)
        before = _reached(unit, number, operators[::-1], forward=False)
        counts.update(printable(subgraph.operators[index].name)[:60] for index in behind & before)
    return counts


def _reached(
    unit: dict[OperatorId, Unit], number: int, operators: Sequence[tuple[int, Operator]], *, forward: bool
) -> set[int]:
    """Return the operators off the NPU that data from (forward) or for (backward) the NPU goes through."""
    tensors: set[int] = set()
    reached: set[int] = set()
    for index, operator in operators:
        taken, given = (operator.inputs, operator.outputs) if forward else (operator.outputs, operator.inputs)
        on_npu = unit.get(OperatorId(number, index)) is Unit.NPU
        through = not tensors.isdisjoint(taken)
        if through and not on_npu:
            reached.add(index)
        if on_npu or through:
            tensors.update(tensor for tensor in given if tensor != NO_TENSOR)
    return reached
