"""What was asked of one operator, measured: the points of the heat maps."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.probing.asking import End
from npufit.probing.questions import ImpossibleError, space_of
from npufit.probing.searching import Asked, OperatorFindings
from npufit.stacks.probed import Measured, measure


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
    space = space_of(asked.point.space)
    try:
        graph = space.draw(dict(asked.point.values)).main
    except ImpossibleError:
        return None
    return Sight(measure(graph, graph.operators[space.tested[0]]), asked.is_accepted, asked.answer.end)
