"""The prediction of a cost model for a workload: milliseconds per operator and per partition, and what bounds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from npufit.graph import OperatorId


class Bound(StrEnum):
    """What an operator's time is spent on, mostly."""

    ARITHMETIC = "arithmetic"
    MEMORY = "memory"
    OVERHEAD = "overhead"


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one operator on one unit. Arithmetic and memory overlap if the unit overlaps them."""

    ms: float
    arithmetic_ms: float
    memory_ms: float
    overhead_ms: float

    @property
    def bound(self) -> Bound:
        """What most of the time is spent on."""
        shares = (
            (self.arithmetic_ms, Bound.ARITHMETIC),
            (self.memory_ms, Bound.MEMORY),
            (self.overhead_ms, Bound.OVERHEAD),
        )
        return max(shares, key=lambda share: share[0])[1]


FREE = Cost(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class PartitionCost:
    """Milliseconds of one call of the NPU: its operators, and the cost of entering and leaving."""

    npu_ms: float
    call_ms: float
    copy_ms: float


@dataclass(frozen=True, slots=True)
class NpuCost:
    """Milliseconds on the NPU: by operator, and by the index of the partition.

    If a compiler merges operators, the time belongs to the one that the compiler names; `partitions` also has time that
    it assigns to none. The sum over `partitions` of npu_ms is the NPU's time. `tail_factor` says how many times longer
    convolutions on the CPU take beside this delegate than without it.
    """

    operators: Mapping[OperatorId, Cost]
    partitions: Mapping[int, PartitionCost]
    tail_factor: float = 1.0

    @property
    def total_ms(self) -> float:
        """All partitions, including the cost of entering and leaving."""
        return sum(call.npu_ms + call.call_ms + call.copy_ms for call in self.partitions.values())
