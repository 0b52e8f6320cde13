"""The result of a fit: the model before and after, the passes between them, and the proof."""

from __future__ import annotations

from dataclasses import dataclass

from npufit._version import __version__
from npufit.checking import CheckResult
from npufit.fitting.proof import LibraryProof, Proof
from npufit.fitting.recipe import Recipe
from npufit.fitting.search import PassOutcome, PassVerdict, fits
from npufit.fitting.step import FitStep
from npufit.graph import Model


@dataclass(frozen=True, slots=True)
class FitResult:
    """A model fitted to a target: its placements, the steps between, a verdict on every pass, the proof.

    `proof` is None if nothing was changed, or no proof was requested. `library` is what a real library answers, None if
    none was given. `is_survey` says that the passes were only tried to see where they apply.
    """

    original: CheckResult
    result: CheckResult
    steps: tuple[FitStep, ...]
    verdicts: tuple[PassVerdict, ...]
    proof: Proof | None
    from_samples: bool = False
    is_survey: bool = False
    library: LibraryProof | None = None

    @property
    def model(self) -> Model:
        """The rewritten model, or `original.model` if nothing was changed."""
        return self.result.model

    @property
    def recipe(self) -> Recipe:
        """The passes that were taken, to keep or to apply to another model."""
        passes = tuple(step.pass_ for step in self.steps)
        return Recipe(passes, __version__, str(self.result.target), self.original.model.name)

    @property
    def failures(self) -> tuple[PassVerdict, ...]:
        """The passes that failed their proof; none of them is in the result."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is PassOutcome.FAILED)

    @property
    def has_failed(self) -> bool:
        """True if a pass failed its proof, or the result is wrong or crashes on the real library."""
        return bool(self.failures) or (self.library is not None and self.library.result.is_wrong)

    @property
    def is_complete(self) -> bool:
        """True if every operator of the result runs on the NPU without a hazard."""
        return fits(self.result)
