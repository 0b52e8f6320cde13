"""The numbers of a cost model: each has a name, a unit, a physical meaning, and a fitted value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Values = Mapping[str, float]
"""Coefficients by name, in the units of their `Coefficient`."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One number of a cost model.

    `prior` is the value expected before any measurement, from `source`; `spread` is the factor by which it may be off
    (2.0: half or double is not unusual). Fitting pulls towards the prior if the data say nothing.
    """

    name: str
    unit: str
    meaning: str
    prior: float
    spread: float
    source: str
