"""Vela's expected time of each scheduled operation, from the tables `perf` and `perf_debug` of its debug database.

The numbers are kept unchanged. They add up to Vela's summary: `op_cycles` to `cycles_total`, `npu_cycles` to
`cycles_npu`, `mac_count` to `nn_macs`, the bytes to the `..._total_bytes` of each memory. The summary's
`..._weight_read_bytes` exclude the scales and its `..._feature_map_read_bytes` exclude the look-up tables; a pass
includes them. If several subgraphs of a model have commands, Vela keeps only the tables of the last one that it
compiled: the operations of the others have no pass, and the passes add up to less than the total.

What the numbers mean, according to regor, the compiler inside Vela (network_performance.cpp,
ethos_u55_performance.cpp):

- `op_cycles` is the largest of `npu_cycles` and of the access cycles of each memory. Operations do not overlap, except
  that weights can be fetched while the previous operation runs.
- `npu_cycles` is the arithmetic or the output, whichever is slower, plus the latency of the memories for each block and
  the remaining wait for the first transfer of weights and of the look-up table.
- Access cycles are bytes divided by bandwidth, with two exceptions: weights fetched before the operation starts take
  none, and scales beside buffered weights count as bytes of SRAM but take the time of the memory that they came from.
- Bytes are those of whole bursts: if 8 bytes of each burst of 128 are useful, they are 16 times what the operation
  needs. The efficiency is the useful share of all reads of the memory; the bytes already include it.
- Bytes count every read: the input again for the halo of each block and for each block of the output's depth, the
  weights once for each block of the output's height and width, unless they are buffered in SRAM. Then they are read
  from their memory once, written to SRAM once, and read from there for each block.
- A MatMul keeps 32-bit values between its two halves. Their bytes are counted as if they were 8-bit, so the efficiency
  comes out as 7, which is cut to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from npufit.graph import OperatorId
from npufit.stacks.placement import CompilerPass

_SRAM = "Sram"
_MEMORIES = (_SRAM, "Dram", "OnChipFlash", "OffChipFlash")
"""All memories that Vela knows; a table has columns for those that the memory mode uses."""

_CYCLES = ("operator", "mac_count", "npu_cycles", "op_cycles")
_USES = ("FeatureMap", "Lut", "Weights", "Scales")
_LIMIT = 1 << 63

Command = tuple[int, OperatorId | None, str]
"""Index of the stream, operator of the model if known, id of the scheduled operation."""


def find_memories(header: Iterable[str]) -> tuple[str, ...]:
    """Return the memories in the header of the table `perf`. Raises ValueError if there are none."""
    names = frozenset(header)
    memories = tuple(memory for memory in _MEMORIES if f"{memory}_ac" in names)
    if not memories:
        raise ValueError("its table 'perf' has no memories")
    return memories


def cycle_columns(memories: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of `perf` that `read_passes` takes, in its order."""
    return (*_CYCLES, *(f"{memory}_ac" for memory in memories))


def traffic_columns(memories: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of `perf_debug` that `read_passes` takes, in its order."""
    columns: list[str] = []
    for memory in memories:
        columns += (f"{memory}{use}_{way}" for way in ("read", "write") for use in _USES)
        columns.append(f"{memory}_read_efficiency")
    return tuple(columns)


def read_passes(
    commands: Iterable[Command],
    cycles: Mapping[str, tuple[str, ...]],
    traffic: Mapping[str, tuple[str, ...]],
    memories: tuple[str, ...],
) -> tuple[CompilerPass, ...]:
    """Return a pass for each scheduled operation, in the order of its first command.

    An operation that Vela counts with another one, such as chained operations on an Ethos-U85, has no pass; nor has one
    missing from `cycles`. `cycles` and `traffic` have the values of their columns by id. Raises LookupError or
    ValueError if a value is missing or is not a number in its range.
    """
    first: dict[str, tuple[int, OperatorId | None]] = {}
    for stream, place, scheduled in commands:
        if scheduled in cycles:
            first.setdefault(scheduled, (stream, place))
    # Vela may split one operator into tens of thousands of operations that are the same.
    known: dict[tuple[object, ...], CompilerPass | None] = {}
    passes: list[CompilerPass] = []
    for scheduled, (stream, place) in first.items():
        key = (stream, place, cycles[scheduled], traffic[scheduled])
        if key not in known:
            known[key] = _read_pass(*key, memories)
        found = known[key]
        if found is not None:
            passes.append(found)
    return tuple(passes)


def _read_pass(
    stream: int,
    place: OperatorId | None,
    cycles: tuple[str, ...],
    traffic: tuple[str, ...],
    memories: tuple[str, ...],
) -> CompilerPass | None:
    kind, *numbers = cycles
    macs, npu_cycles, total_cycles, *access_cycles = (_read_count(text) for text in numbers)
    sram = reads = writes = weights = 0
    efficiency = 1.0
    width = 2 * len(_USES) + 1
    for index, memory in enumerate(memories):
        *texts, share = traffic[index * width : (index + 1) * width]
        feature_map, lut, weight, scale, *written = (_read_count(text) for text in texts)
        if memory == _SRAM:
            sram = sum((feature_map, lut, weight, scale, *written))
        else:
            reads += feature_map + lut
            weights += weight + scale
            writes += sum(written)
            efficiency = min(efficiency, _read_share(share))
    if not any((macs, npu_cycles, total_cycles, sram, reads, writes, weights)):
        return None
    return CompilerPass(
        partition=stream,
        operator=place,
        kind=kind,
        macs=macs,
        npu_cycles=npu_cycles,
        memory_cycles=max(access_cycles),
        total_cycles=total_cycles,
        sram_bytes=sram,
        dram_read_bytes=reads,
        dram_write_bytes=writes,
        dram_weight_bytes=weights,
        dram_efficiency=efficiency,
    )


def _read_count(text: str) -> int:
    """Return a number of bytes, cycles or operations; a field is empty if a memory is not used."""
    count = int(text or 0)
    if not 0 <= count < _LIMIT:
        raise ValueError(f"{count} is not a number of bytes, cycles or operations")
    return count


def _read_share(text: str) -> float:
    share = float(text or 1)
    if not 0 <= share < math.inf:
        raise ValueError(f"{share} is not an efficiency")
    return min(share, 1.0)  # of a MatMul it may be 7
