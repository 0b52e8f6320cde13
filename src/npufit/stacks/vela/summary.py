"""Vela's summary: how much of each memory the compiled model needs."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from npufit.errors import ToolError

_UNLIMITED_KIB = 1 << 30
"""What Vela writes for an arena cache without a limit: its 40-bit address space."""

_MEMORIES = (
    ("SRAM", "sram_memory_used"),
    ("DRAM", "dram_memory_used"),
    ("on-chip flash", "on_chip_flash_memory_used"),
    ("off-chip flash", "off_chip_flash_memory_used"),
)


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes of one memory, and the limit that the memory mode sets, None where it sets none."""

    memory: str
    used_bytes: int
    limit_bytes: int | None


def read_summary(text: str) -> tuple[MemoryNeed, ...]:
    """Return the memories that the summary CSV says are used. Raises ToolError where its form is unknown."""
    try:
        row = next(iter(csv.DictReader(text.splitlines())))
        arena_kib = float(row["arena_cache_size"])
        sram_limit = None if arena_kib >= _UNLIMITED_KIB else _bytes(arena_kib)
        needs = [
            MemoryNeed(memory, _bytes(float(row[column])), sram_limit if memory == "SRAM" else None)
            for memory, column in _MEMORIES
        ]
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise ToolError(f"Vela's summary has an unknown form: {error!r}.") from None
    return tuple(need for need in needs if need.used_bytes)


def _bytes(kib: float) -> int:
    return round(kib * 1024)
