"""Hazards of the rocket driver: additions fused into a wrong convolution or none, signed bytes.

The driver has no operation for ADD. It walks over the partition, keeps one record for each convolution, and lets ADD
change the record that produces its first operand: that convolution also adds the second operand and writes the sum.
This module does the same walk, so it does not depend on the form of a network. Source: `rkt_ml_subgraph_create` in
rkt_ml.c (sailfishos-mirror/mesa @0b17f5d2f285 for 26.1; bminor/mesa-mesa @17355f716b0f for 25.3, identical in this
respect).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from npufit.graph import CONVOLUTIONS, NO_TENSOR, ElementType
from npufit.stacks.delegates import hazard_at
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.teflon.hazards.hazard import TeflonGraph, inferred_on_main, teflon_hazard
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.release import ALL, Release
from npufit.stacks.teflon.sources import ROCKET, ROCKET_OLD

_EXECUTED = frozenset({Release.M26_1, Release.M26_2})
"""The releases whose Debian binaries (26.1.6, 26.2.6) were seen to crash, on 14 of 81 networks."""

UNFUSABLE_ADD = teflon_hazard(
    "rocket.unfusable-add",
    "rocket crashes on an ADD that it cannot fuse into a convolution of the same partition.",
    "an ADD whose first operand is the output of a convolution in its partition that nothing else reads, and whose "
    "second operand is the output of another convolution there, or the input of one",
    "The driver has no operation for ADD: the convolution that produces the first operand adds the second one. The "
    "driver tests neither that this convolution exists nor that the second operand has a buffer; only inputs and "
    "outputs of convolutions have one. A fused ADD renames the output of its convolution, so a later look-up of the "
    "old tensor fails too, and if that tensor leaves the partition nothing writes it.",
    "The residual connections of a Keras or TF2 MobileNetV2, of YOLOv8n and of ShuffleNet: ADD(input of the block, "
    "result of the block). Per-channel convolutions are refused, so the ADD is often alone in its partition.",
    ALL,
    f"{ROCKET}; {ROCKET_OLD}; executed: Debian's mesa-teflon-delegate 26.1.6-1 and 26.2.6-1 on a virtual device",
    rewrite="swap the operands if the second one is the convolution's, or put an identity convolution (1x1) before an "
    "operand",
    effects=(Effect.CRASH,),
)

MISFUSED_ADD = teflon_hazard(
    "rocket.misfused-add",
    "rocket fuses an ADD into a convolution whose output is needed elsewhere, or before the other operand exists.",
    "an ADD whose first operand is the output of a convolution that nothing else reads and that comes after the "
    "producer of the second operand; not two ADDs on one convolution",
    "A fused ADD renames the output of its convolution, so nothing writes the old tensor any more. The convolution "
    "still runs in its old place, even if the second operand is produced later. A second ADD on the same convolution "
    "replaces the first. Until 26.0 the sum is written with the convolution's quantization instead of the ADD's.",
    "ADD(ADD(a, b), c), three convolutions: b is never added.",
    ALL,
    f"{ROCKET}; {ROCKET_OLD}",
    rewrite="put an identity convolution (1x1) between the convolution and the ADD",
)

INT8_AS_UINT8 = teflon_hazard(
    "rocket.int8-as-uint8",
    "rocket computes int8 as if it were uint8.",
    "uint8 input, weights and output",
    "The driver reads every byte of weights and input as a uint8 value and subtracts 128, and adds 128 to the output, "
    "whatever the type. So a negative weight is 256 too large. The type is not checked.",
    "A network with int8 per-tensor weights, such as YOLOX nano: in Mesa's own test runs on the RK3588 most of its "
    "convolutions are among the expected failures.",
    ALL,
    f"{ROCKET} and rkt_coefs.c; {ROCKET_OLD}; Mesa src/gallium/drivers/rocket/ci/rocket-rk3588-fails.txt",
    rewrite="quantize to uint8, per tensor",
)


@dataclass(slots=True)
class _Record:
    """The driver's record of a convolution, the one at `place` in its list: tensors, and which ADD changed it last."""

    place: int
    operator: int
    input: int
    output: int
    added: int | None = None
    """The tensor added to the convolution's result."""
    addition: int | None = None
    """The ADD fused last."""


class _Records:
    """The driver's list of convolutions, looked up by the tensor that each writes."""

    def __init__(self) -> None:
        self.all: list[_Record] = []
        self.lost: dict[int, int] = {}
        """Outputs that an ADD renamed, with that ADD."""
        self._by_output: dict[int, _Record] = {}

    def append(self, operator: int, ifm: int, output: int) -> None:
        """Add a convolution."""
        record = _Record(len(self.all), operator, ifm, output)
        self.all.append(record)
        self._by_output.setdefault(output, record)

    def producer(self, tensor: int) -> _Record | None:
        """Return the convolution that writes `tensor`, under its current name."""
        return self._by_output.get(tensor)

    def rename(self, record: _Record, output: int, addition: int) -> None:
        """Let `record` write the result of an ADD instead of its own."""
        self._by_output.pop(record.output, None)
        self.lost[record.output] = addition
        record.output, record.addition = output, addition
        self._by_output.setdefault(output, record)


@dataclass(frozen=True, slots=True)
class _Fault:
    operator: int
    tensor: int
    message: str
    is_crash: bool
    others: tuple[int, ...] = ()


def find_unfusable_additions(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield the additions on which the driver crashes."""
    evidence = Evidence.EXECUTED if graph.release in _EXECUTED else None
    for fault in _faults(graph):
        if fault.is_crash:
            yield _report(graph, fault, inferred_on_main(graph.release) or evidence)


def find_misfused_additions(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield the additions that the driver computes wrongly."""
    for fault in _faults(graph):
        if not fault.is_crash:
            yield _report(graph, fault, inferred_on_main(graph.release))


def _report(graph: TeflonGraph, fault: _Fault, evidence: Evidence | None) -> Hazard:
    node = graph.operators[fault.operator]
    found = f"'{graph.name_of(fault.tensor)}'" if fault.tensor != NO_TENSOR else "no operand"
    rule = UNFUSABLE_ADD if fault.is_crash else MISFUSED_ADD
    return hazard_at(
        graph, rule, node, fault.message, found, others=fault.others, tensor=fault.tensor, evidence=evidence
    )


def _faults(graph: TeflonGraph) -> Iterator[_Fault]:
    """Yield what goes wrong in each partition that has an ADD, each ADD at most once as a crash."""
    partitions: dict[int, list[Node]] = {}
    for node in sorted(graph.accepted(), key=lambda node: node.index):
        partition = graph.partition_of[node.index]
        if partition is not None:
            partitions.setdefault(partition, []).append(node)
    for nodes in partitions.values():
        if any(node.type == "ADD" for node in nodes):
            yield from _walk(graph, nodes)


def _walk(graph: TeflonGraph, nodes: list[Node]) -> Iterator[_Fault]:
    records = _Records()
    for node in nodes:
        if node.type in CONVOLUTIONS:
            records.append(node.index, node.operator.input(0), node.output_index)
        elif node.type == "ADD":
            fault = _fuse(graph, node, records)
            if fault is not None:
                yield fault
    yield from _without_buffer(records)
    yield from _without_writer(graph, records)


def _fuse(graph: TeflonGraph, node: Node, records: _Records) -> _Fault | None:
    """Fuse the ADD into a record as the driver does; return what goes wrong immediately."""
    first, second = node.operator.input(0), node.operator.input(1)
    adder, other = records.producer(first), records.producer(second)
    if adder is None:
        # The driver is dead here. Later additions are judged as if this one had worked.
        records.append(node.index, NO_TENSOR, node.output_index)
        renamed_by = records.lost.get(first)
        reason = (
            "no convolution here produces it"
            if renamed_by is None
            else f"{graph.operators[renamed_by].words} renamed it"
        )
        message = f"the first operand is not the output of a convolution of this partition: {reason}"
        return _Fault(node.index, first, message, is_crash=True)
    fault = None
    if adder.addition is not None:
        message = f"it replaces {graph.operators[adder.addition].words}, which the same convolution should have added"
        fault = _Fault(node.index, first, message, is_crash=False, others=(adder.addition,))
    elif other is not None and other.place > adder.place:
        message = f"{graph.operators[adder.operator].words} adds the second operand before it is computed"
        fault = _Fault(node.index, second, message, is_crash=False, others=(adder.operator, other.operator))
    elif graph.release <= Release.M26_0 and _requantizes(graph, adder.output, node.output_index):
        message = "the sum is written with the convolution's quantization"
        fault = _Fault(node.index, node.output_index, message, is_crash=False, others=(adder.operator,))
    adder.added = second
    records.rename(adder, node.output_index, node.index)
    return fault


def _requantizes(graph: TeflonGraph, before: int, after: int) -> bool:
    if NO_TENSOR in (before, after):
        return False
    first, second = graph.tensor(before).quantization, graph.tensor(after).quantization
    return (first.scale, first.zero_point) != (second.scale, second.zero_point)


def _without_buffer(records: _Records) -> Iterator[_Fault]:
    """Yield the additions whose second operand has no buffer: no convolution reads or writes it (any more)."""
    buffers = {record.input for record in records.all} | {record.output for record in records.all}
    for record in records.all:
        if record.added is not None and record.addition is not None and record.added not in buffers:
            message = "the second operand has no buffer: it is neither input nor output of a convolution here"
            yield _Fault(record.addition, record.added, message, is_crash=True, others=(record.operator,))


def _without_writer(graph: TeflonGraph, records: _Records) -> Iterator[_Fault]:
    """Yield the fused convolutions whose own output is still needed."""
    written = {record.output for record in records.all}
    readers: dict[int, list[int]] = {}
    for record in records.all:
        readers.setdefault(record.input, []).append(record.operator)
    for tensor, addition in records.lost.items():
        if tensor in written or tensor == NO_TENSOR:
            continue
        inside, taker = readers.get(tensor, []), graph.leaves_partition(graph.operators[addition], tensor)
        if taker:
            message = (
                f"nothing writes the convolution's own output, which is passed to {taker}: reading it back crashes"
            )
            yield _Fault(addition, tensor, message, is_crash=True, others=tuple(inside))
        elif inside:
            names = ", ".join(graph.operators[reader].words for reader in inside[:3])
            message = f"nothing writes the convolution's own output, but {names} reads it"
            yield _Fault(addition, tensor, message, is_crash=False, others=tuple(inside))


def find_signed_bytes(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield convolutions with int8 tensors."""
    for node in graph.accepted(*CONVOLUTIONS):
        tensors = [tensor for tensor in (node.input(0), node.input(1), node.output) if tensor is not None]
        signed = next((tensor for tensor in tensors if tensor.element is ElementType.INT8), None)
        if signed is not None:
            evidence = inferred_on_main(graph.release)
            found = f"'{node.name_of(signed)}' is int8"
            yield hazard_at(
                graph, INT8_AS_UINT8, node, "signed bytes are read as unsigned ones", found, evidence=evidence
            )
