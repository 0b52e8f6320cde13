"""The totals of a placement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.graph import OperatorId
from npufit.stacks import Effect, Placement, Unit


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals over all subgraphs.

    `macs_unknown` is the number of operators whose multiply-accumulates the file does not reveal; `macs` are those of
    the others. `npu_macs_share` is the share of the model's multiply-accumulates on the NPU, 0 to 1; None if the model
    has none, if an operator's are unknown, or if an operator that has some has an unknown unit. `boundary_bytes` cross
    the boundaries of partitions at every inference. `crashes` are the hazards that crash the process; `hazards`
    includes them.
    """

    operators: int
    npu: int
    cpu: int
    unknown: int
    macs: int
    macs_unknown: int
    npu_macs: int
    npu_macs_share: float | None
    partitions: int
    boundary_bytes: int
    hazards: int
    crashes: int


def summarize(placement: Placement, macs_of: Mapping[OperatorId, int | None]) -> Summary:
    """Return the totals of `placement`; `macs_of` are the multiply-accumulates of every operator, None if unknown."""
    units = dict.fromkeys(Unit, 0)
    macs = dict.fromkeys(Unit, 0)
    for placed in placement.operators:
        units[placed.unit] += 1
        macs[placed.unit] += macs_of[placed.id] or 0
    total = sum(count or 0 for count in macs_of.values())
    uncounted = sum(count is None for count in macs_of.values())
    known = total and placement.operators and not macs[Unit.UNKNOWN] and not uncounted
    return Summary(
        operators=len(placement.operators),
        npu=units[Unit.NPU],
        cpu=units[Unit.CPU],
        unknown=units[Unit.UNKNOWN],
        macs=total,
        macs_unknown=uncounted,
        npu_macs=macs[Unit.NPU],
        npu_macs_share=macs[Unit.NPU] / total if known else None,
        partitions=len(placement.partitions),
        boundary_bytes=sum(partition.traffic.total_bytes for partition in placement.partitions),
        hazards=len(placement.hazards),
        crashes=sum(hazard.effect is Effect.CRASH for hazard in placement.hazards),
    )
