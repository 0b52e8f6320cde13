"""The Ethos-U65 with streams that Vela compiled: Vela's cycles and bytes, at the speed of the real memory.

Vela counts the cycles of each pass and the bytes that it moves. It cannot know how fast the board's memory really is,
what a call through the driver and the M33 costs, and what a pass costs beside its arithmetic. Within a pass arithmetic
and memory overlap in part: the root of the sum of their squares, which is the slower of the two if they differ much and
1.4 times it if they are equal. Vela counts the bytes of whole bursts; `dram_efficiency`, the useful share of them,
reduces reads to what is needed: neighbouring pixels of a burst are read once.
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

_SOURCE = "Vela, Ethos_U65_High_End"


@dataclass(frozen=True, slots=True)
class VelaModel:
    """Cost of compiled passes."""

    borrowed: tuple[str, ...] = ()
    assumption: str = "the passes of the upstream release of Vela; NXP's BSPs compile with forks of the same number"
    coefficients: tuple[Coefficient, ...] = (
        Coefficient("cycle_ns", "ns/cycle", "one cycle of Vela's arithmetic", 1.0, 1.2, f"{_SOURCE}: 1000 MHz"),
        Coefficient("dram_ns_per_byte", "ns/byte", "one byte between NPU and DRAM", 0.27, 1.5, f"{_SOURCE}: 3.75 GB/s"),
        Coefficient("pass_ns", "ns", "the fixed cost of a pass", 1000.0, 2.0, "order of magnitude"),
        Coefficient(
            "call_ns",
            "ns",
            "a call: driver, mailbox, M33 firmware and back",
            150_000.0,
            2.0,
            "the smallest believable NPU calls measured on i.MX93: 0.2 to 0.4 ms, work included",
        ),
        Coefficient(
            "copy_ns_per_byte",
            "ns/byte",
            "copying what enters and leaves a partition",
            0.4,
            2.0,
            "order of magnitude of memcpy and cache maintenance on a Cortex-A55",
        ),
    )

    def cost(self, workload: Workload, values: Values) -> NpuCost:
        """Return the time of the passes of `workload`."""
        operators: dict[OperatorId, Cost] = {}
        busy: dict[int, float] = {}
        for entry in workload.passes:
            cost = _pass_cost(entry, values)
            busy[entry.partition] = busy.get(entry.partition, 0.0) + cost.ms
            if entry.operator is not None:
                operators[entry.operator] = _plus(operators.get(entry.operator), cost)
        return NpuCost(operators, partition_costs(workload, busy, values))


def _pass_cost(entry: CompilerPass, values: Values) -> Cost:
    arithmetic = entry.npu_cycles * values["cycle_ns"] * NS
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


MODEL = VelaModel()
