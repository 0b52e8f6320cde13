"""The numbers of a cost model: each has a name, a unit, a physical meaning, and a value that was fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Values = Mapping[str, float]
"""Coefficients by name, in the units of their `Coefficient`."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One number of a cost model.

    `prior` is what one expects before any measurement, from `source`; `spread` is by how much it may be off, as a
    factor (2.0: half or double is nothing unusual). Fitting pulls towards the prior where the data say nothing.
    """

    name: str
    unit: str
    meaning: str
    prior: float
    spread: float
    source: str
