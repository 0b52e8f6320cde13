"""A step of a fit: one applied pass, as the search takes it and the proof examines it."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.checking import CheckResult
from npufit.graph import Model
from npufit.rewrite import Exactness, Pass, Site


@dataclass(frozen=True, slots=True)
class FitStep:
    """One applied pass: the model before it, and the placement of the model after it."""

    pass_: Pass
    before: Model
    after: CheckResult
    sites: tuple[Site, ...]
    notes: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """True if the pass promises the same answer, byte for byte."""
        return self.pass_.exactness is Exactness.EXACT
