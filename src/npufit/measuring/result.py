"""The result of a bench."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.boards import BoardFacts
from npufit.measurements import Measurement


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A model without a measurement, and why."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class BenchResult:
    """A board, and what was measured there, in the order of the models.

    `on` is what the user wrote for the board; it is printed and never written. `ended_early` says what ended the bench
    before all models had their turn (a lost connection, an interrupt), empty if nothing did.
    """

    on: str
    board: BoardFacts
    measurements: tuple[Measurement, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()
    ended_early: str = ""
