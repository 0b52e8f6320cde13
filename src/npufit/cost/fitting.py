"""Coefficients from measurements: least squares of the logarithm of predicted over measured, pulled towards priors.

All coefficients are positive, so their logarithms are fitted. Large residuals count linearly (Huber), so that one odd
row does not bend the rest, and every row stays in. A network with many rows counts no more than one with few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.cost.coefficient import Coefficient, Values

_HUBER = 0.15
"""Residuals above this (15 %) count linearly."""

_NOISE = 0.08
"""How far two honest measurements of one network lie apart: 8 %, as independent parties did for MobileNet V1."""

_STEPS = 60
_NUDGE = 1e-4

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Case:
    """One measured row: the network that it belongs to, its milliseconds, and what a set of coefficients predicts."""

    network: str
    measured_ms: float
    predict: Callable[[Values], float]


def fit(coefficients: Sequence[Coefficient], cases: Sequence[Case]) -> dict[str, float]:
    """Return the values of `coefficients` that explain `cases` best."""
    names = [coefficient.name for coefficient in coefficients]
    prior = np.log([coefficient.prior for coefficient in coefficients])
    stiffness = 1 / np.log([coefficient.spread for coefficient in coefficients])
    target = np.log([case.measured_ms for case in cases])
    counts = Counter(case.network for case in cases)
    share = np.array([1 / np.sqrt(counts[case.network]) for case in cases]) / _NOISE

    def residuals(logarithms: Floats) -> Floats:
        values = dict(zip(names, np.exp(logarithms).tolist(), strict=True))
        return np.log([case.predict(values) for case in cases]) - target

    current = prior.copy()
    error = residuals(current)
    damping = 1e-2
    for _ in range(_STEPS):
        jacobian = np.column_stack(
            [(residuals(current + _NUDGE * direction) - error) / _NUDGE for direction in np.eye(len(names))]
        )
        weight = share * np.sqrt(np.minimum(1.0, _HUBER / np.maximum(np.abs(error), 1e-12)))
        rows = np.vstack([jacobian * weight[:, None], np.diag(stiffness)])
        wanted = np.concatenate([-error * weight, stiffness * (prior - current)])
        normal = rows.T @ rows
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), rows.T @ wanted)
        proposed = current + np.clip(step, -1.0, 1.0)
        changed = residuals(proposed)
        if _loss(changed, proposed, prior, stiffness, share) <= _loss(error, current, prior, stiffness, share):
            current, error, damping = proposed, changed, damping / 3
            if np.abs(step).max() < 1e-5:
                break
        else:
            damping *= 4
    return dict(zip(names, np.exp(current).tolist(), strict=True))


def _loss(error: Floats, current: Floats, prior: Floats, stiffness: Floats, share: Floats) -> float:
    size = np.abs(error)
    huber = np.where(size <= _HUBER, size**2, 2 * _HUBER * size - _HUBER**2)
    return float((share**2 * huber).sum() + ((stiffness * (current - prior)) ** 2).sum())


def held_out(coefficients: Sequence[Coefficient], cases: Sequence[Case]) -> list[float]:
    """Return what each case is predicted to take by a fit that saw no row of its network."""
    predictions = [0.0] * len(cases)
    for network in dict.fromkeys(case.network for case in cases):
        values = fit(coefficients, [case for case in cases if case.network != network])
        for position, case in enumerate(cases):
            if case.network == network:
                predictions[position] = case.predict(values)
    return predictions
