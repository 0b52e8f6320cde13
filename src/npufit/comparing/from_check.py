"""A snapshot of a check that was made now."""

from __future__ import annotations

from npufit._version import __version__
from npufit.checking import CheckResult
from npufit.comparing.snapshot import (
    Reason,
    Snapshot,
    SnapshotHazard,
    SnapshotMemory,
    SnapshotOperator,
    SnapshotTime,
    memory_of_inference,
)
from npufit.cost import Estimate
from npufit.graph import OperatorId
from npufit.stacks import Finding, Hazard, MemoryUse, OperatorPlacement


def take_snapshot(result: CheckResult) -> Snapshot:
    """Return what `result` says, ready to be compared."""
    estimate = result.estimate
    times = {} if estimate is None else {entry.placement.id: entry.ms for entry in estimate.operators}
    return Snapshot(
        model=result.model.name,
        target=str(result.target),
        profile=result.profile,
        file="",
        npufit_version=__version__,
        operators=tuple(_operator(result, placed, times.get(placed.id)) for placed in result.placement.operators),
        hazards=tuple(map(_hazard, result.placement.hazards)),
        partitions=result.summary.partitions,
        boundary_bytes=result.summary.boundary_bytes,
        memory=_memory(estimate, result.placement.memory),
        time=None if estimate is None else _time(estimate),
        check=result,
    )


def _operator(result: CheckResult, placed: OperatorPlacement, ms: float | None) -> SnapshotOperator:
    operator = result.operator(placed)
    outputs = tuple(result.model.subgraphs[placed.id.subgraph].output_tensors(operator))
    return SnapshotOperator(
        id=placed.id,
        type=operator.name,
        outputs=tuple(tensor.name for tensor in outputs),
        shapes=tuple(tensor.shape or () for tensor in outputs),
        unit=placed.unit,
        reason=None if placed.finding is None else _reason(placed.finding),
        ms=ms,
    )


def _reason(finding: Finding) -> Reason:
    return Reason(finding.rule.id, finding.rule.statement, finding.limit, finding.found)


def _hazard(hazard: Hazard) -> SnapshotHazard:
    return SnapshotHazard(
        rule=hazard.rule.id,
        effect=hazard.effect,
        certain=hazard.certain,
        operators=tuple(OperatorId(hazard.subgraph, index) for index in hazard.operators),
        statement=hazard.rule.statement,
        message=hazard.message,
    )


def _time(estimate: Estimate) -> SnapshotTime:
    return SnapshotTime(
        total_ms=estimate.total_ms,
        low_ms=estimate.low_ms,
        high_ms=estimate.high_ms,
        npu_ms=estimate.npu_ms,
        cpu_ms=estimate.cpu_ms,
        overhead_ms=estimate.overhead_ms,
        cpu_only_ms=estimate.cpu_only_ms,
        threads=estimate.threads,
    )


def _memory(estimate: Estimate | None, uses: tuple[MemoryUse, ...]) -> tuple[SnapshotMemory, ...]:
    of_chip = tuple(SnapshotMemory(use.memory, use.used_bytes, use.limit_bytes) for use in uses)
    if estimate is None:
        return of_chip
    memory = estimate.memory
    return *of_chip, *memory_of_inference(memory.model_bytes, memory.arena_bytes, memory.dram_traffic_bytes)
