"""How TFLite cuts a graph into partitions for a delegate.

TFLite does not look for neighbours. It sweeps over the operators in execution order and takes, into one epoch, every
operator of one kind (supported or not) whose inputs are ready, until none is left; then it does the same for the other
kind. Operators that are far apart can share a partition, and one refused operator can cut the graph in two. Source:
tflite/graph_info.cc of LiteRT @f67457790.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npufit.graph import NO_TENSOR, Subgraph, Wiring, boundary
from npufit.stacks.placement import Partition, Traffic


def partition_epochs(subgraph: Subgraph, supported: Sequence[bool]) -> list[list[int]]:
    """Return the partitions of the supported operators, each as operator indices in execution order.

    `supported[i]` says whether the delegate takes operator i. The first epoch has the kind of the first operator that
    is ready. Operators that never become ready (a cycle) are in no partition. Time is linear in the operators' inputs
    and outputs.
    """
    written = {tensor for operator in subgraph.operators for tensor in operator.outputs if tensor != NO_TENSOR}
    readers: dict[int, list[int]] = {}
    missing: list[int] = []
    for index, operator in enumerate(subgraph.operators):
        awaited = written.intersection(operator.inputs)
        missing.append(len(awaited))
        for tensor in awaited:
            readers.setdefault(tensor, []).append(index)
    ready: dict[bool, list[int]] = {True: [], False: []}
    for index, count in enumerate(missing):
        if not count:
            ready[supported[index]].append(index)
    # An epoch ends when nothing of its kind is ready any more, so the next one is of the other kind.
    kind = min(ready, key=lambda kind: ready[kind][:1] or [len(missing)])
    partitions: list[list[int]] = []
    while ready[kind]:
        epoch: list[int] = []
        while ready[kind]:
            index = ready[kind].pop()
            epoch.append(index)
            for tensor in subgraph.operators[index].outputs:
                for reader in readers.pop(tensor, ()):
                    missing[reader] -= 1
                    if not missing[reader]:
                        ready[supported[reader]].append(reader)
        if kind:
            partitions.append(sorted(epoch))
        kind = not kind
    return partitions


def describe_partition(
    subgraph: Subgraph, wiring: Wiring, number: int, index: int, operators: Sequence[int]
) -> Partition:
    """Return a partition of subgraph `number` with the tensors that cross its boundary.

    Inputs are the non-constant tensors that come from outside; outputs are the tensors that others read, and the
    graph's outputs.
    """
    crossing = boundary(subgraph, operators, wiring)
    return Partition(
        index=index,
        subgraph=number,
        operators=tuple(operators),
        inputs=crossing.inputs,
        outputs=crossing.outputs,
        traffic=traffic_of(subgraph, crossing.inputs, crossing.outputs),
    )


def traffic_of(subgraph: Subgraph, inputs: Iterable[int], outputs: Iterable[int]) -> Traffic:
    """Return the bytes of the tensors `inputs` and `outputs` of a partition."""
    tensors = subgraph.tensors
    return Traffic(
        sum(tensors[index].size_bytes for index in inputs), sum(tensors[index].size_bytes for index in outputs)
    )
