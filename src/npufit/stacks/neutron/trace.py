"""What became of each source operator in the converter's file.

The index list that the converter prints counts the operators after its own optimization, so it says nothing about
the source model. Two things in the file do: the sourceIndex list, and tensor names that the converter kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npufit.graph import Model, Operator, Subgraph, wire
from npufit.stacks.neutron.converted import NeutronGraph, neutron_graphs, read_left_over


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
    graphs = tuple(graph for graph in neutron_graphs(converted) if graph.id.subgraph == 0)
    kept, unmatched = _match_kept(source.main, converted.main, frozenset(graph.id.index for graph in graphs))
    regions: dict[int, int] = {}
    for position, graph in enumerate(graphs):
        for index in _region(source.main, converted.main, graph, kept, all_matched=not unmatched):
            regions.setdefault(index, position)
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
    return Trace(cpu, npu, graph_of, unmatched, basis)


def _match_kept(source: Subgraph, converted: Subgraph, graphs: frozenset[int]) -> tuple[frozenset[int], int]:
    """Return the source operators that the converted file still has, and how many of its operators are new."""
    known = {_key(source, operator): index for index, operator in reversed([*enumerate(source.operators)])}
    found = [
        known.get(_key(converted, operator))
        for index, operator in enumerate(converted.operators)
        if index not in graphs
    ]
    return frozenset(index for index in found if index is not None), found.count(None)


def _key(subgraph: Subgraph, operator: Operator) -> tuple[str, tuple[str, ...]]:
    return operator.name, tuple(tensor.name for tensor in subgraph.output_tensors(operator))


def _region(
    source: Subgraph, converted: Subgraph, graph: NeutronGraph, kept: frozenset[int], *, all_matched: bool
) -> Iterator[int]:
    """Yield the source operators between the borders of `graph`, walking back from its outputs.

    If a border tensor is not found by name, the walk could leave the region. Operators outside are certain not to be on
    the CPU only if every operator that stayed is accounted for; otherwise nothing is yielded.
    """
    tensors = _unique_names(source)
    inputs = [tensors.get(converted.tensors[tensor].name) for tensor in graph.inputs]
    outputs = [tensors.get(converted.tensors[tensor].name) for tensor in graph.outputs]
    if not all_matched and None in (*inputs, *outputs):
        return
    producer = wire(source).producer
    stop = frozenset(inputs)
    pending = [tensor for tensor in outputs if tensor is not None]
    seen: set[int] = set()
    while pending:
        tensor = pending.pop()
        index = None if tensor < 0 or tensor in stop else producer[tensor]
        if index is None or index in seen or index in kept:
            continue
        seen.add(index)
        yield index
        pending.extend(source.operators[index].inputs)


def _unique_names(subgraph: Subgraph) -> dict[str, int]:
    counts = Counter(tensor.name for tensor in subgraph.tensors)
    return {tensor.name: index for index, tensor in enumerate(subgraph.tensors) if counts[tensor.name] == 1}
