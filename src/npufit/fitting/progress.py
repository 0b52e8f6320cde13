"""How far a fit is, told to whoever wants to show it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from npufit.execution import Stage


class FitStage(StrEnum):
    """The parts of a fit that may take long, as people call them."""

    SEARCH = "trying passes"
    PROOF = "proving"


class FitProgress(Protocol):
    """Is told how far a stage of the fit is, or of a run within its proof."""

    def __call__(self, stage: FitStage | Stage, done: int = 0, total: int = 0) -> None:
        """Take note that `done` of `total` steps of `stage` are finished; a total of 0 is not known."""
        ...


def ignore_progress(stage: FitStage | Stage, done: int = 0, total: int = 0) -> None:
    """Show nothing."""
