"""Progress of a run, for whoever wants to show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from npufit.ethosu import Memory, Operation


class Stage(StrEnum):
    """The parts of a run that may take long, by the names that users see."""

    COMPILE = "compiling with Vela"
    LOAD = "loading"
    INFERENCE = "inference"
    REFERENCE = "reference kernels"


class Progress(Protocol):
    """Receives the progress of a stage. It is called often and must cost almost nothing."""

    def __call__(self, stage: Stage, done: int = 0, total: int = 0) -> None:
        """Note that `done` of `total` steps of `stage` are finished; a total of 0 means unknown."""
        ...


def ignore_progress(stage: Stage, done: int = 0, total: int = 0) -> None:
    """Show nothing."""


class OperationCounter:
    """A simulator listener that reports how many operations of an inference were executed."""

    def __init__(self, progress: Progress, total: int) -> None:
        """Count to `total`, the operations of all calls."""
        self._progress, self._total = progress, total
        self._done = 0

    def restart(self) -> None:
        """Begin with the next inference."""
        self._done = 0
        self._progress(Stage.INFERENCE, 0, self._total)

    def executed(self, operation: Operation, memory: Memory) -> None:
        """Count one more."""
        self._done += 1
        self._progress(Stage.INFERENCE, self._done, self._total)
