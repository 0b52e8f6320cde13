"""What became of each operator of a model in the file that a converter made of it.

Converters replace runs of operators with custom operators that stand for calls of the NPU. Which operators a call
stands for is nowhere in the file; the names of the tensors that the converter kept tell it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from npufit.graph import Model, Operator, Subgraph, wire


@dataclass(frozen=True, slots=True)
class ConverterCall:
    """A custom operator of a converted file: its index in the main subgraph, and the tensors that cross its border."""

    index: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TracedOperators:
    """What became of the operators of the source's main subgraph.

    `kept` are still in the file; `call_of` has the call, by position, of those between the borders of one; `new` are
    the types of the file's operators that match none of the source. Without `new`, an operator that is not kept is in a
    call, or was folded away.
    """

    kept: frozenset[int]
    call_of: Mapping[int, int]
    new: tuple[str, ...]


def trace_calls(source: Model, converted: Model, calls: Sequence[ConverterCall]) -> TracedOperators:
    """Return what became of the operators of `source` in `converted`, whose `calls` stand for the others.

    An operator is kept if the file has one of its type that writes tensors of the same names, and in a call if it lies
    between the call's named borders.
    """
    kept, new = _match_kept(source.main, converted.main, frozenset(call.index for call in calls))
    call_of: dict[int, int] = {}
    for position, call in enumerate(calls):
        for index in _region(source.main, converted.main, call, kept, all_matched=not new):
            call_of.setdefault(index, position)
    return TracedOperators(kept, call_of, new)


def _match_kept(source: Subgraph, converted: Subgraph, calls: frozenset[int]) -> tuple[frozenset[int], tuple[str, ...]]:
    """Return the source operators that the converted file still has, and the types of its operators that are new."""
    known = {_key(source, operator): index for index, operator in reversed([*enumerate(source.operators)])}
    found = [
        (operator.name, known.get(_key(converted, operator)))
        for index, operator in enumerate(converted.operators)
        if index not in calls
    ]
    kept = frozenset(index for _, index in found if index is not None)
    return kept, tuple(name for name, index in found if index is None)


def _key(subgraph: Subgraph, operator: Operator) -> tuple[str, tuple[str, ...]]:
    return operator.name, tuple(tensor.name for tensor in subgraph.output_tensors(operator))


def _region(
    source: Subgraph, converted: Subgraph, call: ConverterCall, kept: frozenset[int], *, all_matched: bool
) -> Iterator[int]:
    """Yield the source operators between the borders of `call`, walking back from its outputs.

    If a border tensor is not found by name, the walk could leave the region. Operators outside are certain not to be on
    the CPU only if every operator that stayed is accounted for; otherwise nothing is yielded.
    """
    tensors = _unique_names(source)
    inputs = [tensors.get(converted.tensors[tensor].name) for tensor in call.inputs]
    outputs = [tensors.get(converted.tensors[tensor].name) for tensor in call.outputs]
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
