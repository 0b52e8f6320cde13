"""Scaled accumulators in float32, half the time of float64, with bounds that tell which of them are certain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.ethosu.arrays import Array, Integers

_BYTES = 256
_ERROR = 2.0**-21
"""What the roundings on the way add up to, as a share of the largest value there; each is at most 2^-24 of it."""

_SMALLEST_FACTOR = 2.0**-60
_WIDEST = 0.125
"""Bounds that leave more than an eighth of all values open do not pay."""

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The upper bound of a scaled byte: `factor` times the accumulator plus `after`; the lower one is `width` less.

    If both have the same integer part, the exact value has it. Within the clamp a product is at most as large as
    `after` and a byte together, which bounds the error; what is outside stays there, because every step is monotone.
    """

    factor: Singles
    after: Singles
    width: Singles
    clamp: tuple[float, float]

    @classmethod
    def plan(
        cls, factor: Floats, after: Floats, away: Floats, clamp: tuple[float, float], repeat: int
    ) -> Estimate | None:
        """Return the bounds of accumulators times `factor` plus `after`, `away` more or less; None if far apart.

        The vectors have a value per channel; accumulators come in rows that repeat the channels `repeat` times.
        """
        margin = away + (np.abs(after) + 2 * _BYTES) * _ERROR
        widest = 2 * float(margin.max(initial=0))
        if factor.min(initial=1) < _SMALLEST_FACTOR or widest > _WIDEST:
            return None
        lowest, highest = clamp
        return cls(
            factor=np.tile(factor, repeat).astype(np.float32),
            after=np.tile(after + margin, repeat).astype(np.float32),
            width=np.tile(2 * margin, repeat).astype(np.float32),
            clamp=(lowest + 2 * widest, highest + 0.5),  # the lower bound stays in the clamp, too
        )

    def __call__(self, accumulators: Array, results: Array) -> Integers:
        """Write the bytes of `accumulators` to `results`, both in rows; return the flat positions of uncertain ones."""
        values = np.multiply(accumulators, self.factor)
        values += self.after
        np.clip(values, *self.clamp, out=values)
        upper = values.astype(results.dtype)
        values -= self.width
        np.copyto(results, values, casting="unsafe")
        return np.flatnonzero(results != upper)
