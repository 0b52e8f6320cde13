"""The writer and the readers of each tensor of a subgraph."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.graph.model import NO_TENSOR, Subgraph


@dataclass(frozen=True, slots=True)
class Wiring:
    """Producer and consumers of every tensor, as operator indices.

    `producer[t]` is None for graph inputs, constants and variables; if several calls of an Ethos-U write parts of a
    tensor, it is the last of them. `consumers[t]` lists each reader once, in order.
    """

    producer: tuple[int | None, ...]
    consumers: tuple[tuple[int, ...], ...]


def wire(subgraph: Subgraph) -> Wiring:
    """Return the writer and the readers of each tensor of `subgraph`."""
    producer: list[int | None] = [None] * len(subgraph.tensors)
    consumers: list[list[int]] = [[] for _ in subgraph.tensors]
    for index, operator in enumerate(subgraph.operators):
        for tensor in dict.fromkeys(operator.inputs):
            if tensor != NO_TENSOR:
                consumers[tensor].append(index)
        for tensor in operator.outputs:
            if tensor != NO_TENSOR:
                producer[tensor] = index
    return Wiring(tuple(producer), tuple(tuple(readers) for readers in consumers))
