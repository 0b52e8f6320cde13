"""The NPU's time of a workload as a function of coefficients, on arrays: a fit evaluates it tens of thousands of times.

The models themselves (`cost`) compute the same for each operator; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from npufit.cost.coefficient import Values
from npufit.cost.npu.calls import NS, partition_costs
from npufit.cost.npu.npu_model import NpuModel
from npufit.cost.npu.passes import CLOCK_RATIO, PassModel, bytes_moved, cycle_of
from npufit.cost.npu.rates import RateModel
from npufit.cost.slopes import slopes_by_differences
from npufit.cost.workload import Workload
from npufit.graph import Family
from npufit.stacks import Unit

_Parts = Callable[[Values], tuple[float, dict[str, float]]]
"""Nanoseconds of all operators, and their derivative by the logarithm of each coefficient."""


@dataclass(frozen=True, slots=True)
class Total:
    """Milliseconds of all partitions, calls and copies included, as a function of coefficients."""

    workload: Workload
    parts: _Parts

    def ms(self, values: Values) -> float:
        """Return the time of the partitions."""
        return self.parts(values)[0] * NS + self._calls(values)

    def slopes(self, values: Values) -> Mapping[str, float]:
        """Return by how many percent the time grows for one percent of each coefficient."""
        busy, grown = self.parts(values)
        calls = self._calls(values)
        total = busy * NS + calls
        if not total > 0:
            return {}
        found = {name: part * NS / total for name, part in grown.items()}
        of_calls = {name: value for name, value in values.items() if name.startswith(("call_", "copy_"))}
        for name, slope in slopes_by_differences(self._calls, of_calls).items():
            found[name] = slope * calls / total
        return found

    def _calls(self, values: Values) -> float:
        return sum(call.call_ms + call.copy_ms for call in partition_costs(self.workload, {}, values).values())


def total_of(model: NpuModel, workload: Workload) -> Total | None:
    """Return the time of the partitions of `workload`, as in `model.cost`; None for a model without arrays."""
    if isinstance(model, PassModel):
        return Total(workload, _passes(workload))
    return Total(workload, _rates(model, workload)) if isinstance(model, RateModel) else None


def _passes(workload: Workload) -> _Parts:
    cycles = np.array([entry.npu_cycles for entry in workload.passes], float)
    moved = np.array([bytes_moved(entry) for entry in workload.passes], float)

    def parts(values: Values) -> tuple[float, dict[str, float]]:
        arithmetic, memory = cycles * cycle_of(values), moved * values["dram_ns_per_byte"]
        busy = np.hypot(arithmetic, memory)
        whole = np.maximum(busy, 1e-9)
        grown = {
            "cycle_ns": float((arithmetic**2 / whole).sum()),
            "dram_ns_per_byte": float((memory**2 / whole).sum()),
            "pass_ns": len(cycles) * values["pass_ns"],
        }
        if CLOCK_RATIO in values:
            grown[CLOCK_RATIO] = grown["cycle_ns"]
        return float(busy.sum()) + grown["pass_ns"], grown

    return parts


def _rates(model: RateModel, workload: Workload) -> _Parts:
    groups: dict[tuple[str, ...], list[tuple[float, float, float]]] = {}
    count = 0
    for operator in workload.on(Unit.NPU):
        demand = operator.demand
        if demand.family is not Family.FREE and operator.placement.partition is not None:
            found = model.arithmetic(demand)
            row = found.quantity, demand.activation_bytes, max(0, demand.weight_bytes)
            groups.setdefault(found.rates, []).append(row)
            count += 1
    arrays = [(rates, *np.array(rows, float).T) for rates, rows in groups.items()]

    def parts(values: Values) -> tuple[float, dict[str, float]]:
        factor = values[model.slowed_by] if model.slowed_by else 1.0
        grown: dict[str, float] = {}

        def grow(name: str, part: float) -> None:
            grown[name] = grown.get(name, 0.0) + part

        busy = 0.0
        for rates, quantity, moved, weights in arrays:
            arithmetic = quantity * (prod(values[rate] for rate in rates) * factor)
            activation = moved * (values["activation_ns_per_byte"] * factor)
            constant = weights * (values["weight_ns_per_byte"] * factor)
            is_slower = arithmetic >= activation + constant
            spent = float(arithmetic[is_slower].sum())
            for rate in rates:
                grow(rate, spent)
            streamed, read = float(activation[~is_slower].sum()), float(constant[~is_slower].sum())
            grow("activation_ns_per_byte", streamed)
            grow("weight_ns_per_byte", read)
            busy += spent + streamed + read
        if model.slowed_by:
            grow(model.slowed_by, busy)
        grow("operator_ns", count * values["operator_ns"])
        return busy + count * values["operator_ns"], grown

    return parts
