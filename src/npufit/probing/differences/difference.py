"""What two converters do differently: a limit that one of them has, and the smallest model that shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from npufit.graph import Model
from npufit.probing import ProbeResult
from npufit.probing.asking import Answer, End
from npufit.probing.questions import Point, Space
from npufit.stacks.probed import Limit


class Outcome(StrEnum):
    """What becomes of the operator that a question is about."""

    NPU = "npu"
    CPU = "cpu"
    ERROR = "error"
    CRASH = "crash"
    TIMEOUT = "timeout"


_FAILURES = {End.ERROR: Outcome.ERROR, End.CRASH: Outcome.CRASH, End.TIMEOUT: Outcome.TIMEOUT}


def outcome_of(space: Space, answer: Answer) -> Outcome:
    """Return what `answer` says of the operators that `space` asks about."""
    if answer.end is not End.FINE:
        return _FAILURES[answer.end]
    return Outcome.NPU if all(answer.takes(index) for index in space.tested) else Outcome.CPU


@dataclass(frozen=True, slots=True)
class Example:
    """A model that two converters treat differently, as both of them answered."""

    point: Point
    model: Model
    first: Outcome
    second: Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """One limit that makes two converters differ, with the smallest model found that shows it.

    `limit` is a limit of the first converter if `is_firsts`, else of the second, and it is what keeps the example off
    the NPU there; None if no limit was found that does. `counterpart` is the limit of the other converter on the same
    quantity under the same conditions, None if it has none: it may have one under others. `is_type` is True if one of
    them takes no model of this operator type. `models` is how many of the models asked about show it.
    """

    operator: str
    limit: Limit | None
    counterpart: Limit | None
    is_firsts: bool
    is_type: bool
    models: int
    example: Example


@dataclass(frozen=True, slots=True)
class ConverterDifference:
    """What two converters do differently with models of one operator.

    `questions` are those of both, the ones that looked for differences included. `ended_by` is empty, or what ended
    the questions early: then more may differ.
    """

    first: ProbeResult
    second: ProbeResult
    differences: tuple[Difference, ...]
    questions: int
    ended_by: str = ""

    @property
    def differing(self) -> tuple[str, ...]:
        """The operator types that have a difference, in the order of the probe."""
        return tuple(dict.fromkeys(difference.operator for difference in self.differences))


Ask = Callable[[Sequence[Point]], Sequence[tuple[Answer, Answer]]]
"""Asks both converters about points; returns a pair of answers for each. Raises Unanswered if the budget is spent."""
