"""What a real library did with one model, beside what the rules predict: JSON that workers send and stores keep."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from npufit.stacks import Effect, Unit

FORM = 1
"""Version of the JSON; raise it when a field changes, so that kept outcomes are computed anew."""


@dataclass(frozen=True, slots=True)
class OtherPlace:
    """An operator that the library places otherwise; `rule` is the one that keeps it off the NPU, empty without one."""

    subgraph: int
    operator: int
    type: str
    rule: str
    predicted: Unit
    real: Unit


@dataclass(frozen=True, slots=True)
class PredictedHazard:
    """A hazard that the rules predict."""

    rule: str
    effect: Effect
    certain: bool
    operator: int


@dataclass(frozen=True, slots=True)
class AnsweredOutput:
    """How many values of an output differ from the reference kernels, of how many, and by how much at most.

    `largest` is in steps for integers, in real numbers otherwise.
    """

    name: str
    differing: int
    values: int
    largest: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One model in the library.

    `operators` counts those whose placement the library told, `unknown` those of them that the rules leave open, `npu`
    those on the NPU. `real_partitions` is None if the library ended first; how it ended is in `ended`, and whether a
    rule predicts that in `end_was_predicted`. `unseen` are the rules of certain crashes and failures that did not
    happen. `outputs` is None if nothing was run, and `not_run` says why. `may_round` says that a note announces
    differences of 1 step. `kernel_refusals` are the calls that the chosen Linux release refuses. `refused_by_litert`
    is LiteRT's own message if it refuses the file; nothing else is known then.
    """

    operators: int = 0
    npu: int = 0
    unknown: int = 0
    otherwise: tuple[OtherPlace, ...] = ()
    partitions: int = 0
    real_partitions: int | None = None
    hazards: tuple[PredictedHazard, ...] = ()
    ended: str = ""
    end_was_predicted: bool = False
    unseen: tuple[str, ...] = ()
    outputs: tuple[AnsweredOutput, ...] | None = None
    not_run: str = ""
    may_round: bool = False
    kernel_refusals: tuple[str, ...] = ()
    refused_by_litert: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether every value of every output is that of the reference kernels; False if nothing was run."""
        return self.outputs is not None and not any(output.differing for output in self.outputs)

    @property
    def differs(self) -> bool:
        """Whether an answer was returned that is not that of the reference kernels."""
        return self.outputs is not None and not self.is_equal

    @property
    def is_rounded(self) -> bool:
        """Whether the answer differs by no more than the step that a note announces."""
        return self.differs and self.may_round and all(output.largest <= 1 for output in self.outputs or ())

    @property
    def differs_unpredicted(self) -> bool:
        """Whether a wrong answer came without a hazard or a note that predicts it."""
        return self.differs and not self.hazards and not self.is_rounded

    @property
    def has_other_partitions(self) -> bool:
        """Whether the library formed another number of partitions than predicted."""
        return self.real_partitions is not None and not self.unknown and self.real_partitions != self.partitions

    @property
    def agrees(self) -> bool:
        """Whether nothing contradicts the prediction."""
        ends_otherwise = bool(self.ended) and not self.end_was_predicted
        return not (
            self.otherwise or self.has_other_partitions or ends_otherwise or self.unseen or self.differs_unpredicted
        )


def outcome_text(outcome: Outcome) -> str:
    """Return `outcome` as JSON."""
    return json.dumps(asdict(outcome), allow_nan=False)


def read_outcome(text: str) -> Outcome:
    """Return the outcome in `text`, which `outcome_text` made."""
    found: dict[str, Any] = json.loads(text)
    outputs: list[Any] | None = found["outputs"]
    rows: dict[str, Any] = {
        "otherwise": tuple(map(_other, found["otherwise"])),
        "hazards": tuple(map(_hazard, found["hazards"])),
        "unseen": tuple(found["unseen"]),
        "outputs": None if outputs is None else tuple(AnsweredOutput(**row) for row in outputs),
        "kernel_refusals": tuple(found["kernel_refusals"]),
    }
    return Outcome(**(found | rows))


def _other(row: dict[str, Any]) -> OtherPlace:
    units: dict[str, Any] = {"predicted": Unit(row["predicted"]), "real": Unit(row["real"])}
    return OtherPlace(**(row | units))


def _hazard(row: dict[str, Any]) -> PredictedHazard:
    effect: dict[str, Any] = {"effect": Effect(row["effect"])}
    return PredictedHazard(**(row | effect))
