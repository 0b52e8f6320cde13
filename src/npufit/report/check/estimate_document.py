"""The part of a check's document on time and memory; times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost import Band, Bound, Estimate, Measured, MemoryEstimate
from npufit.report.document import Count, Document, Factor, Milliseconds, Share, rounded
from npufit.stacks import Setting, Unit


@dataclass(frozen=True, slots=True)
class BandEntry(Document):
    """A range as factors on a prediction, and the measurements behind it."""

    low: Factor | None
    high: Factor | None
    coverage: Share | None
    """the share of measurements inside their range, each predicted by a fit that had not seen its network; null without
any"""
    rows: Count
    networks: Count
    median_error: Factor | None
    origin: str
    unsure: tuple[str, ...]
    """what makes the range wide; empty if nothing stands out"""


@dataclass(frozen=True, slots=True)
class OperatorTimeEntry(Document):
    """The time of one operator."""

    subgraph: Count
    index: Count
    unit: Unit
    ms: Milliseconds | None
    """where it runs; null if unknown, or if the compiler merged it into another operator"""
    cpu_ms: Milliseconds | None
    bound: Bound | None


@dataclass(frozen=True, slots=True)
class PartitionTimeEntry(Document):
    """The time of one call of the NPU."""

    index: Count
    npu_ms: Milliseconds | None
    call_ms: Milliseconds | None
    copy_ms: Milliseconds | None


@dataclass(frozen=True, slots=True)
class PlaceEntry(Document):
    """An operator of a subgraph."""

    subgraph: Count
    index: Count


@dataclass(frozen=True, slots=True)
class MemoryUseEntry(Document):
    """Bytes that an inference needs in one memory; `limit_bytes` is null if the size of the memory is unknown."""

    memory: str
    used_bytes: Count
    limit_bytes: Count | None
    origin: str
    fits: bool


@dataclass(frozen=True, slots=True)
class MemoryEntry(Document):
    """Bytes that an inference needs."""

    model_bytes: Count
    """constants of the file"""
    arena_bytes: Count
    """the peak of live activations, with all operators on the CPU"""
    dram_traffic_bytes: Count | None
    """between NPU and DRAM at every inference"""
    uses: tuple[MemoryUseEntry, ...]


@dataclass(frozen=True, slots=True)
class EstimateEntry(Document):
    """Predicted time and memory of one inference; null stands for what cannot be predicted."""

    total_ms: Milliseconds | None
    """one inference with the NPU; null if the placement or the NPU's speed is unknown"""
    low_ms: Milliseconds | None
    """lower end of the range; if total_ms is null, the fastest possible time"""
    high_ms: Milliseconds | None
    npu_ms: Milliseconds | None
    cpu_ms: Milliseconds | None
    """operators on the CPU beside the NPU"""
    overhead_ms: Milliseconds | None
    """calls of the NPU, and copies at the boundaries of partitions"""
    cpu_only_ms: Milliseconds | None
    """the same model on the CPU alone"""
    cpu_only_low_ms: Milliseconds | None
    cpu_only_high_ms: Milliseconds | None
    speed_up: Factor | None
    """cpu_only_ms over total_ms; below 1 the NPU makes the model slower"""
    threads: Count
    compiler_ms: Milliseconds | None
    """the compiler's own estimate of the NPU's share; null without one"""
    basis: str
    """where the coefficients come from, and what their model assumes"""
    assumption: str
    """what is assumed about an unknown placement; empty if the placement is known"""
    band: BandEntry
    cpu_band: BandEntry
    operators: tuple[OperatorTimeEntry, ...]
    partitions: tuple[PartitionTimeEntry, ...]
    slower_on_npu: tuple[PlaceEntry, ...]
    """operators that the CPU would finish sooner"""
    measured: tuple[Measured, ...]
    settings: tuple[Setting, ...]
    memory: MemoryEntry
    warnings: tuple[str, ...]


def estimate_entry(estimate: Estimate) -> EstimateEntry:
    """Return the entry of an estimate."""
    return EstimateEntry(
        total_ms=rounded(estimate.total_ms),
        low_ms=rounded(estimate.low_ms),
        high_ms=rounded(estimate.high_ms),
        npu_ms=rounded(estimate.npu_ms),
        cpu_ms=rounded(estimate.cpu_ms),
        overhead_ms=rounded(estimate.overhead_ms),
        cpu_only_ms=rounded(estimate.cpu_only_ms),
        cpu_only_low_ms=rounded(estimate.cpu_only_low_ms),
        cpu_only_high_ms=rounded(estimate.cpu_only_high_ms),
        speed_up=rounded(estimate.speed_up),
        threads=estimate.threads,
        compiler_ms=rounded(estimate.compiler_ms),
        basis=estimate.basis,
        assumption=estimate.assumption,
        band=band_entry(estimate.band),
        cpu_band=band_entry(estimate.cpu_band),
        operators=tuple(
            OperatorTimeEntry(
                *entry.placement.id, entry.placement.unit, rounded(entry.ms), rounded(entry.cpu_ms), entry.bound
            )
            for entry in estimate.operators
        ),
        partitions=tuple(
            PartitionTimeEntry(index, rounded(cost.npu_ms), rounded(cost.call_ms), rounded(cost.copy_ms))
            for index, cost in estimate.partitions.items()
        ),
        slower_on_npu=tuple(PlaceEntry(*place) for place in estimate.slower_on_npu),
        measured=estimate.measured,
        settings=estimate.settings,
        memory=_memory(estimate.memory),
        warnings=estimate.warnings,
    )


def band_entry(band: Band) -> BandEntry:
    """Return the entry of a range."""
    return BandEntry(
        low=rounded(band.low),
        high=rounded(band.high),
        coverage=rounded(band.coverage),
        rows=band.rows,
        networks=band.networks,
        median_error=rounded(band.median_error),
        origin=band.origin,
        unsure=band.unsure,
    )


def _memory(memory: MemoryEstimate) -> MemoryEntry:
    return MemoryEntry(
        model_bytes=memory.model_bytes,
        arena_bytes=memory.arena_bytes,
        dram_traffic_bytes=memory.dram_traffic_bytes,
        uses=tuple(
            MemoryUseEntry(
                memory=use.memory,
                used_bytes=use.used_bytes,
                limit_bytes=use.limit_bytes,
                origin=use.origin,
                fits=use.limit_bytes is None or use.used_bytes <= use.limit_bytes,
            )
            for use in memory.uses
        ),
    )
