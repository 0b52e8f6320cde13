"""What became of operators that have neither a place in the compiled file nor their own commands."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.graph import NO_TENSOR, Subgraph, Wiring, needed_operators, wire

_SHAPE_ONLY = frozenset({"SHAPE", "RANK"})
"""Their results depend only on the shape of the input, which Vela fixes."""


def constant_operators(subgraph: Subgraph) -> frozenset[int]:
    """Return the operators whose results are known before inference."""
    known = {index for index, tensor in enumerate(subgraph.tensors) if tensor.is_constant}
    constant: set[int] = set()
    for index, operator in enumerate(subgraph.operators):
        inputs = [tensor for tensor in operator.inputs if tensor != NO_TENSOR]
        if operator.type in _SHAPE_ONLY or (inputs and known.issuperset(inputs)):
            constant.add(index)
            known.update(operator.outputs)
    return frozenset(constant)


def unused_operators(subgraph: Subgraph) -> frozenset[int]:
    """Return the operators whose results reach no output; operators without results, or with effects, count as used."""
    return frozenset(range(len(subgraph.operators))) - needed_operators(subgraph.operators, subgraph.outputs)


def merged_partitions(subgraph: Subgraph, merged: frozenset[int], known: Mapping[int, int]) -> dict[int, int]:
    """Return the partition of each operator in `merged`, as far as it or its neighbours have one.

    `known` has the partitions of operators that write a call's outputs or have commands. A result exists once the last
    of its producers has run, so the producers decide; an operator that only follows the CPU belongs to its first
    consumer.
    """
    wiring = wire(subgraph)
    partitions = dict(known)
    for index in sorted(merged - partitions.keys()):
        producers = [partitions[other] for other in _producers(subgraph, wiring, index) if other in partitions]
        if producers:
            partitions[index] = max(producers)
    for index in sorted(merged - partitions.keys(), reverse=True):
        consumers = [partitions[other] for other in _consumers(subgraph, wiring, index) if other in partitions]
        if consumers:
            partitions[index] = min(consumers)
    return {index: partitions[index] for index in merged if index in partitions}


def _producers(subgraph: Subgraph, wiring: Wiring, index: int) -> set[int]:
    tensors = subgraph.operators[index].inputs
    return {other for tensor in tensors if tensor != NO_TENSOR and (other := wiring.producer[tensor]) is not None}


def _consumers(subgraph: Subgraph, wiring: Wiring, index: int) -> set[int]:
    return {other for tensor in subgraph.operators[index].outputs for other in wiring.consumers[tensor]}
