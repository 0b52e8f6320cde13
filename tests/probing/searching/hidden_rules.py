"""A converter that is a rule in Python: what it takes is decided by the quantities of a model's operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npufit.probing.asking import Answer, End
from npufit.probing.questions import Point, space_of
from npufit.probing.searching import OperatorFindings, search_operator
from npufit.stacks import Unit
from npufit.stacks.probed import Limit
from npufit.stacks.probed.quantities import measure, value_of

Quantities = Callable[[str], Any]
Rule = Callable[[Quantities], bool | End]
"""Whether an operator with these quantities is taken, or how the conversion ends."""


def find(operator: str, rule: Rule, seed: int = 0) -> OperatorFindings:
    """Return what the search finds out about `rule`."""
    space = space_of(operator)
    inquiry = search_operator(space, seed)
    points = next(inquiry)
    while True:
        try:
            points = inquiry.send([answer(point, rule) for point in points])
        except StopIteration as stop:
            return stop.value


def answer(point: Point, rule: Rule) -> Answer:
    """Return what `rule` answers about the model of `point`."""
    space = space_of(point.space)
    graph = space.draw(dict(point.values)).subgraphs[0]
    measured = measure(graph, graph.operators[space.tested[0]])
    decision = rule(lambda quantity: value_of(quantity, measured))
    if isinstance(decision, End):
        return Answer(decision, message="boom")
    return Answer(End.FINE, (Unit.NPU if decision else Unit.CPU,) * len(graph.operators))


def said(limit: Limit) -> tuple[object, ...]:
    """Return what a limit says, without how it was found."""
    when = tuple((one.quantity, one.relation.value, one.accepted or one.limit) for one in limit.when)
    return limit.quantity, limit.relation.value, limit.limit if limit.limit is not None else limit.refused, when
