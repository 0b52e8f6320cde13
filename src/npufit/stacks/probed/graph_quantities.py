"""What a limit on several operators can be about: quantities of a group of operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from npufit.graph import NO_TENSOR, Role, Subgraph, boundary, operator_type
from npufit.stacks.probed.operation import Operation, operation_of

GRAPH_QUANTITIES: Mapping[str, str] = {
    "operators": "operators",
    "activation_bytes": "bytes of all feature maps",
    "output_bytes": "bytes of the results of all operators",
    "io_bytes": "bytes that the largest operator reads and writes",
    "feature_map_bytes": "bytes of the largest feature map",
    "tensor_bytes": "bytes of the largest tensor",
    "peak_bytes": "bytes of the feature maps that are needed at the same time",
    "weights_bytes": "bytes of all weights",
    "working_set_bytes": "bytes of all feature maps and weights",
}
"""The quantities of a group, and what they are in words."""


def measure_graph(subgraph: Subgraph, operators: Sequence[int]) -> Mapping[str, int]:
    """Return the quantities of a group of operators, given by their indices in `subgraph`."""
    group = sorted(set(operators))
    operations = [operation_of(subgraph, subgraph.operators[index]) for index in group]
    activations = _sizes(subgraph, (tensor for operation in operations for tensor in operation.activations))
    outputs = _sizes(subgraph, (tensor for operation in operations for tensor in operation.operator.outputs))
    weights = _sizes(subgraph, (tensor for operation in operations for tensor in _stored_weights(operation)))
    return {
        "operators": len(group),
        "activation_bytes": sum(activations.values()),
        "output_bytes": sum(outputs.values()),
        "io_bytes": max((sum(operation.activation_bytes) for operation in operations), default=0),
        "feature_map_bytes": max(activations.values(), default=0),
        "tensor_bytes": max([*activations.values(), *weights.values()], default=0),
        "peak_bytes": _peak(subgraph, group, operations, activations),
        "weights_bytes": sum(weights.values()),
        "working_set_bytes": sum(activations.values()) + sum(weights.values()),
    }


def _sizes(subgraph: Subgraph, tensors: Iterable[int]) -> dict[int, int]:
    """Return the bytes of each tensor, once."""
    return {index: subgraph.tensors[index].size_bytes for index in tensors if index != NO_TENSOR}


def _stored_weights(operation: Operation) -> list[int]:
    places = operator_type(operation.operator).positions(operation.operator, Role.WEIGHTS)
    return [
        operation.operator.inputs[place]
        for place in places
        if (tensor := operation.inputs[place]) is not None and tensor.is_constant
    ]


def _peak(
    subgraph: Subgraph, group: Sequence[int], operations: Sequence[Operation], activations: Mapping[int, int]
) -> int:
    """Return the most bytes alive at once: inputs from the first operator on, results of the group to the last."""
    crossing = boundary(subgraph, group)
    first = dict.fromkeys(crossing.inputs, 0)
    last: dict[int, int] = {}
    for step, operation in enumerate(operations):
        for tensor in operation.activations:
            first.setdefault(tensor, step)
            last[tensor] = step
    last |= dict.fromkeys(crossing.outputs, len(operations) - 1)
    change = [0] * (len(operations) + 1)
    for tensor, size in activations.items():
        change[first[tensor]] += size
        change[last[tensor] + 1] -= size
    return max(accumulate(change), default=0)
