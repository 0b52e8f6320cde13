"""What the recorder saw in an older Vela (see `_recorder`), in the form of a Vela 5 debug database.

Cycles and bytes are kept as that Vela has them. They mean the same as those of `passes`, with three exceptions: weights
that are fetched completely before an operation starts count in `npu_cycles`; bytes of constants are those needed, not
those of whole bursts; and the cost of a look-up table is counted once per operation. From 3.9 on the passes add up to
that Vela's total. Before 3.9 its total takes feature maps in SRAM for ones in DRAM; the passes do not.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from npufit.errors import ToolError
from npufit.graph import Model, OperatorId
from npufit.stacks.placement import CompilerPass
from npufit.stacks.vela.compiled_file import first_writer, writers_of
from npufit.stacks.vela.debug_database import DebugDatabase, Work, Write, stretches_of
from npufit.stacks.vela.labels import read_label

_SRAM = "Sram"
_LIMIT = 1 << 63

_Command = tuple[int, int, int]
"""Index of the stream, offset in bytes, number of Vela's operation."""


def read_record(data: bytes, model: Model) -> tuple[DebugDatabase, tuple[CompilerPass, ...]]:
    """Return what the recorder saw of `model`, whose tensors were named by their labels.

    The passes are Vela's expected time of each scheduled operation, in execution order. Raises ToolError if the form is
    unknown.
    """
    try:
        record = json.loads(data)
        order: dict[int, int] = {stream: index for index, stream in enumerate(record["streams"])}
        places = _places(record, model)
        commands: list[_Command] = [
            (order[stream], int(offset), int(operation)) for stream, offset, operation in record["commands"]
        ]
        commands.sort()
        found = {(index, places[operation]) for index, _, operation in commands}
        work = {Work(place, index) for index, place in found if place is not None}
        database = DebugDatabase(
            tuple(sorted(work, key=lambda entry: (entry.operator, entry.stream))),
            len(order),
            tuple(sorted({index for index, place in found if place is None})),
            tuple(_writes(record["operations"], commands)),
            stretches_of((index, offset, places[operation]) for index, offset, operation in commands),
        )
        passes = tuple(
            entry for recorded in record["passes"] if (entry := _read_pass(recorded, order, places)) is not None
        )
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ToolError(f"The data recorded in Vela has an unknown form: {error!r}.") from None
    return database, passes


def _places(record: Any, model: Model) -> list[OperatorId | None]:
    """Return the model's operator behind each of Vela's operations, None if there is none."""
    writers = writers_of(model)
    sources = [first_writer(writers, map(read_label, names)) for names in record["sources"]]
    numbers = [operation["source"] for operation in record["operations"]]
    return [sources[number] if number >= 0 else None for number in numbers]


def _writes(operations: list[Mapping[str, Any]], commands: list[_Command]) -> Iterator[Write]:
    """Yield the commands whose result is a whole tensor of the model, written by a single operation."""
    labels = [read_label(operation["writes"]) for operation in operations]
    writers = Counter(labels[operation] for operation in {operation for _, _, operation in commands})
    for stream, offset, operation in commands:
        label, shape = labels[operation], operations[operation]["shape"]
        if label is None or writers[label] != 1 or len(shape) != 4:
            continue
        batch, height, width, depth = (int(size) for size in shape)
        if batch == 1:
            yield Write(stream, offset, *label, height, width, depth)


def _read_pass(recorded: Any, order: Mapping[int, int], places: list[OperatorId | None]) -> CompilerPass | None:
    place: OperatorId | None = places[int(recorded["operation"])]
    sram = reads = writes = weights = needed = bursts = 0.0
    for memory, use in recorded["memories"].items():
        if memory == _SRAM:
            sram = use["read"] + use["write"] + use["tables"] + use["weights"] + use["stored"]
            continue
        reads += use["read"] + use["tables"]
        writes += use["write"] + use["stored"]
        weights += use["weights"]
        needed += use["needed"] + use["tables"]
        bursts += use["read"] + use["tables"]
    counts = [recorded["macs"], recorded["npu"], recorded["total"], sram, reads, writes, weights]
    macs, npu_cycles, total_cycles, *used = (_count(value) for value in counts)
    if not any((macs, npu_cycles, total_cycles, *used)):
        return None
    return CompilerPass(
        partition=order[recorded["stream"]],
        operator=place,
        kind=str(recorded["kind"]),
        macs=macs,
        npu_cycles=npu_cycles,
        memory_cycles=max(_count(use["cycles"]) for use in recorded["memories"].values()),
        total_cycles=total_cycles,
        sram_bytes=used[0],
        dram_read_bytes=used[1],
        dram_write_bytes=used[2],
        dram_weight_bytes=used[3],
        dram_efficiency=min(1.0, needed / bursts) if bursts else 1.0,
    )


def _count(value: float) -> int:
    """Return a number of bytes, cycles or operations; Vela computes some of them as fractions."""
    if not (math.isfinite(value) and 0 <= value < _LIMIT):
        raise ValueError(f"{value} is not a number of bytes, cycles or operations")
    return round(value)
