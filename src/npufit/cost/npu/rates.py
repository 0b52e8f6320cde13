"""What rate models share: operators one after the other, and a call with its copies per partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Protocol, runtime_checkable

from npufit.cost.coefficient import Values
from npufit.cost.demand import Demand
from npufit.cost.npu.calls import longer_of_both, partition_costs
from npufit.cost.prediction import Cost, NpuCost
from npufit.cost.workload import Workload
from npufit.graph import OperatorId
from npufit.stacks import Unit


def cost_of_rates(
    workload: Workload, values: Values, cost: Callable[[Demand, Values], Cost], tail_factor: float = 1.0
) -> NpuCost:
    """Return the time of the partitions of `workload`, with `cost` for each operator.

    `values` has `call_ns` and `copy_ns_per_byte`, for each partition and each byte that crosses its boundary.
    """
    operators: dict[OperatorId, Cost] = {}
    busy: dict[int, float] = {}
    for entry in workload.on(Unit.NPU):
        found = operators[entry.placement.id] = cost(entry.demand, values)
        partition = entry.placement.partition
        if partition is not None:
            busy[partition] = busy.get(partition, 0.0) + found.ms
    return NpuCost(operators, partition_costs(workload, busy, values), tail_factor)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Nanoseconds of an operator's arithmetic: `quantity` times the product of the coefficients in `rates`."""

    quantity: float
    rates: tuple[str, ...]


@runtime_checkable
class RateModel(Protocol):
    """A rate model. `slowed_by` names a factor on arithmetic and memory, empty if there is none."""

    @property
    def slowed_by(self) -> str:
        """The coefficient that slows everything but the operator's start."""
        ...

    def arithmetic(self, demand: Demand) -> Arithmetic:
        """Return the arithmetic of one operator."""
        ...


def rate_cost(demand: Demand, values: Values, arithmetic: Arithmetic, factor: float = 1.0) -> Cost:
    """Return the time of an operator: the longer of its arithmetic and its bytes, plus a small fixed cost."""
    weights = max(0, demand.weight_bytes) * values["weight_ns_per_byte"]
    moved = demand.activation_bytes * values["activation_ns_per_byte"]
    spent = arithmetic.quantity * prod(values[rate] for rate in arithmetic.rates)
    return longer_of_both(spent * factor, (moved + weights) * factor, values["operator_ns"])


def round_up(value: int, unit: int) -> int:
    """Return the smallest multiple of `unit` that is at least `value` and at least one unit."""
    return max(1, -(-value // unit)) * unit
