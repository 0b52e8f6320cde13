"""How much memory an inference needs: the arena on the CPU, and what an NPU's compiler and chip report."""

from __future__ import annotations

from itertools import accumulate

from npufit.cost.estimate import MemoryEstimate
from npufit.graph import NO_TENSOR, Model, Subgraph
from npufit.stacks import Placement


def estimate_memory(model: Model, placement: Placement) -> MemoryEstimate:
    """Return the memory of one inference of `model` in this placement."""
    compiled = placement.compiler_estimate
    traffic = None
    if compiled is not None:
        traffic = sum(
            entry.dram_read_bytes + entry.dram_write_bytes + entry.dram_weight_bytes for entry in compiled.passes
        )
    return MemoryEstimate(
        model_bytes=_constant_bytes(model),
        arena_bytes=max((arena_bytes(subgraph) for subgraph in model.subgraphs), default=0),
        dram_traffic_bytes=traffic,
        uses=placement.memory,
    )


def arena_bytes(subgraph: Subgraph) -> int:
    """Return the peak bytes of live activations; LiteRT's arena is this or a little more."""
    return max(live_bytes(subgraph), default=_input_bytes(subgraph))


def live_bytes(subgraph: Subgraph) -> tuple[int, ...]:
    """Return the bytes of live activations while each operator runs, if no memory is lost between them.

    A tensor lives from the operator that writes it to the last one that reads it; inputs from the start, outputs to the
    end.
    """
    operators = subgraph.operators
    first: dict[int, int] = dict.fromkeys(subgraph.inputs, 0)
    last: dict[int, int] = {}
    for index, operator in enumerate(operators):
        for tensor in operator.outputs:
            if tensor != NO_TENSOR:
                first.setdefault(tensor, index)
                last[tensor] = index
        for tensor in operator.inputs:
            if tensor != NO_TENSOR:
                last[tensor] = index
    last.update(dict.fromkeys(subgraph.outputs, len(operators) - 1))
    changes = [0] * (len(operators) + 1)
    for tensor, start in first.items() if operators else ():
        size = subgraph.tensors[tensor].size_bytes
        changes[start] += size
        changes[max(start, last.get(tensor, start)) + 1] -= size
    return tuple(accumulate(changes[:-1]))


def _input_bytes(subgraph: Subgraph) -> int:
    """Return the bytes that a subgraph without operators keeps: its inputs."""
    return sum(subgraph.tensors[tensor].size_bytes for tensor in dict.fromkeys(subgraph.inputs))


def _constant_bytes(model: Model) -> int:
    buffers = {
        id(tensor.buffer): tensor.buffer.size_bytes for subgraph in model.subgraphs for tensor in subgraph.tensors
    }
    return sum(buffers.values())
