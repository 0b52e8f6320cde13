"""Which experiment next: those that are a way out if they succeed, then what tells most hypotheses apart.

Each hypothesis predicts the result of an experiment by every explanation of it that agrees with what was seen, all
alike likely. Two hypotheses are told apart as far as these results do not overlap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, product

from npufit.probing.explaining.experiment import Expectation, Experiment, ExperimentKind, Planned
from npufit.stacks.neutron.hypotheses import Explanation, Judgement, SourceNetwork

_MOST_EXPLANATIONS = 32
_LEAST_GAIN = 0.05
"""Pairs of hypotheses that an experiment must tell apart to be worth a conversion."""

_TRUST = 0.75
"""What one experiment can decide at most: a converter may do several of these things at once."""

_SHARES = (1 / 3, 2 / 3)
_APART = 0.5
_DIFFERS = {ExperimentKind.OTHER_RELEASE: "N7", ExperimentKind.OTHER_SOLVER: "N6"}
"""The hypothesis that expects the same file to be converted otherwise; those with predictions expect no change."""

_SILENT = {(ExperimentKind.OTHER_SOLVER, "N1")}
"""Another solver may schedule what the first could not, or fail as well."""

Results = dict[str, Counter[object]]
"""For each hypothesis that predicts something the possible results, weighted."""


def plan(experiments: Iterable[Experiment], judgements: Sequence[Judgement]) -> tuple[Planned, ...]:
    """Return the experiments that tell open hypotheses apart, in the order in which to do them.

    There is one of each kind: which is the next of a kind depends on what the first shows.
    """
    still_open = [judgement for judgement in judgements if judgement.is_open]
    pairs = list(combinations([judgement.hypothesis.name for judgement in still_open], 2))
    results = [(experiment, _results(experiment, still_open)) for experiment in experiments]
    undecided = dict.fromkeys(pairs, 1.0)
    planned: list[Planned] = []
    while results:
        gains = [_gain(found, undecided) / len(experiment.networks) for experiment, found in results]
        if max(gains) < _LEAST_GAIN:
            break
        best = max(range(len(results)), key=lambda place: (_precedence(results[place][0], gains[place]), gains[place]))
        experiment, found = results[best]
        results = [entry for entry in results if entry[0].kind is not experiment.kind]
        before = sum(undecided.values())
        for pair in pairs:
            undecided[pair] *= 1 - _TRUST * _apart(found, pair)
        gained = (before - sum(undecided.values())) / len(pairs)
        planned.append(Planned(experiment, gained, _separated(found, pairs), *_expected(experiment, still_open)))
    return tuple(planned)


def _precedence(experiment: Experiment, gain: float) -> int:
    """Return how early an experiment is done whatever else it tells: a success of these is already the way out."""
    if gain < _LEAST_GAIN:
        return -1
    if experiment.kind is ExperimentKind.AS_IT_IS:
        return 3
    if not experiment.kind.is_way_out or experiment.kind is ExperimentKind.OTHER_SOLVER:
        return 0
    return 1 if experiment.kind.changes_the_file else 2


def _gain(results: Results, undecided: dict[tuple[str, str], float]) -> float:
    return sum(left * _apart(results, pair) for pair, left in undecided.items())


def _apart(results: Results, pair: tuple[str, str]) -> float:
    """Return how far the results of two hypotheses do not overlap, 0 to 1; 0 if one predicts nothing."""
    first, second = (results.get(name) for name in pair)
    if not first or not second:
        return 0.0
    totals = first.total(), second.total()
    return 1 - sum(min(first[result] / totals[0], second[result] / totals[1]) for result in first)


def _separated(results: Results, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    apart = [pair for pair in pairs if _apart(results, pair) >= _APART]
    counts = Counter(name for pair in apart for name in pair)
    most = max(counts.values(), default=0)
    return tuple(name for name, count in counts.items() if count == most)


def _results(experiment: Experiment, judgements: Sequence[Judgement]) -> Results:
    if experiment.kind in _DIFFERS and not _may_lose(experiment.networks[0], judgements):
        return {}
    found: Results = {}
    for judgement in judgements:
        name = judgement.hypothesis.name
        if experiment.kind in _DIFFERS:
            if name == _DIFFERS[experiment.kind]:
                found[name] = Counter([True])
            elif _expects_the_same(experiment, judgement):
                found[name] = Counter([False])
        elif judgement.explanations:
            found[name] = Counter(
                tuple(_result(explanation, network) for network in experiment.networks)
                for explanation in thinned(judgement.explanations)
            )
    return found


def _may_lose(network: SourceNetwork, judgements: Sequence[Judgement]) -> bool:
    """Return whether some explanation leaves operators on the CPU: otherwise nothing can be converted better."""
    return any(
        explanation.least(network) != network.expected
        for judgement in judgements
        for explanation in thinned(judgement.explanations)
    )


def _expects_the_same(experiment: Experiment, judgement: Judgement) -> bool:
    return bool(judgement.explanations) and (experiment.kind, judgement.hypothesis.name) not in _SILENT


def _result(explanation: Explanation, network: SourceNetwork) -> int:
    """Return a result that a log shows: all of what the NPU takes as such, much, some, little or nothing of it."""
    expected = len(network.expected)
    kept = len(explanation.least(network))
    if kept in (0, expected):
        return -1 if kept == 0 else len(_SHARES) + 1
    return sum(kept / expected > share for share in _SHARES)


def _expected(experiment: Experiment, judgements: Sequence[Judgement]) -> tuple[tuple[Expectation, ...], int]:
    operators = sum(len(network.expected) for network in experiment.networks)
    found: list[Expectation] = []
    for judgement in judgements:
        name = judgement.hypothesis.name
        if experiment.kind in _DIFFERS:
            if name == _DIFFERS[experiment.kind] or _expects_the_same(experiment, judgement):
                found.append(Expectation(name, is_different=name == _DIFFERS[experiment.kind]))
        elif judgement.explanations:
            counts = [
                len(explanation.least(network))
                for explanation, network in product(thinned(judgement.explanations), experiment.networks)
            ]
            found.append(Expectation(name, min(counts), max(counts)))
    return tuple(found), operators


def thinned(explanations: Sequence[Explanation]) -> Sequence[Explanation]:
    """Return at most 32 of the explanations, evenly spaced, with the first and the last."""
    count = len(explanations)
    if count <= _MOST_EXPLANATIONS:
        return explanations
    return [explanations[place * (count - 1) // (_MOST_EXPLANATIONS - 1)] for place in range(_MOST_EXPLANATIONS)]
