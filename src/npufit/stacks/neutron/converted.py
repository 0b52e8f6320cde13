"""What a converted file says about itself: its NeutronGraph operators, stamps, and unconverted operators.

The file is untrusted. Stamps are looked for in a bounded number of bytes and have a bounded form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from npufit.graph import NO_TENSOR, Buffer, Model, OperatorId, Subgraph, Wiring, wire

NEUTRON_GRAPH = "NeutronGraph"
_NEUTRON_OPERATORS = frozenset({NEUTRON_GRAPH, "NeutronOp"})
"""NeutronOp is the name in the fine-tuning flow (nxp-imx/tflite-neutron-delegate, commit 9b0f193)."""

_PAYLOAD = ("microcode", "weights", "kernels")
"""The last inputs of a NeutronGraph in their order; files for BSPs up to 6.6.3 have no kernels."""

_SOURCE_INDEX = "sourceIndex"
_MOST_INDICES = 1 << 20
_SEARCHED_BYTES_PER_BUFFER = 1 << 20
_SEARCHED_BYTES = 16 << 20
_VERSION = re.compile(rb"Version: {0,4}([0-9][0-9A-Za-z.+_-]{0,63})")
_TARGET = re.compile(rb"Target: {0,4}([A-Za-z0-9_]{1,32})")


@dataclass(frozen=True, slots=True)
class NeutronGraph:
    """One NeutronGraph operator: its position, the tensors that cross its border, and its payload.

    `workspace` holds outputs that nothing reads (scratch, and profile and debug in the first payload format); `payload`
    holds microcode, weights and kernels in this order, as far as the file has them.
    """

    id: OperatorId
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    workspace: tuple[int, ...]
    payload: tuple[Buffer, ...]

    @property
    def is_complete(self) -> bool:
        """True if it has microcode and weights, the minimum that any delegate needs."""
        return len(self.payload) >= 2

    @property
    def named_payload(self) -> tuple[tuple[str, Buffer], ...]:
        """The payload with the names of its parts."""
        return tuple(zip(_PAYLOAD, self.payload, strict=False))


@dataclass(frozen=True, slots=True)
class Stamp:
    """Version and target that the converter wrote into the file; None if not found."""

    version: str | None
    target: str | None


def is_converted(model: Model) -> bool:
    """Return whether the converter wrote this file."""
    return next(_neutron_operators(model), None) is not None


def neutron_graphs(model: Model) -> tuple[NeutronGraph, ...]:
    """Return every NeutronGraph of `model`."""
    found = tuple(_neutron_operators(model))
    wiring = {number: wire(model.subgraphs[number]) for number in {graph.subgraph for graph in found}}
    return tuple(_read_graph(model.subgraphs[graph.subgraph], wiring[graph.subgraph], graph) for graph in found)


def read_stamp(model: Model) -> Stamp:
    """Return which converter wrote the file and for which target, if plain strings in the file say so."""
    version: str | None = None
    target: str | None = None
    for data in _searchable(model):
        version = version or _find(_VERSION, data)
        target = target or _find(_TARGET, data)
        if version and target:
            break
    return Stamp(version, target)


def read_left_over(model: Model) -> tuple[int, ...] | None:
    """Return the source operators that were not converted, sorted, or None if the file has no valid list.

    They are indices in the model that the converter read, from every metadata entry whose name contains
    `sourceIndex` (nxp-imx/tflite-neutron-delegate, neutron_delegate.cc).
    """
    found: set[int] = set()
    entries = [entry for entry in model.metadata if _SOURCE_INDEX in entry.name]
    for entry in entries:
        data = entry.buffer.data
        if len(data) % 4 or len(data) > 4 * _MOST_INDICES:
            return None
        found.update(int.from_bytes(data[start : start + 4], "little", signed=True) for start in range(0, len(data), 4))
    if not entries or any(index < 0 for index in found):
        return None
    return tuple(sorted(found))


def _neutron_operators(model: Model) -> Iterator[OperatorId]:
    return (place for place, operator in model.operators() if operator.custom_code in _NEUTRON_OPERATORS)


def _read_graph(subgraph: Subgraph, wiring: Wiring, place: OperatorId) -> NeutronGraph:
    operator = subgraph.operators[place.index]
    inputs = [tensor for tensor in operator.inputs if tensor != NO_TENSOR]
    payload: list[Buffer] = []
    while inputs and len(payload) < len(_PAYLOAD) and subgraph.tensors[inputs[-1]].is_constant:
        payload.insert(0, subgraph.tensors[inputs.pop()].buffer)
    outputs = tuple(tensor for tensor in operator.outputs if tensor != NO_TENSOR)
    used = tuple(tensor for tensor in outputs if wiring.consumers[tensor] or tensor in subgraph.outputs)
    return NeutronGraph(
        id=place,
        inputs=tuple(tensor for tensor in inputs if not subgraph.tensors[tensor].is_constant),
        outputs=used,
        workspace=tuple(tensor for tensor in outputs if tensor not in used),
        payload=tuple(payload),
    )


def _searchable(model: Model) -> Iterator[bytes]:
    """Yield the bytes that may contain stamps: descriptions, metadata, options and payloads, each truncated."""
    remaining = _SEARCHED_BYTES
    for data in _candidates(model):
        size = min(len(data), _SEARCHED_BYTES_PER_BUFFER, remaining)
        remaining -= size
        if size:
            yield bytes(data[:size])
        if not remaining:
            return


def _candidates(model: Model) -> Iterator[bytes | memoryview]:
    yield (model.description or "").encode("utf-8", "surrogateescape")
    yield from (entry.buffer.data for entry in model.metadata)
    yield from (buffer.data for buffer in model.metadata_buffers)
    for place in _neutron_operators(model):
        yield model.operator(place).custom_options or b""
    for graph in neutron_graphs(model):
        yield from (buffer.data for buffer in graph.payload)


def _find(pattern: re.Pattern[bytes], data: bytes) -> str | None:
    match = pattern.search(data)
    return match[1].decode("ascii") if match else None
