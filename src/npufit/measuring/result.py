"""The result of a bench."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.boards import BoardFacts
from npufit.measurements import Measurement, ProofVerdict


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A model without a measurement, and why. `is_input` is True if the model or an option is at fault."""

    model: str
    reason: str
    is_input: bool = False


@dataclass(frozen=True, slots=True)
class BenchResult:
    """A board, and what was measured there, in the order of the models.

    `on` is what the user wrote for the board; it is printed and never written. `ended_early` says what ended the bench
    before all models had their turn (a lost connection, an interrupt), empty if nothing did. `is_interrupted` says that
    it was the user.
    """

    on: str
    board: BoardFacts
    measurements: tuple[Measurement, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()
    ended_early: str = ""
    is_interrupted: bool = False

    @property
    def is_refuted(self) -> bool:
        """True if an NPU was shown not to have run, or outputs are wrong."""
        verdicts = {entry.proof.verdict for entry in self.measurements}
        differs = any(entry.outputs is not None and entry.outputs.is_wrong for entry in self.measurements)
        return differs or ProofVerdict.CONTRADICTED in verdicts

    @property
    def has_failed(self) -> bool:
        """True if the board or a tool failed: a model without a measurement, or without a time on its target."""
        return any(not entry.is_input for entry in self.not_measured) or any(
            entry.target and entry.npu is None and entry.proof.verdict is not ProofVerdict.CONTRADICTED
            for entry in self.measurements
        )
