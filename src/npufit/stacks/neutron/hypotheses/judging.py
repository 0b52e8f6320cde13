"""Which hypotheses agree with what was seen, and what rules the others out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.stacks.neutron.hypotheses.catalogue import HYPOTHESES
from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.hypothesis import Hypothesis, Standing
from npufit.stacks.neutron.hypotheses.seen import Disagreement, SeenConversion, disagreement
from npufit.stacks.neutron.versions import is_later

_MOST_COMPARED = 1000
"""Explanations of a hypothesis that is ruled out among which the closest is looked for."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity of single operators: the largest where most was converted, and how many are above it in the worst."""

    words: str
    largest: int
    converted: SeenConversion
    above: int
    lost: SeenConversion


@dataclass(frozen=True, slots=True)
class Judgement:
    """A hypothesis with the explanations that agree with every observation.

    If there are none, `closest` is how the one that comes closest contradicts an observation; `figures` are numbers to
    judge it by. `reason` says in a sentence why the hypothesis stands as it does.
    """

    hypothesis: Hypothesis
    standing: Standing
    explanations: tuple[Explanation, ...] = ()
    closest: Disagreement | None = None
    figures: tuple[Figure, ...] = ()
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """True unless it is ruled out."""
        return self.standing is not Standing.RULED_OUT


def judge(seen: Sequence[SeenConversion], release: str) -> tuple[Judgement, ...]:
    """Return what `seen` says about each hypothesis on `release`; other releases and settings count for N6 and N7."""
    own = [entry for entry in seen if entry.release == release and not entry.setting]
    return tuple(
        _judge_comparison(hypothesis, seen, release) if hypothesis.explanations is None else _judge(hypothesis, own)
        for hypothesis in HYPOTHESES
    )


def _judge(hypothesis: Hypothesis, seen: Sequence[SeenConversion]) -> Judgement:
    assert hypothesis.explanations is not None
    if not seen:
        return Judgement(hypothesis, Standing.UNTESTED, reason="nothing was seen of this release")
    explanations = list(hypothesis.explanations([entry.network for entry in seen]))
    agreeing = tuple(it for it in explanations if all(disagreement(it, entry) is None for entry in seen))
    if agreeing:
        return Judgement(hypothesis, Standing.AGREES, agreeing)
    return Judgement(
        hypothesis,
        Standing.RULED_OUT,
        closest=_closest(explanations[:: -(-len(explanations) // _MOST_COMPARED)] if explanations else (), seen),
        figures=_figures(hypothesis, seen),
    )


def _closest(explanations: Sequence[Explanation], seen: Sequence[SeenConversion]) -> Disagreement | None:
    """Return how the explanation that comes closest contradicts an observation.

    Of those that contradict the same number of observations, the one that agrees with the first ones says most.
    """
    closest: tuple[tuple[int, ...], Disagreement] | None = None
    for explanation in explanations:
        wrong = [(place, found) for place, entry in enumerate(seen) if (found := disagreement(explanation, entry))]
        rank = (len(wrong), -wrong[0][0], sum(found.operators for _, found in wrong))
        if closest is None or rank < closest[0]:
            closest = rank, wrong[0][1]
    return None if closest is None else closest[1]


def _figures(hypothesis: Hypothesis, seen: Sequence[SeenConversion]) -> tuple[Figure, ...]:
    worst = min(seen, key=_share)
    best = max((entry for entry in seen if entry.network.types == worst.network.types), key=_share)
    if best is worst:
        return ()
    found: list[Figure] = []
    for quantity, words in hypothesis.measures:
        values = best.network.values(quantity)
        largest = max((values[index] or 0 for index in best.network.expected), default=0)
        above = [value for value in _candidates(worst, quantity) if value > largest]
        found.append(Figure(words, largest, best, len(above), worst))
    return tuple(found)


def _share(seen: SeenConversion) -> float:
    return seen.bounds.most / max(1, seen.bounds.most + seen.bounds.most_lost)


def _candidates(seen: SeenConversion, quantity: str) -> list[int]:
    values = seen.network.values(quantity)
    return [value for index in seen.network.candidates if (value := values[index]) is not None]


def _judge_comparison(hypothesis: Hypothesis, seen: Sequence[SeenConversion], release: str) -> Judgement:
    """Judge a hypothesis that predicts nothing about a file, by the same network under other circumstances."""
    others = {
        "N6": [entry for entry in seen if entry.release == release and entry.setting],
        "N7": [entry for entry in seen if entry.release != release and not entry.setting],
    }.get(hypothesis.name, [])
    lossy = [entry for entry in seen if entry.release == release and not entry.setting and not entry.is_complete]
    compared = [other for other in others if any(other.network.is_same(entry.network) for entry in lossy)]
    better = next((other for other in compared if other.is_complete), None)
    if better is not None:
        return Judgement(hypothesis, Standing.AGREES, reason=f"{_circumstances(better)} converts {better.what}")
    last = next((other for other in compared if other.setting or is_later(other.release, release)), None)
    if last is not None:
        return Judgement(hypothesis, Standing.RULED_OUT, reason=f"{_circumstances(last)} converts only {last.what}")
    return Judgement(hypothesis, Standing.UNTESTED, reason=hypothesis.untested)


def _circumstances(seen: SeenConversion) -> str:
    return f"release {seen.release}{f' with {seen.setting}' if seen.setting else ''}"
