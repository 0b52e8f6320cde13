"""How far a run has come, told to whoever wants to show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from npufit.ethosu import Memory, Operation


class Stage(StrEnum):
    """The parts of a run that may take long, as people call them."""

    COMPILE = "compiling with Vela"
    LOAD = "loading"
    INFERENCE = "inference"
    REFERENCE = "reference kernels"


class Progress(Protocol):
    """Is told how far a stage is. It is called often and must cost nothing worth mentioning."""

    def __call__(self, stage: Stage, done: int = 0, total: int = 0) -> None:
        """Take note that `done` of `total` steps of `stage` are finished; a total of 0 is not known."""
        ...


def ignore_progress(stage: Stage, done: int = 0, total: int = 0) -> None:
    """Show nothing."""


class OperationCounter:
    """A listener of the simulator that tells how many operations of an inference were executed."""

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
