"""Files that Vela already compiled: the placement is in the file, and Vela does not run."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from npufit.graph import NO_TENSOR, Model, OperatorId, Subgraph
from npufit.stacks.delegates.partitioning import traffic_of
from npufit.stacks.hazard import make_hazard
from npufit.stacks.placement import Hazard, Note, OperatorPlacement, Partition, Placement, Setting, Unit
from npufit.stacks.rule import Evidence
from npufit.stacks.target import Target
from npufit.stacks.vela.compiled_file import boundary, shared_writes
from npufit.stacks.vela.rules import OTHER_ACCELERATOR, UNEXPLAINED

SOURCE = "the compiled file"
_ALREADY = (
    "The file is already compiled, so Vela was not run; an ethos-u operator may stand for many operators of the "
    "original model"
)

_HEADER = struct.Struct("<4sII")
_CONFIG_ACTION = 1
_PRODUCTS = {0: "ethos-u55", 1: "ethos-u65"}


def is_precompiled(model: Model) -> bool:
    """Return True if `model` already calls an Ethos-U."""
    return any(operator.is_npu_call for subgraph in model.subgraphs for operator in subgraph.operators)


def place_precompiled(model: Model, target: Target, accelerator: str) -> Placement:
    """Return the placement in `model`; `accelerator` is the chip's, in Vela's spelling."""
    operators: list[OperatorPlacement] = []
    partitions: list[Partition] = []
    hazards: list[Hazard] = []
    found: dict[str, None] = {}
    for place, operator in model.operators():
        if not operator.is_npu_call:
            operators.append(_left_on_cpu(place, operator.name))
            continue
        subgraph = model.subgraphs[place.subgraph]
        operators.append(OperatorPlacement(place, Unit.NPU, Evidence.EXECUTED, partition=len(partitions)))
        partitions.append(_partition(len(partitions), place, subgraph))
        other = read_accelerator(subgraph, operator.input(0))
        if other is None:
            continue
        found[other] = None
        if other != accelerator:
            hazards.append(_other_accelerator(place, other, accelerator))
    settings = [Setting("accelerator", name, "driver header in the file") for name in found]
    settings += [Setting("vela", version, "metadata of the file") for version in _versions(model)]
    notes = (Note(_ALREADY, Evidence.EXECUTED, SOURCE), *_shared_notes(partitions))
    return Placement(target, tuple(operators), tuple(partitions), tuple(hazards), tuple(settings), notes)


def read_accelerator(subgraph: Subgraph, tensor: int) -> str | None:
    """Return what the command stream in `tensor` was made for, such as `ethos-u65-256`; None if it does not say.

    The driver header is `COP1`, then actions; the first one, of kind 1, has the configuration register: log2 of the
    multipliers in bits 0 to 3, the product in bits 28 to 31 (ethos-u-vela, driver_actions.py and ethos_u55_regs.py).
    """
    data = b"" if tensor == NO_TENSOR else bytes(subgraph.tensors[tensor].buffer.data[: _HEADER.size])
    if len(data) < _HEADER.size:
        return None
    magic, action, config = _HEADER.unpack(data)
    product = _PRODUCTS.get(config >> 28)
    if magic != b"COP1" or action & 0xFF != _CONFIG_ACTION or product is None:
        return None
    return f"{product}-{1 << (config & 0xF)}"


def _shared_notes(partitions: Iterable[Partition]) -> tuple[Note, ...]:
    text = shared_writes((partition.subgraph, partition.outputs) for partition in partitions)
    return (Note(text, Evidence.EXECUTED, SOURCE),) if text else ()


def _partition(partition: int, place: OperatorId, subgraph: Subgraph) -> Partition:
    entering, leaving = boundary(subgraph, subgraph.operators[place.index])
    return Partition(
        index=partition,
        subgraph=place.subgraph,
        operators=(place.index,),
        inputs=entering,
        outputs=leaving,
        traffic=traffic_of(subgraph, entering, leaving),
    )


def _left_on_cpu(place: OperatorId, name: str) -> OperatorPlacement:
    found = f"{name} beside ethos-u; the file does not contain Vela's warnings"
    finding = UNEXPLAINED.finding(found, Evidence.EXECUTED, SOURCE)
    return OperatorPlacement(place, Unit.CPU, Evidence.EXECUTED, finding=finding)


def _other_accelerator(place: OperatorId, found: str, wanted: str) -> Hazard:
    message = f"the command stream was compiled for {found}; the chip has {wanted}"
    return make_hazard(OTHER_ACCELERATOR, place.subgraph, (place.index,), message, found, evidence=Evidence.EXECUTED)


def _versions(model: Model) -> tuple[str, ...]:
    texts = (bytes(entry.buffer.data) for entry in model.metadata if entry.name == "vela_version")
    return tuple(text.rstrip(b"\0").decode("ascii", "replace") for text in texts)
