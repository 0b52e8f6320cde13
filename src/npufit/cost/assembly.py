"""From a workload and coefficients to milliseconds: the CPU's share, the NPU's, and the cost of passing between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.cost.coefficient import Values
from npufit.cost.cpu import caches_of, cpu_cost
from npufit.cost.npu import NpuModel
from npufit.cost.prediction import Cost, NpuCost
from npufit.cost.workload import Workload
from npufit.graph import Family, OperatorId
from npufit.stacks import Unit

SLOWER_BESIDE_A_DELEGATE = (Family.CONVOLUTION, Family.DEPTHWISE, Family.TRANSPOSED, Family.MATRIX)
"""Operator families with kernels of XNNPACK, which may be lost beside a delegate."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """The time of every operator on the CPU, the NPU's time, and the sums in milliseconds.

    `npu` is None if the NPU has no cost model or nothing to do.
    """

    on_cpu: Mapping[OperatorId, Cost]
    npu: NpuCost | None
    cpu_only_ms: float
    cpu_ms: float
    npu_ms: float
    overhead_ms: float

    @property
    def total_ms(self) -> float:
        """One inference."""
        return self.cpu_ms + self.npu_ms + self.overhead_ms


def assemble(workload: Workload, cpu: Values, threads: int, model: NpuModel | None, npu: Values) -> Assembly:
    """Return the time of `workload`; operators whose unit is unknown count only on the CPU."""
    caches = caches_of((operator.demand for operator in workload.operators), cpu)
    on_cpu = {operator.placement.id: cpu_cost(operator.demand, cpu, threads, caches) for operator in workload.operators}
    cost = model.cost(workload, npu) if model is not None and workload.partitions else None
    calls = cost.partitions.values() if cost is not None else ()
    tail_factor = cost.tail_factor if cost is not None else 1.0
    left = sum(
        on_cpu[operator.placement.id].ms * (tail_factor if operator.demand.family in SLOWER_BESIDE_A_DELEGATE else 1.0)
        for operator in workload.on(Unit.CPU)
    )
    return Assembly(
        on_cpu=on_cpu,
        npu=cost,
        cpu_only_ms=sum(entry.ms for entry in on_cpu.values()),
        cpu_ms=left,
        npu_ms=sum(call.npu_ms for call in calls),
        overhead_ms=sum(call.call_ms + call.copy_ms for call in calls),
    )
