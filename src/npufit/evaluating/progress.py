"""Progress of an evaluation, for whoever wants to show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from npufit.execution import Stage


class EvaluateStage(StrEnum):
    """The parts of an evaluation that may take long, by the names that users see."""

    IMAGES = "evaluating"
    PRECISION = "average precision"


class EvaluateProgress(Protocol):
    """Receives the progress of a stage."""

    def __call__(self, stage: EvaluateStage | Stage, done: int = 0, total: int = 0) -> None:
        """Note that `done` of `total` steps of `stage` are finished; a total of 0 means unknown."""
        ...


def ignore_progress(stage: EvaluateStage | Stage, done: int = 0, total: int = 0) -> None:
    """Show nothing."""
