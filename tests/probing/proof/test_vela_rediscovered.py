"""A probe that knows nothing of Vela finds what Vela's report states, exactly, and nothing that is not so.

The limits that it finds judge a model on either side of every stated boundary, and of every contradiction, as Vela did
(`test_vela_report` asks it). Models drawn at random are judged as Vela answers, too.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator

import pytest

from npufit.probing import ProbeOptions, probe
from npufit.probing.asking import Desk, choose_converter
from npufit.probing.differences import Outcome, outcome_of
from npufit.probing.questions import Choices, ImpossibleError, Point, space_of
from npufit.probing.searching import OperatorFindings
from npufit.stacks.probed import Beyond, Limit, keeps_to, measure, value_of
from probing.proof.test_vela_report import point_of
from probing.proof.vela_boundaries import BOUNDARIES, CONTRADICTIONS, OPERATORS, Values

_VELA = "imx93/vela@5.2"
_OUTCOMES = {
    Beyond.REFUSED: Outcome.CPU,
    Beyond.ERROR: Outcome.ERROR,
    Beyond.CRASH: Outcome.CRASH,
    Beyond.TIMEOUT: Outcome.TIMEOUT,
}
_RANDOM_MODELS, _MOST_UNKNOWN = 50, 1
_MOST_ELEMENTS = 1 << 22
"""Larger models take Vela minutes."""


def _judged(limits: tuple[Limit, ...], point: Point) -> set[Outcome]:
    """Return what may become of a model by the limits that were found, nothing if they say that it is unknown."""
    space = space_of(point.space)
    graph = space.draw(dict(point.values)).main
    measured = measure(graph, graph.operators[space.tested[0]])
    beyond = {_OUTCOMES[it.beyond] for it in limits if keeps_to(it, measured) is False}
    met = [it for it in limits if value_of(it.quantity, measured) is not None]
    is_unknown = any(keeps_to(it, measured) is None for it in met)
    return beyond or (set() if is_unknown else {Outcome.NPU})


def _stated(operator: str) -> Iterator[tuple[Values, Outcome, bool]]:
    """Yield models, what becomes of them, and whether that may be unknown."""
    for boundary in BOUNDARIES:
        if operator in boundary.operators:
            yield from ((values, Outcome.NPU, False) for values in boundary.taken)
            yield from ((values, boundary.outcome, boundary.is_slow) for values in boundary.refused)
    yield from ((it.values, it.outcome, False) for it in CONTRADICTIONS if it.operator == operator)


def _random_points(operator: str, count: int) -> Iterator[Point]:
    """Return points with two or three values away from their base, sizes up to what networks have."""
    space, generator = space_of(operator), random.Random(operator)
    while count:
        values = dict(space.base)
        for axis in generator.sample(space.axes, generator.randint(2, 3)):
            if isinstance(axis, Choices):
                values[axis.name] = generator.choice(axis.words)
            else:
                sizes = (axis.least, *(1 << power for power in range(9)))
                values[axis.name] = generator.choice([size for size in sizes if size <= axis.most])
        try:
            model = space.draw(values)
        except ImpossibleError:
            continue
        if sum(tensor.element_count for tensor in model.main.tensors) <= _MOST_ELEMENTS:
            count -= 1
            yield Point(operator, tuple(values.items()))


def _misjudged(found: OperatorFindings) -> list[str]:
    options = ProbeOptions(use_cache=False, workers=1)
    points = list(_random_points(found.operator, _RANDOM_MODELS))
    with Desk(choose_converter(_VELA, options), options) as desk:
        answers = desk.ask(points)
    space = space_of(found.operator)
    asked = [(point, outcome_of(space, answer), True) for point, answer in zip(points, answers, strict=True)]
    unknown = [point for point in points if not _judged(found.limits, point)]
    assert len(unknown) <= _MOST_UNKNOWN, unknown
    asked += [(point_of(found.operator, values), *known) for values, *known in _stated(found.operator)]
    base = space.base
    return [
        f"{ {name: value for name, value in point.values if value != base[name]} }: {outcome}, judged {judged}"
        for point, outcome, may_be_unknown in asked
        if outcome not in (judged := _judged(found.limits, point)) and (judged or not may_be_unknown)
    ]


def _rediscover(*operators: str) -> None:
    start = time.monotonic()
    result = probe(_VELA, ProbeOptions(operators=operators, groups=False, use_cache=False))
    lines = [f"{result.questions} questions in {time.monotonic() - start:.0f} s"]
    lines += [f"{it.operator}: {len(it.asked)} questions, {len(it.limits)} limits" for it in result.operators]
    sys.stdout.write("\n".join([*lines, ""]))
    wrong = {found.operator: _misjudged(found) for found in result.operators}
    assert wrong == {operator: [] for operator in operators}


def test_vela_is_rediscovered() -> None:
    _rediscover("ADD")


@pytest.mark.slow
@pytest.mark.parametrize("operator", ["SOFTMAX", "AVERAGE_POOL_2D"])
def test_vela_is_rediscovered_by_operator(operator: str) -> None:
    _rediscover(operator)


@pytest.mark.skipif("NPUFIT_PROOF" not in os.environ, reason="takes ten minutes: make test-vela")
def test_vela_is_rediscovered_as_a_whole() -> None:
    _rediscover(*OPERATORS)
