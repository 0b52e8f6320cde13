"""How much memory an inference needs: the arena on the CPU, and what an NPU's compiler and chip report."""

from __future__ import annotations

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
    """Return the peak bytes of live activations, if no memory is lost between them.

    A tensor lives from the operator that writes it to the last one that reads it; inputs from the start, outputs to the
    end. LiteRT's arena is this or a little more.
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
    for tensor, start in first.items():
        size = subgraph.tensors[tensor].size_bytes
        changes[start] += size
        changes[max(start, last.get(tensor, start)) + 1 if operators else 0] -= size
    peak = live = 0
    for change in changes:
        live += change
        peak = max(peak, live)
    return peak


def _constant_bytes(model: Model) -> int:
    buffers = {
        id(tensor.buffer): tensor.buffer.size_bytes for subgraph in model.subgraphs for tensor in subgraph.tensors
    }
    return sum(buffers.values())
