"""Vela's summary: how much of each memory the compiled model needs, and Vela's estimate of its time."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

from npufit.errors import ToolError

_UNLIMITED_KIB = 1 << 22
"""The least that Vela writes for an arena cache without a limit: an address space, of 32 bits on an Ethos-U55."""

_LIMIT = 1 << 63

_MEMORIES = (
    ("SRAM", "sram_memory_used"),
    ("DRAM", "dram_memory_used"),
    ("on-chip flash", "on_chip_flash_memory_used"),
    ("off-chip flash", "off_chip_flash_memory_used"),
)


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes of one memory, and the memory mode's limit on it, None if it sets none."""

    memory: str
    used_bytes: int
    limit_bytes: int | None


@dataclass(frozen=True, slots=True)
class Total:
    """Vela's expected NPU cycles of one inference, and the clock that it assumes."""

    clock_hz: float
    cycles: int


def read_summary(text: str) -> tuple[MemoryNeed, ...]:
    """Return the memories that the summary CSV lists as used. Raises ToolError if its form is unknown."""
    try:
        row = _read_row(text)
        arena_kib = float(row["arena_cache_size"])
        sram_limit = None if arena_kib >= _UNLIMITED_KIB else _bytes(arena_kib)
        needs = [
            MemoryNeed(memory, _bytes(float(row[column])), sram_limit if memory == "SRAM" else None)
            for memory, column in _MEMORIES
        ]
    except (csv.Error, StopIteration, KeyError, TypeError, ValueError) as error:
        raise ToolError(f"Vela's summary has an unknown form: {error!r}.") from None
    return tuple(need for need in needs if need.used_bytes)


def read_total(text: str) -> Total:
    """Return the total in the summary CSV. Raises ToolError if its form is unknown."""
    try:
        row = _read_row(text)
        # Vela 5 writes whole cycles, the releases before fractions of them.
        total = Total(float(row["core_clock"]), round(float(row["cycles_total"])))
        if not (math.isfinite(total.clock_hz) and total.clock_hz > 0 and 0 <= total.cycles < _LIMIT):
            raise ValueError(f"{total.cycles} cycles at {total.clock_hz} Hz")
    except (csv.Error, StopIteration, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ToolError(f"Vela's summary has an unknown form: {error!r}.") from None
    return total


def _read_row(text: str) -> dict[str, str]:
    return next(iter(csv.DictReader(text.splitlines())))


def _bytes(kib: float) -> int:
    return round(kib * 1024)
