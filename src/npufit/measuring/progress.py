"""Progress of a bench, for whoever wants to show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class BenchStage(StrEnum):
    """The parts of a bench that may take long, by the names that users see."""

    CONNECT = "connecting"
    SURVEY = "asking the board"
    PREPARE = "preparing the model"
    RUN = "measuring"
    COMPARE = "comparing outputs"


class BenchProgress(Protocol):
    """Receives the progress of a bench."""

    def __call__(self, stage: BenchStage, done: int = 0, total: int = 0) -> None:
        """Note that `done` of `total` runs are finished; a total of 0 means unknown."""
        ...


def ignore_progress(stage: BenchStage, done: int = 0, total: int = 0) -> None:
    """Show nothing."""
