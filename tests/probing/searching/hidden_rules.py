"""A converter that is a rule in Python: what it takes is decided by the quantities of a model's operator."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from npufit.probing.asking import Answer, End
from npufit.probing.questions import Axis, Choices, ImpossibleError, Point, space_of
from npufit.probing.searching import OperatorFindings, search_operator
from npufit.stacks import Unit
from npufit.stacks.probed import Beyond, Limit, keeps_to
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


def misjudged(found: OperatorFindings, rule: Rule, count: int = 300) -> list[Point]:
    """Return the models, of `count` drawn at random, of which the limits that were found say something else."""
    space = space_of(found.operator)
    generator = random.Random(found.operator)
    wrong: list[Point] = []
    for _ in range(count):
        values = {axis.name: _drawn(axis, generator) for axis in space.axes}
        point = Point(space.name, tuple(values.items()))
        try:
            graph = space.draw(values).subgraphs[0]
        except ImpossibleError:
            continue
        measured = measure(graph, graph.operators[space.tested[0]])
        decision = rule(lambda quantity, measured=measured: value_of(quantity, measured))
        beyond = {limit.beyond for limit in found.limits if keeps_to(limit, measured) is False}
        expected = _BEYOND.get(decision) if isinstance(decision, End) else None if decision else Beyond.REFUSED
        if bool(beyond) != (expected is not None) or (expected is not None and expected not in beyond):
            wrong.append(point)
    return wrong


_BEYOND = {End.ERROR: Beyond.ERROR, End.CRASH: Beyond.CRASH}


def _drawn(axis: Axis, generator: random.Random) -> int | str:
    """Return the base of an axis or, as often, a word or a small size of it."""
    if generator.random() < 1 / 2:
        return axis.base
    if isinstance(axis, Choices):
        return generator.choice(axis.words)
    return generator.choice([size for size in (axis.least, 1, 2, 3, 4, 6, 8, 32) if axis.least <= size <= axis.most])
