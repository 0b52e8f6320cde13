"""What a board says of itself at one moment: counters, temperatures, clocks, load, memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Zone:
    """One thermal zone, in degrees Celsius. `trip` is where the kernel begins to lower clocks, None if nowhere.

    It is the lowest passive trip point of the zone.
    """

    name: str
    type: str
    celsius: float
    trip: float | None


@dataclass(frozen=True, slots=True)
class Clock:
    """One frequency policy of the CPU: the cores that it covers, its governor, and MHz."""

    name: str
    cores: str
    governor: str
    mhz: float | None
    highest_mhz: float | None


@dataclass(frozen=True, slots=True)
class Readings:
    """One reading. `uptime_s` is the board's own clock.

    `interrupts` counts each line of /proc/interrupts over all cores, by its device's name as printed (without number
    and controller; lines of one name are added). `load` is that of the last minute. Memory is in kB; None where the
    board does not say.
    """

    uptime_s: float
    interrupts: Mapping[str, int]
    zones: tuple[Zone, ...] = ()
    clocks: tuple[Clock, ...] = ()
    load: float | None = None
    free_kb: int | None = None
    cma_free_kb: int | None = None
    cma_total_kb: int | None = None
    engine_ns: Mapping[str, int] | None = None
    """`drm-engine-*` of the running program's fdinfo, by engine; only while it runs, None where there is none."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program for the board: arguments, and variables of its environment. No shell interprets either."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    affinity: str = ""
    """The cores that it may use, as `taskset` takes them as a mask (`0x3`); empty means all."""


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A program that ran between two readings. `code` is None if its time was over.

    `output` is standard output and standard error in one, as they came. `during` are readings while it ran.
    """

    command: Command
    before: Readings
    during: tuple[Readings, ...]
    after: Readings
    code: int | None
    output: bytes
    is_cut: bool = False

    def moved(self) -> dict[str, int]:
        """Return by how much each interrupt line counted on; lines that stood still are left out."""
        lines = self.before.interrupts.keys() | self.after.interrupts.keys()
        deltas = {line: self.after.interrupts.get(line, 0) - self.before.interrupts.get(line, 0) for line in lines}
        return {line: delta for line, delta in sorted(deltas.items()) if delta}
