"""What models by rates have in common: operators one after the other, and a call with its copies per partition."""

from __future__ import annotations

from collections.abc import Callable

from npufit.cost.coefficient import Values
from npufit.cost.demand import Demand
from npufit.cost.prediction import Cost, NpuCost, PartitionCost
from npufit.cost.workload import Workload
from npufit.stacks import Unit

_NS = 1e-6


def cost_of_rates(
    workload: Workload, values: Values, cost: Callable[[Demand, Values], Cost], tail_factor: float = 1.0
) -> NpuCost:
    """Return what the partitions of `workload` take where `cost` says what an operator takes.

    `values` has `call_ns` and `copy_ns_per_byte`, for each partition and each byte that crosses its boundary.
    """
    operators: dict[tuple[int, int], Cost] = {}
    busy = {load.index: 0.0 for load in workload.partitions}
    for operator in workload.on(Unit.NPU):
        found = operators[operator.subgraph, operator.index] = cost(operator.demand, values)
        if operator.partition is not None:
            busy[operator.partition] = busy.get(operator.partition, 0.0) + found.ms
    return NpuCost(
        operators,
        tuple(
            PartitionCost(
                load.index,
                busy[load.index],
                values["call_ns"] * _NS,
                (load.input_bytes + load.output_bytes) * values["copy_ns_per_byte"] * _NS,
            )
            for load in workload.partitions
        ),
        tail_factor,
    )


def round_up(value: int, unit: int) -> int:
    """Return the first multiple of `unit` that is no less than `value`, at least one."""
    return max(1, -(-value // unit)) * unit
