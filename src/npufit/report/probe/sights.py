"""What was asked of one operator, measured: the points of the heat maps."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.probing.asking import End
from npufit.probing.questions import measure_point
from npufit.probing.searching import Asked, OperatorFindings
from npufit.stacks.probed import Measured


@dataclass(frozen=True, slots=True)
class Sight:
    """One question by what was asked about, and its answer."""

    measured: Measured
    is_accepted: bool
    end: End


def sights_of(findings: OperatorFindings) -> list[Sight]:
    """Return the questions about an operator, measured as its limits are."""
    return [sight for asked in findings.asked if (sight := _sight(asked)) is not None]


def _sight(asked: Asked) -> Sight | None:
    measured = measure_point(asked.point)
    return None if measured is None else Sight(measured, asked.is_accepted, asked.answer.end)
