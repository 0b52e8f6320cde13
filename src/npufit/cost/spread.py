"""How far a measurement may lie from a prediction, depending on what the prediction is made of.

Three parts add up. The part that no coefficient explains: held-out networks show how large it is. How well the
measurements determine the coefficients that this prediction uses: the covariance of the fit shows it, so operators that
no measured network has widen the band by their share of the time. And a network that takes less time than nearly all
measured ones is farther from them. The factor on their sum is chosen so that the bands of held-out networks hold most
of their rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, hypot, log, sqrt

from npufit.cost.estimate import Band
from npufit.formatting import percent

SMALL_MS = 3.0
"""Below this few networks were measured, and fixed costs have a large share."""

_TELLING = 0.35
"""A coefficient is named if it has at least this share of the uncertainty."""

_MOST_NAMED = 2
_SMALL_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Spread:
    """The data from which the band of a prediction is made.

    `noise` is the deviation of the logarithm that no coefficient explains; it grows by `small` for each factor of e
    that the time lies below SMALL_MS. `covariance` has the lower triangle of the coefficients called `names`, row by
    row. `reach` is how many deviations the band extends. The rest is that of `Band`.
    """

    names: tuple[str, ...]
    covariance: tuple[float, ...]
    noise: float
    small: float
    reach: float
    coverage: float | None
    rows: int
    networks: int
    median_error: float | None
    origin: str

    def deviation(self, slopes: Mapping[str, float], ms: float) -> float:
        """Return the deviation of the logarithm of a time of `ms` whose dependence on coefficients is `slopes`."""
        return hypot(unexplained(self.noise, self.small, ms), sqrt(max(0.0, sum(self._shares(slopes).values()))))

    def band(self, slopes: Mapping[str, float], ms: float, meanings: Mapping[str, str] | None = None) -> Band:
        """Return the band around `ms`; `meanings` explains coefficients, for the text about uncertainty."""
        factor = exp(self.reach * self.deviation(slopes, ms))
        return Band(
            low=1 / factor,
            high=factor,
            coverage=self.coverage,
            rows=self.rows,
            networks=self.networks,
            median_error=self.median_error,
            origin=self.origin,
            unsure=self._unsure(slopes, ms, meanings or {}),
        )

    def typical(self) -> Band:
        """Return the band of a network that the measurements determine well."""
        return self.band({}, SMALL_MS)

    def _shares(self, slopes: Mapping[str, float]) -> dict[str, float]:
        """Return the parts of the variance by coefficient."""
        leaning = [slopes.get(name, 0.0) for name in self.names]
        found = dict.fromkeys(self.names, 0.0)
        place = 0
        for row, name in enumerate(self.names):
            for column in range(row + 1):
                part = leaning[row] * leaning[column] * self.covariance[place]
                found[name] += part
                if column < row:
                    found[self.names[column]] += part
                place += 1
        return found

    def _unsure(self, slopes: Mapping[str, float], ms: float, meanings: Mapping[str, str]) -> tuple[str, ...]:
        shares = self._shares(slopes)
        total = self.deviation(slopes, ms) ** 2
        if not total > 0:
            return ()
        worst = sorted(shares, key=lambda name: shares[name], reverse=True)[:_MOST_NAMED]
        found = [
            f"{meanings.get(name, name)}: {percent(slopes[name])} of the time, poorly determined by measurements"
            for name in worst
            if shares[name] >= _TELLING * total and slopes.get(name, 0.0) > 0
        ]
        if (unexplained(self.noise, self.small, ms) ** 2 - self.noise**2) >= _SMALL_SHARE * total:
            found.append(f"under {SMALL_MS:g} ms, where few networks were measured")
        return tuple(found)


def unexplained(noise: float, small: float, ms: float) -> float:
    """Return the deviation that no coefficient explains, of a time of `ms`."""
    below = max(0.0, log(SMALL_MS / ms)) if ms > 0 else 0.0
    return noise * (1 + small * below)


def lower_triangle(matrix: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the lower triangle of a symmetric matrix, row by row."""
    return tuple(float(matrix[row][column]) for row in range(len(matrix)) for column in range(row + 1))
