"""Progress of a fit, for whoever wants to show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from npufit.execution import Stage


class FitStage(StrEnum):
    """The parts of a fit that may take long, by the names that users see."""

    SEARCH = "trying passes"
    PROOF = "proving"


class FitProgress(Protocol):
    """Receives the progress of a stage of the fit, or of a run within its proof."""

    def __call__(self, stage: FitStage | Stage, done: int = 0, total: int = 0) -> None:
        """Note that `done` of `total` steps of `stage` are finished; a total of 0 means unknown."""
        ...


def ignore_progress(stage: FitStage | Stage, done: int = 0, total: int = 0) -> None:
    """Show nothing."""
