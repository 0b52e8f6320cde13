"""What became of each source operator in the converter's file.

The index list that the converter prints counts the operators after its own optimization, so it says nothing about
the source model. Two things in the file do: the sourceIndex list, and tensor names that the converter kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.graph import Model
from npufit.stacks.neutron.converted import neutron_graphs, read_left_over
from npufit.stacks.tracing import ConverterCall, trace_calls


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of the source operators of the main subgraph.

    Operators in `cpu` stayed in the file, those in `npu` are in a NeutronGraph; an operator in neither cannot be
    traced. `graph_of` has an operator's NeutronGraph (by position among all of them) if names show it.
    `left_unmatched` counts operators of the converted file that match no source operator; `basis` is the evidence for
    the trace.
    """

    cpu: frozenset[int]
    npu: frozenset[int]
    graph_of: Mapping[int, int]
    left_unmatched: int
    basis: str


def trace(source: Model, converted: Model) -> Trace:
    """Return what became of the operators of `source` in `converted`, the file that the converter made of it.

    A valid sourceIndex list decides. Without one, an operator is on the CPU if the file still has one of its type that
    writes tensors of the same names, and on the NPU if it lies between the named borders of a NeutronGraph. An operator
    that the file still has is on the CPU in any case.
    """
    graphs = [graph for graph in neutron_graphs(converted) if graph.id.subgraph == 0]
    calls = [ConverterCall(graph.id.index, graph.inputs, graph.outputs) for graph in graphs]
    traced = trace_calls(source, converted, calls)
    kept, regions = traced.kept, traced.call_of
    listed = read_left_over(converted)
    count = len(source.main.operators)
    if listed is not None and all(index < count for index in listed):
        cpu = kept | frozenset(listed)
        npu = frozenset(range(count)) - cpu
        basis = "the sourceIndex list of the converted file"
    else:
        cpu = kept
        npu = frozenset(regions)
        basis = "tensor names that the converted file kept"
    graph_of = {index: graph for index, graph in sorted(regions.items()) if index in npu}
    return Trace(cpu, npu, graph_of, len(traced.new), basis)
