"""What each operator adds to the differences of a run: the reference computes it from what the NPU had computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.execution.compare import compare_values
from npufit.execution.segment import Segment
from npufit.graph import NO_TENSOR, wire
from npufit.running import RunResult


@dataclass(frozen=True, slots=True)
class OwnDifference:
    """The largest difference of a tensor that comes from `operators` alone: those between it and what is known."""

    tensor: int
    operators: tuple[int, ...]
    largest: float


def own_differences(result: RunResult) -> Iterator[OwnDifference]:
    """Yield what differs of a run that was compared when each tensor is computed from those that the target has."""
    assert result.comparison is not None
    for compared in result.comparison.tensors:
        if compared.is_equal:
            continue
        operators = _between(result, compared.operator)
        expected = Segment(result.model, operators).observe(result.tensors)[compared.tensor]
        own = compare_values(compared.tensor, compared.operator, result.tensors[compared.tensor], expected)
        if not own.is_equal:
            yield OwnDifference(compared.tensor, operators, own.largest)


def _between(result: RunResult, last: int) -> tuple[int, ...]:
    """Return the operators that lead from tensors that the target has to the outputs of `last`."""
    main = result.model.main
    producer = wire(main).producer
    found = {last}
    waiting = [last]
    while waiting:
        for tensor in main.operators[waiting.pop()].inputs:
            maker = None if tensor == NO_TENSOR or tensor in result.tensors else producer[tensor]
            if maker is not None and maker not in found:
                found.add(maker)
                waiting.append(maker)
    return tuple(sorted(found))
