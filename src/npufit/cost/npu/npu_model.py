"""The form of an NPU's cost model, and the model for each chip and stack."""

from __future__ import annotations

import importlib
from typing import Protocol

from npufit.chips import load_chip
from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.prediction import NpuCost
from npufit.cost.workload import Workload
from npufit.errors import InputError
from npufit.formatting import shorten


class NpuModel(Protocol):
    """Turns the operators on an NPU into milliseconds."""

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The fitted or expected coefficients."""
        ...

    @property
    def borrowed(self) -> tuple[str, ...]:
        """The coefficients of the silicon, with the values fitted for another stack on it."""
        ...

    @property
    def assumption(self) -> str:
        """What the model assumes, in a sentence that follows "assumes"."""
        ...

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the partitions of `workload`, with the coefficients in `values`."""
        ...


_MODELS = ("vela", "direct", "teflon-ethosu", "neutron", "vip8000", "etnaviv")
"""The cost models that a chip file may name, each a module here."""


def load_npu_model(chip: str, stack: str) -> NpuModel | None:
    """Return the cost model of an NPU under a stack, or None if there is none."""
    fact = load_chip(chip).stack_settings(stack).get("cost-model")
    if fact is None:
        return None
    name = str(fact.value)
    if name not in _MODELS:
        known = ", ".join(_MODELS)
        raise InputError(f"Chip file '{chip}': there is no cost model '{shorten(name)}'. Known: {known}.")
    return importlib.import_module(f"npufit.cost.npu.{name.replace('-', '_')}").MODEL
