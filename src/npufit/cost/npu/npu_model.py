"""The form of an NPU's cost model, and the model for each chip and stack."""

from __future__ import annotations

import importlib
from typing import Protocol

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.prediction import NpuCost
from npufit.cost.workload import Workload


class NpuModel(Protocol):
    """Turns the operators on an NPU into milliseconds."""

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The fitted or expected coefficients."""
        ...

    @property
    def assumption(self) -> str:
        """What the model assumes, in a sentence that follows "assumes"."""
        ...

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the partitions of `workload`, with the coefficients in `values`."""
        ...


_MODULES = {
    "imx93/vela": "npufit.cost.npu.vela",
    "imx93/teflon": "npufit.cost.npu.teflon_ethosu",
    "imx95/neutron": "npufit.cost.npu.neutron",
    "imx8mp/vx": "npufit.cost.npu.vip8000",
    "imx8mp/teflon": "npufit.cost.npu.etnaviv",
}


def load_npu_model(chip: str, stack: str) -> NpuModel | None:
    """Return the cost model of an NPU under a stack, or None if there is none."""
    module = _MODULES.get(f"{chip}/{stack}")
    return None if module is None else importlib.import_module(module).MODEL
