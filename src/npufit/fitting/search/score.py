"""Which of two forms of a model fits its target better, and how they differ in words."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.checking import CheckResult
from npufit.formatting import milliseconds, plural
from npufit.stacks import Effect, Status, Unit

NOTICEABLE = 0.005
"""Share of the predicted time below which a difference does not count: predictions are not that precise."""


@dataclass(frozen=True, slots=True)
class FitScore:
    """How well a model fits; smaller is better. `time_ms` is None without a prediction.

    An operator whose unit is unknown counts as off the NPU. `crashes` are the hazards that crash the process,
    `failures` those that make the inference fail; `hazards` includes both.
    """

    hazards: int
    time_ms: float | None
    off_npu: int
    partitions: int
    operators: int
    crashes: int = 0
    failures: int = 0

    def is_better_than(self, other: FitScore) -> bool:
        """Return whether this fits better: fewer crashes, failures and hazards, less time, then the other counts."""
        if self._dangers != other._dangers:
            return self._dangers < other._dangers
        change = self.time_change(other)
        if change:
            return change < 0
        return self._counts < other._counts

    def is_better_but_for_hazards(self, other: FitScore) -> bool:
        """Return whether this has more hazards but fits better in everything else."""
        if self._dangers <= other._dangers:
            return False
        change = self.time_change(other)
        return change < 0 if change else self._counts < other._counts

    def time_change(self, other: FitScore) -> float:
        """Return how many milliseconds more this takes; 0 if negligible or unknown."""
        if self.time_ms is None or other.time_ms is None:
            return 0.0
        change = self.time_ms - other.time_ms
        return change if abs(change) > NOTICEABLE * other.time_ms else 0.0

    @property
    def _dangers(self) -> tuple[int, int, int]:
        return self.crashes, self.failures, self.hazards

    @property
    def _counts(self) -> tuple[int, int, int]:
        return self.off_npu, self.partitions, self.operators


def score(result: CheckResult) -> FitScore:
    """Return how well the model of `result` fits its target. Times that rest on an assumed placement do not count."""
    summary, estimate = result.summary, result.estimate
    is_known = result.placement.status is Status.COMPLETE
    return FitScore(
        hazards=summary.hazards,
        time_ms=estimate.total_ms if estimate is not None and is_known else None,
        off_npu=summary.cpu + summary.unknown,
        partitions=summary.partitions,
        operators=sum(len(subgraph.operators) for subgraph in result.model.subgraphs),
        crashes=summary.crashes,
        failures=sum(hazard.effect is Effect.FAILS for hazard in result.placement.hazards),
    )


def fits(result: CheckResult) -> bool:
    """Return whether nothing is left to do: all operators on the NPU in one partition, no hazard."""
    placement = result.placement
    on_npu = bool(placement.operators) and all(placed.unit is Unit.NPU for placed in placement.operators)
    return on_npu and not placement.hazards and len(placement.partitions) == 1


def change_words(before: CheckResult, after: CheckResult) -> str:
    """Return the effect of `after`, such as `4 fewer hazards, 0.3 ms faster`; `no gain` if there is none."""
    old, new = score(before), score(after)
    where = "off the NPU" if before.summary.unknown or after.summary.unknown else "on the CPU"
    parts = [
        _more(new.crashes - old.crashes, "crash", nouns="crashes"),
        _more(new.hazards - new.crashes - old.hazards + old.crashes, "hazard"),
        _more(new.off_npu - old.off_npu, "operator", f" {where}"),
        _more(new.partitions - old.partitions, "partition"),
    ]
    change = new.time_change(old)
    if change:
        parts.append(f"{milliseconds(abs(change))} {'slower' if change > 0 else 'faster'}")
    if not any(parts):
        parts.append(_more(new.operators - old.operators, "operator"))
    return ", ".join(filter(None, parts)) or "no gain"


def _more(difference: int, noun: str, where: str = "", nouns: str = "") -> str:
    if not difference:
        return ""
    counted = nouns if nouns and abs(difference) > 1 else plural(abs(difference), noun).partition(" ")[2]
    return f"{abs(difference)} {'more' if difference > 0 else 'fewer'} {counted}{where}"
