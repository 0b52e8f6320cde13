"""Which hypotheses agree with what was seen, and what rules the others out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.stacks.neutron.hypotheses.catalogue import HYPOTHESES
from npufit.stacks.neutron.hypotheses.explanation import Explanation
from npufit.stacks.neutron.hypotheses.hypothesis import Hypothesis, Standing
from npufit.stacks.neutron.hypotheses.seen import Disagreement, SeenConversion, disagreement


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
    agreeing: list[Explanation] = []
    closest: tuple[tuple[int, ...], Disagreement] | None = None
    for explanation in hypothesis.explanations([entry.network for entry in seen]):
        wrong = [found for entry in seen if (found := disagreement(explanation, entry)) is not None]
        if not wrong:
            agreeing.append(explanation)
            continue
        # Of those that contradict the same number of observations the one that agrees with the first ones says most.
        rank = (len(wrong), -seen.index(wrong[0].seen), sum(entry.operators for entry in wrong))
        if closest is None or rank < closest[0]:
            closest = rank, wrong[0]
    if agreeing:
        return Judgement(hypothesis, Standing.AGREES, tuple(agreeing))
    figures = _figures(hypothesis, seen)
    return Judgement(hypothesis, Standing.RULED_OUT, closest=None if closest is None else closest[1], figures=figures)


def _figures(hypothesis: Hypothesis, seen: Sequence[SeenConversion]) -> tuple[Figure, ...]:
    best = max(seen, key=lambda entry: entry.bounds.most / max(1, entry.bounds.most + entry.bounds.most_lost))
    worst = min(seen, key=lambda entry: entry.bounds.most / max(1, entry.bounds.most + entry.bounds.most_lost))
    if best is worst:
        return ()
    found: list[Figure] = []
    for quantity, words in hypothesis.measures:
        values = best.network.values(quantity)
        largest = max((values[index] or 0 for index in best.network.expected), default=0)
        above = [value for value in _candidates(worst, quantity) if value > largest]
        found.append(Figure(words, largest, best, len(above), worst))
    return tuple(found)


def _candidates(seen: SeenConversion, quantity: str) -> list[int]:
    values = seen.network.values(quantity)
    return [value for index in seen.network.candidates if (value := values[index]) is not None]


def _judge_comparison(hypothesis: Hypothesis, seen: Sequence[SeenConversion], release: str) -> Judgement:
    """Judge a hypothesis that predicts nothing about a file, by the same network under other circumstances."""
    others = {
        "N6": [entry for entry in seen if entry.release == release and entry.setting],
        "N7": [entry for entry in seen if entry.release != release and not entry.setting],
    }.get(hypothesis.name, [])
    for other in others:
        same = [
            entry
            for entry in seen
            if entry.network.is_same(other.network) and entry.release == release and not entry.setting
        ]
        for entry in same:
            if entry.is_complete:
                continue
            whom = f"{other.release}{f' with {other.setting}' if other.setting else ''}"
            if other.is_complete:
                return Judgement(
                    hypothesis, Standing.AGREES, reason=f"{whom} converts {entry.network.name}: {other.what}"
                )
            return Judgement(hypothesis, Standing.RULED_OUT, reason=f"{whom} loses operators as well: {other.what}")
    return Judgement(hypothesis, Standing.UNTESTED, reason=hypothesis.untested)
