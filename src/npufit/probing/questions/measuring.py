"""The quantities of a question: those of the model that is asked about."""

from __future__ import annotations

from npufit.probing.questions.catalogue import space_of
from npufit.probing.questions.space import ImpossibleError, Point
from npufit.stacks.probed import Measured, measure


def measure_point(point: Point) -> Measured | None:
    """Return the quantities of the operator that `point` asks about, None if no model has these values."""
    space = space_of(point.space)
    try:
        graph = space.draw(dict(point.values)).main
    except ImpossibleError:
        return None
    return measure(graph, graph.operators[space.tested[0]])
