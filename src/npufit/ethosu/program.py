"""NPU calls: what a compiled file submits to the driver, and what a driver capture contains."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from npufit.errors import InputError, ModelError, Place
from npufit.graph import ETHOS_U, NO_TENSOR, Metadata, Model, Subgraph

_SHRAM_BYTES = {
    "ethos-u55-32": 16 << 10,
    "ethos-u55-64": 16 << 10,
    "ethos-u55-128": 24 << 10,
    "ethos-u55-256": 48 << 10,
    "ethos-u65-256": 48 << 10,
    "ethos-u65-512": 48 << 10,
}
"""Bytes of one core's SHRAM (ethos-u-vela, architecture_features.py)."""

_LARGEST_REGION = 1 << 30
_MAGIC = b"COP1"
_CONFIG, _COMMAND_STREAM = 1, 2
_CONFIG_WORDS = 3
_PRODUCTS = ("ethos-u55", "ethos-u65", "ethos-u85")
_STREAM, _CONSTANTS, _SCRATCH, _FAST_SCRATCH, _FIRST_DATA = range(5)
_SCRATCH_REGION, _FAST_REGION = 1, 2
_ALLOCATION = "OfflineMemoryAllocation"


@dataclass(frozen=True, slots=True)
class Program:
    """One NPU call: the stream without its driver header, the constants (region 0), and the writable regions' sizes.

    `inputs` are the (region, offset, size) that hold data when the call begins; None if unknown.
    """

    stream: bytes
    constants: bytes
    region_bytes: tuple[tuple[int, int], ...]
    accelerator: str = "ethos-u65-256"
    inputs: tuple[tuple[int, int, int], ...] | None = None

    @property
    def shram_bytes(self) -> int:
        """Size of the SHRAM, whose end holds the look-up tables."""
        return _SHRAM_BYTES[self.accelerator]


@dataclass(frozen=True, slots=True)
class CompiledCall:
    """An `ethos-u` operator: its program, and the positions in region 1 of the tensors that cross its boundary.

    `inputs` and `outputs` are (tensor index, offset in bytes) in the order of the operator. An input without an offset
    is left out: the stream does not read it, as for the shape operand of a TRANSPOSE_CONV.
    """

    subgraph: int
    operator: int
    program: Program
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[tuple[int, int], ...]


def read_programs(model: Model) -> tuple[CompiledCall, ...]:
    """Return the NPU calls of a file that Vela compiled, in order.

    All calls of a file share region 1: a later one may use what an earlier one left there without any tensor saying so.
    So only the first call knows its `inputs`.

    Raises InputError if the file has none or if a call does not have Vela's form.
    """
    offsets = _offsets(model)
    calls = tuple(
        _call(model, number, index, offsets)
        for number, subgraph in enumerate(model.subgraphs)
        for index, operator in enumerate(subgraph.operators)
        if operator.is_npu_call
    )
    if not calls:
        raise InputError(f"{model.name} has no {ETHOS_U} operator: it was not compiled by Vela, or nothing was placed.")
    later = (replace(call, program=replace(call.program, inputs=None)) for call in calls[1:])
    return (calls[0], *later)


def strip_header(payload: bytes) -> tuple[bytes, str]:
    """Return the command stream in a driver payload of Vela, and the accelerator that it was made for.

    Raises InputError if the payload is not one, or is for the Ethos-U85.
    """
    if payload[:4] != _MAGIC or len(payload) % 4:
        raise InputError("The command stream does not begin with the driver header COP1.")
    words = struct.unpack(f"<{len(payload) // 4}I", payload)
    accelerator = ""
    position = 1
    while position < len(words):
        word = words[position]
        action = word & 0xFF
        if action == _CONFIG and position + 1 < len(words):
            accelerator = accelerator_of(words[position + 1])
            position += _CONFIG_WORDS
            continue
        position += 1
        if action == _COMMAND_STREAM:
            length = (word >> 8 & 0xFF) << 16 | word >> 16
            if position + length > len(words):
                raise InputError(
                    f"The driver header announces {length} words of commands, but {len(words) - position} follow."
                )
            return payload[4 * position : 4 * (position + length)], accelerator
    raise InputError("The driver header contains no command stream.")


def accelerator_of(config: int) -> str:
    """Return the accelerator that the register CONFIG describes. Raises InputError if it is not executed here."""
    product = config >> 28
    name = _PRODUCTS[product] if product < len(_PRODUCTS) else f"unknown product {product}"
    name = f"{name}-{1 << (config & 0xF)}"
    if name not in _SHRAM_BYTES:
        raise InputError(f"The command stream is for {name}; npufit executes streams for {', '.join(_SHRAM_BYTES)}.")
    return name


def _call(model: Model, number: int, index: int, offsets: tuple[int, ...]) -> CompiledCall:
    subgraph = model.subgraphs[number]
    operator = subgraph.operators[index]
    place = Place(number, index, operator.name)
    try:
        stream, accelerator = strip_header(_data(subgraph, operator.input(_STREAM)))
    except InputError as error:
        raise ModelError(model.name, str(error).rstrip("."), place) from None

    def located(tensors: tuple[int, ...], *, may_lack: bool) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        for tensor in dict.fromkeys(tensors):
            if tensor == NO_TENSOR or subgraph.tensors[tensor].is_constant:
                continue
            offset = offsets[tensor] if number == 0 and tensor < len(offsets) else -1
            if offset < 0 and may_lack:
                continue
            if offset < 0:
                raise ModelError(model.name, f"{_ALLOCATION} has no offset for tensor {tensor}", place)
            found.append((tensor, offset))
        return tuple(found)

    regions = tuple(
        (region, _size(model, subgraph, operator.input(position), place))
        for region, position in ((_SCRATCH_REGION, _SCRATCH), (_FAST_REGION, _FAST_SCRATCH))
    )
    inputs, outputs = located(operator.inputs[_FIRST_DATA:], may_lack=True), located(operator.outputs, may_lack=False)
    program = Program(
        stream=stream,
        constants=_data(subgraph, operator.input(_CONSTANTS)),
        region_bytes=regions,
        accelerator=accelerator,
        inputs=tuple((_SCRATCH_REGION, offset, subgraph.tensors[tensor].size_bytes) for tensor, offset in inputs),
    )
    return CompiledCall(number, index, program, inputs, outputs)


def _data(subgraph: Subgraph, tensor: int) -> bytes:
    return b"" if tensor == NO_TENSOR else bytes(subgraph.tensors[tensor].buffer.data)


def _size(model: Model, subgraph: Subgraph, tensor: int, place: Place) -> int:
    size = 0 if tensor == NO_TENSOR else subgraph.tensors[tensor].size_bytes
    if size > _LARGEST_REGION:
        raise ModelError(model.name, f"a scratch tensor of {size} bytes is larger than {_LARGEST_REGION}", place)
    return size


def _offsets(model: Model) -> tuple[int, ...]:
    """Return the offset of every tensor of the main subgraph, -1 if it has none."""
    entry: Metadata | None = next((entry for entry in model.metadata if entry.name == _ALLOCATION), None)
    data = b"" if entry is None else bytes(entry.buffer.data)
    values = struct.unpack(f"<{len(data) // 4}i", data[: len(data) // 4 * 4])
    return values[3 : 3 + max(0, values[2])] if len(values) >= 3 else ()
