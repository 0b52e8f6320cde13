"""Nested cross-validation: errors on rows that no choice in the fit has seen.

Every network is held out in turn. Without it, folds of the other networks choose among the ways to fit (`Choice`), and
their errors show how wide bands must be; then the coefficients are fitted, and the network is predicted with its band.
Anything else in the prediction that was fitted to the network's rows, such as the CPU's share of an NPU row, is also
fitted without it (`Question.without`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, exp, hypot, log, sqrt
from statistics import median

import numpy as np

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.regression.least_squares import HUBER, NOISE, Case, Regression, regress
from npufit.cost.spread import Spread, lower_triangle, unexplained

_FOLDS = 4
_COVERAGE = 0.88
"""The share of the networks that a band is to contain; slightly more for those that it is derived from."""

FEW = 5
"""With fewer networks than this no band can be derived from them."""

_GUESSED = log(1.6)
"""The deviation of a guessed band."""

_GUESSED_BLINDLY = log(2.0)
"""The same if nothing at all was measured."""

_NOISES = tuple(round(0.02 * step, 2) for step in range(4, 20))
"""At least NOISE, the distance between honest measurements of one network."""

_SMALLS = (0.5, 1.0)
"""How much the unexplained part may grow for small networks. Zero is not among the choices: that few were measured is
known without looking at the rows."""

_FARTHEST = 4.0
"""Deviations: no band extends further, so that one inexplicable network does not make all bands meaningless."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured row: of the total that `case` predicts, `own` depends on the coefficients, and the rest lies beside.

    The rest is not fitted here; `beside_deviation` is by how much its logarithm may be off.
    """

    case: Case
    own: Callable[[Values], float]
    own_slopes: Callable[[Values], Mapping[str, float]]
    beside_deviation: float = 0.0

    @property
    def network(self) -> str:
        """The group that is held out together."""
        return self.case.network


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to fit: coefficients that are left out because they contribute little, and how far rows lie apart."""

    dropped: tuple[str, ...] = ()
    noise: float = NOISE


@dataclass(frozen=True, slots=True)
class Question:
    """What to fit. `without` gives coefficients and rows as they are when a network is unknown."""

    choices: tuple[Choice, ...]
    without: Callable[[str | None], tuple[Sequence[Coefficient], Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Coefficients, and the width of the bands around their predictions."""

    values: dict[str, float]
    spread: Spread


@dataclass(frozen=True, slots=True)
class Held:
    """The prediction for a row by a fit that has not seen its network: milliseconds, and the ends of the band."""

    ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True)
class Validation:
    """The answer from all rows, the answers without each network, and their predictions for their networks' rows."""

    answer: Answer
    apart: dict[str, Answer] = field(default_factory=dict[str, Answer])
    held: tuple[Held, ...] = ()


def solve(question: Question) -> Validation:
    """Return the fit of `question` and its nested cross-validation."""
    coefficients, rows = question.without(None)
    apart: dict[str, Answer] = {}
    held: dict[int, Held] = {}
    for network in dict.fromkeys(row.network for row in rows):
        apart[network], found = hold_out(question, {network}, network)
        held.update(found)
    held_rows = tuple(held[place] for place in range(len(rows)))
    return Validation(_with_errors(_answer(coefficients, rows, question.choices), rows, held_rows), apart, held_rows)


def hold_out(question: Question, networks: Collection[str], unknown: str | None) -> tuple[Answer, dict[int, Held]]:
    """Return the fit without `networks`, and its predictions for their rows by place; `unknown` is one of them."""
    coefficients, rows = question.without(unknown)
    answer = _answer(coefficients, [row for row in rows if row.network not in networks], question.choices)
    return answer, {place: _judge(row, answer) for place, row in enumerate(rows) if row.network in networks}


def _judge(row: Row, answer: Answer) -> Held:
    own, total = row.own(answer.values), row.case.predict(answer.values)
    factor = exp(answer.spread.reach * answer.spread.deviation(row.own_slopes(answer.values), own))
    beside, beside_factor = max(0.0, total - own), exp(row.beside_deviation)
    return Held(total, own / factor + beside / beside_factor, own * factor + beside * beside_factor)


@dataclass(frozen=True, slots=True)
class _Residual:
    """The logarithm of measured over predicted, the variance that the coefficients explain, and the share of `own`."""

    network: str
    error: float
    explained: float
    ms: float
    share: float
    beside: float


def _answer(coefficients: Sequence[Coefficient], rows: Sequence[Row], choices: Sequence[Choice]) -> Answer:
    """Return the fit to `rows`; folds of their networks choose how to fit and how wide bands are."""
    networks = list(dict.fromkeys(row.network for row in rows))
    tried = [(choice, _residuals(coefficients, rows, networks, choice)) for choice in choices]
    choice, residuals = min(tried, key=lambda pair: _size(pair[1]))
    values, names, found = _regressed(coefficients, rows, choice)
    noise, small, reach = _width(residuals, len(networks))
    origin = f"errors of {len(rows)} measurements of {len(networks)} networks, each predicted by a fit without it"
    if len(networks) < FEW:
        count = f"only {len(networks)} networks were measured" if networks else "no measurement is public"
        origin = f"estimated, because {count}"
    return Answer(
        values,
        Spread(
            names=names,
            covariance=lower_triangle(found.covariance.tolist()),
            noise=noise,
            small=small,
            reach=reach,
            coverage=None,
            rows=len(rows),
            networks=len(networks),
            median_error=None,
            origin=origin,
        ),
    )


def _with_errors(answer: Answer, rows: Sequence[Row], held: Sequence[Held]) -> Answer:
    """Return `answer` with the errors and the coverage of its nested cross-validation."""
    if not held:
        return answer
    pairs = list(zip((row.case.measured_ms for row in rows), held, strict=True))
    spread = replace(
        answer.spread,
        coverage=sum(entry.low_ms <= ms <= entry.high_ms for ms, entry in pairs) / len(pairs),
        median_error=median(abs(entry.ms / ms - 1) for ms, entry in pairs),
    )
    return Answer(answer.values, spread)


def _regressed(
    coefficients: Sequence[Coefficient], rows: Sequence[Row], choice: Choice
) -> tuple[dict[str, float], tuple[str, ...], Regression]:
    wanted = [entry for entry in coefficients if entry.name not in choice.dropped]
    dropped = dict.fromkeys(choice.dropped, 0.0)

    def case(row: Row) -> Case:
        slopes = row.case.slopes
        return Case(
            row.network,
            row.case.measured_ms,
            lambda values: row.case.predict({**dropped, **values}),
            None if slopes is None else lambda values: slopes({**dropped, **values}),
        )

    found = regress(wanted, [case(row) for row in rows], choice.noise)
    return {**dropped, **found.values}, tuple(entry.name for entry in wanted), found


def _residuals(
    coefficients: Sequence[Coefficient], rows: Sequence[Row], networks: Sequence[str], choice: Choice
) -> list[_Residual]:
    """Return the errors of `rows`, each by a fit to the folds without its network."""
    found: list[_Residual] = []
    folds = min(_FOLDS, len(networks))
    for fold in range(folds):
        apart = set(networks[fold::folds])
        values, names, fitted = _regressed(coefficients, [row for row in rows if row.network not in apart], choice)
        for row in rows:
            if row.network in apart:
                slopes = row.own_slopes(values)
                leaning = np.array([slopes.get(name, 0.0) for name in names])
                own, total = row.own(values), row.case.predict(values)
                error, explained = log(row.case.measured_ms / total), float(leaning @ fitted.covariance @ leaning)
                found.append(_Residual(row.network, error, explained, own, own / total, row.beside_deviation))
    return found


def _size(residuals: Sequence[_Residual]) -> float:
    """Return the mean loss of residuals, every network counted once."""
    counts = Counter(entry.network for entry in residuals)
    return sum(_huber(abs(entry.error)) / counts[entry.network] for entry in residuals)


def _huber(size: float) -> float:
    return size**2 if size <= HUBER else 2 * HUBER * size - HUBER**2


def _width(residuals: Sequence[_Residual], networks: int) -> tuple[float, float, float]:
    """Return noise, its growth for small networks, and the reach of bands that hold most of `residuals`."""
    if networks < FEW:
        return (_GUESSED if networks else _GUESSED_BLINDLY), _SMALLS[0], 1.0
    counts = Counter(entry.network for entry in residuals)
    best, least = (_NOISES[0], _SMALLS[0]), float("inf")
    for small in _SMALLS:
        for noise in _NOISES:
            loss = 0.0
            for entry in residuals:
                deviation = _deviation(entry, noise, small) * entry.share + (1 - entry.share) * entry.beside
                loss += (log(deviation) + abs(entry.error) / deviation) / counts[entry.network]
            if loss < least:
                best, least = (noise, small), loss
    reaches = sorted((_reach(entry, *best), 1 / counts[entry.network]) for entry in residuals)
    wanted = min(_COVERAGE * (1 + 1 / networks), 1.0) * sum(weight for _, weight in reaches)
    held = 0.0
    for reach, weight in reaches:
        held += weight
        if held >= wanted - 1e-9:
            return (*best, max(1.0, ceil(reach * 100) / 100))
    return (*best, max(1.0, reaches[-1][0]))


def _deviation(entry: _Residual, noise: float, small: float) -> float:
    return hypot(unexplained(noise, small, entry.ms), sqrt(max(0.0, entry.explained)))


def _reach(entry: _Residual, noise: float, small: float) -> float:
    """Return how many deviations the band must extend to hold `entry`, with the rest at the end of its own band."""
    deviation = _deviation(entry, noise, small)
    sign = 1.0 if entry.error > 0 else -1.0
    needed = (exp(entry.error) - (1 - entry.share) * exp(sign * entry.beside)) / max(entry.share, 1e-9)
    if needed <= exp(-_FARTHEST * deviation):
        return _FARTHEST
    return min(_FARTHEST, max(0.0, sign * log(needed) / deviation))
