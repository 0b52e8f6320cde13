"""The result of a differential: every model, what disagrees, and the answers in four cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from npufit.differing.outcome import Outcome
from npufit.formatting import plural
from npufit.stacks import Target


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model of the folder: its path there, its digest, and the outcome; without one, `failure` says why."""

    path: str
    sha256: str
    outcome: Outcome | None
    failure: str = ""
    kept: bool = False


class Kind(StrEnum):
    """How a library can contradict the rules, the worst first."""

    CRASH = "crash"
    """It ended, which no rule predicts."""
    ANSWER = "answer"
    """The answer differs, which no rule predicts."""
    PLACEMENT = "placement"
    """An operator runs elsewhere."""
    PARTITIONS = "partitions"
    """Another number of partitions."""
    UNSEEN = "unseen"
    """A crash or failure that is certain by the rules did not happen."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that the rules say otherwise: what, how often, and in which models."""

    kind: Kind
    what: str
    count: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DifferentialResult:
    """What a library did with the models of a folder, beside what the rules of `target` predict.

    `library` names its file with Mesa's version, if that tells it.
    """

    folder: str
    target: Target
    library: str
    kernel: str | None
    models: tuple[ComparedModel, ...]
    seconds: float

    @property
    def compared(self) -> tuple[tuple[ComparedModel, Outcome], ...]:
        """The models that the library was given, with their outcomes."""
        return tuple(
            (model, model.outcome)
            for model in self.models
            if model.outcome is not None and not model.outcome.refused_by_litert
        )

    @property
    def refused_by_litert(self) -> tuple[ComparedModel, ...]:
        """The models that LiteRT itself refuses."""
        return tuple(model for model in self.models if model.outcome is not None and model.outcome.refused_by_litert)

    @property
    def failed(self) -> tuple[ComparedModel, ...]:
        """The models that could not be compared."""
        return tuple(model for model in self.models if model.outcome is None)

    @property
    def agrees(self) -> bool:
        """Whether no outcome contradicts the rules."""
        return all(outcome.agrees for _, outcome in self.compared)

    def answers(self, *, hazard: bool, differs: bool) -> int:
        """Return how many models that were run are in one of the four cells.

        A note that announces a difference of 1 step counts as a hazard where the answer differs by no more.
        """
        return sum(
            bool(outcome.hazards or outcome.is_rounded) is hazard and outcome.differs is differs
            for _, outcome in self.compared
            if outcome.outputs is not None
        )

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """What the rules say otherwise, by kind, the most frequent first."""
        found: dict[tuple[Kind, str], list[str]] = {}
        for model, outcome in self.compared:
            for kind, what in _disagreements(outcome):
                found.setdefault((kind, what), []).append(model.path)
        order = list(Kind)
        rows = sorted(found.items(), key=lambda row: (order.index(row[0][0]), -len(row[1]), row[0][1]))
        return tuple(Disagreement(kind, what, len(paths), tuple(dict.fromkeys(paths))) for (kind, what), paths in rows)


def _disagreements(outcome: Outcome) -> Iterator[tuple[Kind, str]]:
    if outcome.ended and not outcome.end_was_predicted:
        yield Kind.CRASH, outcome.ended
    if outcome.differs_unpredicted:
        yield Kind.ANSWER, "outputs differ, no hazard is predicted"
    for other in outcome.otherwise:
        rule = f" ({other.rule})" if other.rule else ""
        yield Kind.PLACEMENT, f"{other.type}: the rules say {other.predicted}{rule}, the library {other.real}"
    if outcome.has_other_partitions:
        yield Kind.PARTITIONS, f"{plural(outcome.partitions, 'partition')} predicted, {outcome.real_partitions} formed"
    for rule in outcome.unseen:
        yield Kind.UNSEEN, rule
