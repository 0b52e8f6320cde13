"""An NPU whose compiler says what each of its passes computes and moves: cycles and bytes, priced by coefficients.

Within a pass arithmetic and memory overlap in part: the root of the sum of their squares, which is the slower of the
two if they differ much and 1.4 times it if they are equal. Vela counts the bytes of whole bursts; `dram_efficiency`,
the useful share of them, reduces reads to what is needed: neighbouring pixels of a burst are read once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from npufit.cost.coefficient import Coefficient, Values
from npufit.cost.npu.calls import NS, partition_costs
from npufit.cost.prediction import Cost, NpuCost
from npufit.cost.workload import Workload
from npufit.graph import OperatorId
from npufit.stacks import CompilerPass

CLOCK_RATIO = "clock_ratio"
"""The coefficient that stretches `cycle_ns`, which was fitted at another clock; without it, cycles take `cycle_ns`."""


@dataclass(frozen=True, slots=True)
class PassModel:
    """Cost of compiled passes, with coefficients `cycle_ns`, `dram_ns_per_byte`, `pass_ns` and those of a call."""

    assumption: str
    coefficients: tuple[Coefficient, ...]
    borrowed: tuple[str, ...] = ()

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the passes of `workload`."""
        cycle_ns = cycle_of(values)
        operators: dict[OperatorId, Cost] = {}
        busy: dict[int, float] = {}
        for entry in workload.passes:
            cost = _pass_cost(entry, values, cycle_ns)
            busy[entry.partition] = busy.get(entry.partition, 0.0) + cost.ms
            if entry.operator is not None:
                operators[entry.operator] = _plus(operators.get(entry.operator), cost)
        return NpuCost(operators, partition_costs(workload, busy, values))


def cycle_of(values: Values) -> float:
    """Return the nanoseconds of a cycle at the clock that `values` are for."""
    return values["cycle_ns"] * values.get(CLOCK_RATIO, 1.0)


def _pass_cost(entry: CompilerPass, values: Values, cycle_ns: float) -> Cost:
    arithmetic = entry.npu_cycles * cycle_ns * NS
    memory = bytes_moved(entry) * values["dram_ns_per_byte"] * NS
    overhead = values["pass_ns"] * NS
    return Cost(hypot(arithmetic, memory) + overhead, arithmetic, memory, overhead)


def bytes_moved(entry: CompilerPass) -> float:
    """Return the bytes that a pass moves between NPU and DRAM, without the unused parts of bursts."""
    return entry.dram_read_bytes * entry.dram_efficiency + entry.dram_write_bytes + entry.dram_weight_bytes


def _plus(first: Cost | None, second: Cost) -> Cost:
    if first is None:
        return second
    return Cost(
        first.ms + second.ms,
        first.arithmetic_ms + second.arithmetic_ms,
        first.memory_ms + second.memory_ms,
        first.overhead_ms + second.overhead_ms,
    )
