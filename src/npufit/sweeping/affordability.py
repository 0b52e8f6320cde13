"""What can I afford? The largest size of each series that meets every requirement, and what stops the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from npufit.checking import Gate, GateResult, evaluate_gate
from npufit.sweeping.point import Point, PointStatus, Series
from npufit.sweeping.sizes import by_area


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a point meets the requirements: the result of each. Without an outcome it does not."""

    point: Point
    gates: tuple[GateResult, ...]

    @property
    def holds(self) -> bool:
        """Whether all hold. What is unknown does not hold."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """The requirements that do not hold."""
        return tuple(gate for gate in self.gates if not gate.passed)


@dataclass(frozen=True, slots=True)
class Affordable:
    """What a series can afford: the largest point that holds, None if none does; and the next larger one, which fails.

    `is_exact` says that the network has no size between the two. If nothing holds, `following` is the smallest point;
    it is None if the largest one looked at holds.
    """

    series: Series
    largest: Verdict | None
    following: Verdict | None
    is_exact: bool


def judge(point: Point, gates: Sequence[Gate]) -> Verdict:
    """Return whether `point` meets `gates`."""
    outcome, target = point.outcome, str(point.series.setup)
    if outcome is None or point.status is PointStatus.OBSERVED:
        return Verdict(point, tuple(GateResult(gate, target, None, False) for gate in gates))
    return Verdict(point, tuple(evaluate_gate(gate, target, outcome.summary, outcome.times) for gate in gates))


def best_of(answers: Iterable[Affordable]) -> Affordable | None:
    """Return the series that affords the largest size, the fastest of several; None if none affords any."""
    able = [answer for answer in answers if answer.largest is not None]
    return max(able, key=_worth, default=None)


def _worth(answer: Affordable) -> tuple[tuple[int, int], float]:
    assert answer.largest is not None
    point = answer.largest.point
    return by_area(point.size or (0, 0)), -(point.ms or 0.0)
