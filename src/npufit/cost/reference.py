"""Public measurements and the networks that they were made with."""

from __future__ import annotations

from npufit.cost.estimate import Measured
from npufit.graph import Model


def find_measured(model: Model, chip: str) -> tuple[Measured, ...]:
    """Return the public measurements of the network that `model` is, by its structure, on `chip`."""
    return ()
