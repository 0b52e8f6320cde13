"""Coefficients from measurements: least squares of the logarithm of predicted over measured, pulled towards priors.

All coefficients are positive, so their logarithms are fitted. Large residuals count linearly (Huber), so that one odd
row does not distort the rest, and every row is kept. A network with many rows counts no more than one with few. The
curvature at the optimum says how well the rows determine each coefficient: its inverse is the covariance of the
logarithms, which for a coefficient that no row determines is that of its prior.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.slopes import slopes_by_differences

HUBER = 0.15
"""Residuals above this (15 %) count linearly."""

NOISE = 0.08
"""How far two honest measurements of one network lie apart: 8 %, as independent parties found for MobileNet V1."""

_STEPS = 40
_SMALLEST_STEP = 1e-4
_MOST_DAMPING = 1e4

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Case:
    """One measured row: its network, its milliseconds, and the prediction by a set of coefficients.

    `slopes` gives by how many percent the prediction grows for one percent of each coefficient; without it, finite
    differences are used.
    """

    network: str
    measured_ms: float
    predict: Callable[[Values], float]
    slopes: Callable[[Values], Mapping[str, float]] | None = None


@dataclass(frozen=True, slots=True)
class Regression:
    """The values of coefficients that explain cases best, and the covariance of their logarithms in that order."""

    values: dict[str, float]
    covariance: Floats


def regress(coefficients: Sequence[Coefficient], cases: Sequence[Case], noise: float = NOISE) -> Regression:
    """Return the values of `coefficients` that explain `cases` best; `noise` is how far apart two rows may well lie."""
    names = [coefficient.name for coefficient in coefficients]
    prior = np.log([coefficient.prior for coefficient in coefficients])
    stiffness = 1 / np.log([coefficient.spread for coefficient in coefficients])
    target = np.log([case.measured_ms for case in cases])
    counts = Counter(case.network for case in cases)
    share = np.array([1 / np.sqrt(counts[case.network]) for case in cases]) / noise

    def values_of(logarithms: Floats) -> dict[str, float]:
        return dict(zip(names, np.exp(logarithms).tolist(), strict=True))

    def residuals(logarithms: Floats) -> Floats:
        values = values_of(logarithms)
        return np.log([case.predict(values) for case in cases]) - target

    def weighted(logarithms: Floats, error: Floats) -> tuple[Floats, Floats]:
        values = values_of(logarithms)
        jacobian = np.array(
            [[slopes.get(name, 0.0) for name in names] for slopes in (_slopes(c, values) for c in cases)]
        )
        weight = share * np.sqrt(np.minimum(1.0, HUBER / np.maximum(np.abs(error), 1e-12)))
        return jacobian.reshape(len(cases), len(names)) * weight[:, None], weight

    current = prior.copy()
    error = residuals(current)
    damping = 1e-2
    for _ in range(_STEPS):
        rows, weight = weighted(current, error)
        normal = rows.T @ rows + np.diag(stiffness**2)
        wanted = rows.T @ (-error * weight) + stiffness**2 * (prior - current)
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), wanted)
        proposed = current + np.clip(step, -1.0, 1.0)
        changed = residuals(proposed)
        if _loss(changed, proposed, prior, stiffness, share) <= _loss(error, current, prior, stiffness, share):
            current, error, damping = proposed, changed, damping / 3
            if np.abs(step).max() < _SMALLEST_STEP:
                break
        else:
            damping *= 4
            if damping > _MOST_DAMPING:
                break
    rows, _ = weighted(current, error)
    return Regression(values_of(current), np.linalg.inv(rows.T @ rows + np.diag(stiffness**2)))


def _slopes(case: Case, values: Mapping[str, float]) -> Mapping[str, float]:
    if case.slopes is not None:
        return case.slopes(values)
    return slopes_by_differences(case.predict, values)


def _loss(error: Floats, current: Floats, prior: Floats, stiffness: Floats, share: Floats) -> float:
    size = np.abs(error)
    huber = np.where(size <= HUBER, size**2, 2 * HUBER * size - HUBER**2)
    return float((share**2 * huber).sum() + ((stiffness * (current - prior)) ** 2).sum())
