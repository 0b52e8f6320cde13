"""Experiments: conversions that would tell hypotheses apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.stacks.neutron.hypotheses import SourceNetwork


class ExperimentKind(StrEnum):
    """What is changed, compared with the conversion to be explained."""

    AS_IT_IS = "as-it-is"
    OTHER_RELEASE = "other-release"
    WITHOUT_PADS = "without-pads"
    OTHER_SIZE = "other-size"
    LATER_PART = "later-part"
    ALONE = "alone"
    TALL = "tall"
    WIDE = "wide"
    WITHOUT_ADDS = "without-adds"
    OTHER_SOLVER = "other-solver"

    @property
    def changes_the_file(self) -> bool:
        """False if the same file is converted again, in another way."""
        return self not in (ExperimentKind.AS_IT_IS, ExperimentKind.OTHER_RELEASE, ExperimentKind.OTHER_SOLVER)

    @property
    def is_way_out(self) -> bool:
        """True if what converts in the experiment gives the same answers, so that success ends the search."""
        return self in (ExperimentKind.OTHER_RELEASE, ExperimentKind.OTHER_SOLVER, ExperimentKind.WITHOUT_PADS)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment: the networks to convert, and what to do in words."""

    kind: ExperimentKind
    action: str
    networks: tuple[SourceNetwork, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from other experiments on the same model."""
        return self.kind, *(network.name for network in self.networks)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a hypothesis predicts of an experiment: the fewest and the most operators converted, of those it may take.

    `is_different` is set instead where only the comparison counts: whether the result differs from before.
    """

    hypothesis: str
    fewest: int = 0
    most: int = 0
    is_different: bool | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """An experiment in its place in the plan.

    `separation` is the share of all pairs of open hypotheses, 0 to 1, that it is expected to tell apart beyond those
    before it. `separated` are the hypotheses that it sets apart from at least one other for the most part. Of
    `expectations`, those that predict nothing are missing. `operators` is how many the NPU takes as such.
    """

    experiment: Experiment
    separation: float
    separated: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    operators: int
