"""What the models of all NPUs share: a call with its copies per partition, and how costs add up."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.cost.coefficient import Values
from npufit.cost.prediction import Cost, PartitionCost
from npufit.cost.workload import Workload

NS = 1e-6
"""Milliseconds in a nanosecond."""


def partition_costs(workload: Workload, busy: Mapping[int, float], values: Values) -> dict[int, PartitionCost]:
    """Return the partitions by index, whose operators take `busy` milliseconds by index.

    `values` has `call_ns`, and `copy_ns_per_byte` for bytes that cross a boundary, or `copy_in_ns_per_byte` and
    `copy_out_ns_per_byte` if the two differ.
    """
    inwards = values.get("copy_in_ns_per_byte", values.get("copy_ns_per_byte", 0.0))
    outwards = values.get("copy_out_ns_per_byte", values.get("copy_ns_per_byte", 0.0))
    return {
        index: PartitionCost(
            busy.get(index, 0.0),
            values["call_ns"] * NS,
            (traffic.input_bytes * inwards + traffic.output_bytes * outwards) * NS,
        )
        for index, traffic in workload.partitions.items()
    }


def longer_of_both(arithmetic_ns: float, memory_ns: float, overhead_ns: float) -> Cost:
    """Return the cost of an operator whose arithmetic and memory overlap fully, from nanoseconds."""
    arithmetic, memory, overhead = arithmetic_ns * NS, memory_ns * NS, overhead_ns * NS
    return Cost(max(arithmetic, memory) + overhead, arithmetic, memory, overhead)
