"""How fast a placed model is, the CPU's share of that, and how certain the prediction is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.cost.prediction import Bound, PartitionCost
from npufit.graph import OperatorId
from npufit.stacks import MemoryUse, OperatorPlacement, Setting, Unit


@dataclass(frozen=True, slots=True)
class OperatorEstimate:
    """One operator: milliseconds where it runs, and on the CPU.

    `ms` is None if its placement is unknown, or if a compiler merged it into another one (`npu_ms` of its partition
    includes it).
    """

    placement: OperatorPlacement
    ms: float | None
    cpu_ms: float
    bound: Bound | None


@dataclass(frozen=True, slots=True)
class Band:
    """How far a measurement may lie from this prediction, judged by the errors of predictions for other networks.

    `low` and `high` are factors on a prediction; `coverage` is the share of held-out rows, 0 to 1, that lay within
    bands made the same way. `rows` and `networks` say how many there were; with none, the band is a guess and `origin`
    says so. `unsure` names what makes this band wide, empty if nothing stands out.
    """

    low: float
    high: float
    coverage: float | None
    rows: int
    networks: int
    median_error: float | None
    origin: str
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A public measurement of the same network on this chip, whatever the stack's version."""

    unit: Unit
    stack: str
    version: str
    threads: str
    ms: float
    source: str
    caution: str


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes that an inference needs.

    `arena_bytes` is the peak of live activations on the CPU; `uses` are memories of the NPU and what the chip has of
    each; `dram_traffic_bytes` is what the NPU moves per inference, None if unknown.
    """

    model_bytes: int
    arena_bytes: int
    dram_traffic_bytes: int | None
    uses: tuple[MemoryUse, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Milliseconds of one steady inference, predicted.

    `total_ms` = `npu_ms` + `cpu_ms` + `overhead_ms` (calls and copies at the boundaries of partitions). It is None if
    the placement of operators is unknown; `low_ms` and `high_ms` then span what is possible. `cpu_only_ms` is the same
    model with `threads` cores and no NPU, `cpu_band` its band; `compiler_ms` is the compiler's own estimate of the
    NPU's share. `assumption` is what is assumed about an unknown placement. `slower_on_npu` lists operators that the
    CPU would finish sooner than the NPU.
    """

    total_ms: float | None
    low_ms: float | None
    high_ms: float | None
    npu_ms: float | None
    cpu_ms: float | None
    overhead_ms: float | None
    cpu_only_ms: float
    cpu_only_low_ms: float
    cpu_only_high_ms: float
    threads: int
    band: Band
    cpu_band: Band
    basis: str
    operators: tuple[OperatorEstimate, ...]
    partitions: Mapping[int, PartitionCost]
    compiler_ms: float | None
    slower_on_npu: tuple[OperatorId, ...]
    measured: tuple[Measured, ...]
    settings: tuple[Setting, ...]
    memory: MemoryEstimate
    assumption: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def speed_up(self) -> float | None:
        """How many times faster than the CPU alone; below 1 if the NPU makes it slower, None if unknown."""
        return self.cpu_only_ms / self.total_ms if self.total_ms else None
