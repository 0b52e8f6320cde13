"""What the runs of a bench showed, as the proof takes it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.boards import WatchedRun
from npufit.measuring.tools.tool import Timing


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run and what its output said, None if nothing could be read off it."""

    run: WatchedRun
    timing: Timing | None


@dataclass(frozen=True, slots=True)
class Seen:
    """All runs that a proof may use, in the order they were made; empty where there was none.

    `stack` and `chip` are the target's, `driver` the kernel's driver behind its device (ethosu, rocket, etnaviv,
    galcore, neutron), empty if unknown. `partitions` is how many calls of the NPU one inference makes as npufit
    predicts it, and `known_partitions` how many one of the known network does, None if unknown. `has_device` and
    `has_delegate` say whether the board has them at all.
    `polls` is True if the driver is known to wait without interrupts (Neutron's use_irq is N), None if unknown.
    """

    chip: str
    stack: str
    driver: str
    on_cpu: tuple[SeenRun, ...] = ()
    known: tuple[SeenRun, ...] = ()
    model: tuple[SeenRun, ...] = ()
    evidence: tuple[SeenRun, ...] = ()
    partitions: int | None = None
    known_partitions: int | None = None
    has_device: bool = False
    has_delegate: bool = False
    polls: bool | None = None
