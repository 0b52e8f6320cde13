"""Measurements: public ones, and the logs and tables that users bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npufit._lazy import lazy_attributes

if TYPE_CHECKING:
    from npufit.cost.measured.observation import Observation
    from npufit.cost.measured.observation_file import read_observations
    from npufit.cost.measured.public_measurements import Row, architecture, measured_rows

__all__ = [
    "Observation",
    "Row",
    "architecture",
    "measured_rows",
    "read_observations",
]

_HOMES = {
    "npufit.cost.measured.observation": ("Observation",),
    "npufit.cost.measured.observation_file": ("read_observations",),
    "npufit.cost.measured.public_measurements": ("Row", "architecture", "measured_rows"),
}

__getattr__ = lazy_attributes(__name__, _HOMES)
