"""A group of operators as a partition: what crosses its border at every inference."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from npufit.graph import Subgraph, Tensor, Wiring
from npufit.stacks.placement import Partition


def make_partition(
    subgraph: Subgraph, wiring: Wiring, number: int, index: int, operators: Collection[int]
) -> Partition:
    """Return `operators` of subgraph `number` as partition `index`, with the tensors that cross its border."""
    inside = frozenset(operators)
    read = dict.fromkeys(tensor for member in sorted(inside) for tensor in subgraph.operators[member].inputs)
    written = dict.fromkeys(tensor for member in sorted(inside) for tensor in subgraph.operators[member].outputs)
    inputs = tuple(
        tensor
        for tensor in read
        if tensor >= 0 and tensor not in written and not subgraph.tensors[tensor].is_constant
    )
    outputs = tuple(
        tensor
        for tensor in written
        if tensor >= 0 and (tensor in subgraph.outputs or not inside.issuperset(wiring.consumers[tensor]))
    )
    return Partition(
        index=index,
        subgraph=number,
        operators=tuple(sorted(inside)),
        inputs=inputs,
        outputs=outputs,
        input_bytes=total_bytes(subgraph.tensors[tensor] for tensor in inputs),
        output_bytes=total_bytes(subgraph.tensors[tensor] for tensor in outputs),
    )


def total_bytes(tensors: Iterable[Tensor]) -> int:
    """Return the bytes of all `tensors` together."""
    return sum(tensor.size_bytes for tensor in tensors)
