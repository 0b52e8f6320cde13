"""What is possible if nobody knows which operators the NPU gets.

An unknown placement gives a range. At best the NPU takes the operators that gain most, in one call. At worst each
operator that it takes is a separate call, with its copies, and it takes those that lose most. Totals narrow both ends:
that many operators, wherever they are. A single number results only from an assumption about the operators: that the
last ones of the file were converted, as was observed for this network, or that all possible ones were.
"""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost.assembly import SLOWER_BESIDE_A_DELEGATE, Assembly, assemble
from npufit.cost.coefficient import Values
from npufit.cost.estimate import Band
from npufit.cost.npu import NpuModel
from npufit.cost.possible_workloads import Taking, could_take, place_runs, place_singly
from npufit.cost.workload import Workload
from npufit.graph import OperatorId
from npufit.stacks import NpuCount, Placement, Unit

_NEARLY_ALL = 0.9
"""With this share of what the NPU could take, all of it is assumed to be there."""

_SAME_GRAPH = 0.75
"""Totals over fewer operators than this share of the file's count another file, such as a converted one."""


@dataclass(frozen=True, slots=True)
class Span:
    """Milliseconds of one inference: the least and the most that is possible.

    `assumed` is the placement that `why` supports, None if there is none; low and high then span all placements.
    """

    low_ms: float | None
    high_ms: float
    assumed: Assembly | None
    why: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One operator that may run on the NPU: its milliseconds there, in a separate call, and on the CPU."""

    npu_ms: float
    call_ms: float
    copy_ms: float
    cpu_ms: float
    cpu_beside_ms: float

    @property
    def gain(self) -> float:
        return self.cpu_ms - self.npu_ms

    @property
    def loss(self) -> float:
        return self.npu_ms + self.call_ms + self.copy_ms - self.cpu_beside_ms


def span_unknown(
    placement: Placement,
    workload: Workload,
    cpu: Values,
    threads: int,
    model: NpuModel | None,
    npu: Values,
    band: Band,
    cpu_band: Band,
) -> Span:
    """Return the possible times of `workload`, with the coefficients `cpu` and `npu`.

    `workload` has operators whose unit is unknown, or an NPU without a cost model: then only the CPU's time is known,
    and it is the upper end.
    """
    alone = assemble(workload, cpu, threads, None, {})
    if model is None or not isinstance(model, Taking):
        return Span(None, alone.cpu_only_ms * cpu_band.high, None, "the NPU has no cost model")
    takeable = could_take(workload, model)
    candidates, tail_factor = _candidates(workload, alone, model, npu, takeable)
    count = _scaled(placement.npu_count, len(workload.operators), len(takeable))
    partitions = placement.npu_count.partitions if placement.npu_count is not None else None
    beside = {
        entry.placement.id: alone.on_cpu[entry.placement.id].ms
        * (tail_factor if entry.demand.family in SLOWER_BESIDE_A_DELEGATE else 1.0)
        for entry in workload.operators
    }
    low = _at_best(alone.cpu_only_ms, candidates, count, band, cpu_band)
    high = _at_worst(alone.cpu_only_ms, sum(beside.values()), candidates, count, partitions, band, cpu_band)
    chosen, why = _assumption(placement, workload, takeable, count)
    assumed = None if chosen is None else assemble(place_runs(workload, chosen), cpu, threads, model, npu)
    if assumed is not None and chosen is not None:
        if placement.npu_count is not None and placement.npu_count.near_output:
            # Which operators they are was observed too. Left open is how far the rates are off, and whether the CPU
            # is slower beside the delegate.
            on_npu = assumed.npu_ms + assumed.overhead_ms
            low = on_npu * band.low + _rest_alone(workload, alone, chosen) * cpu_band.low
            high = on_npu * band.high + assumed.cpu_ms * cpu_band.high
        low, high = min(low, assumed.total_ms), max(high, assumed.total_ms)
    return Span(low, high, assumed, why)


def _rest_alone(workload: Workload, alone: Assembly, chosen: tuple[OperatorId, ...]) -> float:
    """Return the CPU's milliseconds for all operators but `chosen`, without a delegate beside it."""
    taken = frozenset(chosen)
    return sum(alone.on_cpu[entry.placement.id].ms for entry in workload.operators if entry.placement.id not in taken)


def _candidates(
    workload: Workload, alone: Assembly, model: NpuModel, npu: Values, takeable: tuple[OperatorId, ...]
) -> tuple[list[_Candidate], float]:
    singly = place_singly(workload, takeable)
    cost = model.cost(singly, npu)
    found: list[_Candidate] = []
    for entry in singly.on(Unit.NPU):
        if entry.placement.partition is None:
            continue
        call, on_cpu = cost.partitions[entry.placement.partition], alone.on_cpu[entry.placement.id].ms
        factor = cost.tail_factor if entry.demand.family in SLOWER_BESIDE_A_DELEGATE else 1.0
        found.append(_Candidate(call.npu_ms, call.call_ms, call.copy_ms, on_cpu, on_cpu * factor))
    return found, cost.tail_factor


def _scaled(count: NpuCount | None, operators: int, takeable: int) -> int | None:
    """Return how many operators of the file a tool's count amounts to, None if it does not count this graph."""
    if count is None or count.total < _SAME_GRAPH * operators or count.total <= 0:
        return None
    return min(takeable, round(count.operators * operators / count.total))


def _at_best(alone: float, candidates: list[_Candidate], count: int | None, band: Band, cpu_band: Band) -> float:
    ordered = sorted(candidates, key=lambda candidate: candidate.gain, reverse=True)
    chosen = ordered[:count] if count is not None else [entry for entry in ordered if entry.gain > 0]
    if not chosen:
        return alone * cpu_band.low
    on_npu = sum(entry.npu_ms for entry in chosen) + min(entry.call_ms for entry in chosen)
    best = on_npu * band.low + (alone - sum(entry.cpu_ms for entry in chosen)) * cpu_band.low
    return best if count is not None else min(best, alone * cpu_band.low)


def _at_worst(
    alone: float,
    beside: float,
    candidates: list[_Candidate],
    count: int | None,
    partitions: int | None,
    band: Band,
    cpu_band: Band,
) -> float:
    ordered = sorted(candidates, key=lambda candidate: candidate.loss, reverse=True)
    chosen = ordered[:count] if count is not None else [entry for entry in ordered if entry.loss > 0]
    if not chosen:
        return alone * cpu_band.high
    calls = len(chosen) if partitions is None else max(1, min(partitions, len(chosen)))
    dearest = sorted((entry.call_ms + entry.copy_ms for entry in chosen), reverse=True)[:calls]
    on_npu = sum(entry.npu_ms for entry in chosen) + sum(dearest)
    worst = on_npu * band.high + (beside - sum(entry.cpu_beside_ms for entry in chosen)) * cpu_band.high
    return worst if count is not None else max(worst, alone * cpu_band.high)


def _assumption(
    placement: Placement, workload: Workload, takeable: tuple[OperatorId, ...], count: int | None
) -> tuple[tuple[OperatorId, ...] | None, str]:
    """Return the operators that are assumed to be on the NPU, None if nothing supports any, and why."""
    if count is None or placement.npu_count is None:
        return None, "which operators the NPU gets is unknown"
    said = f"{placement.npu_count.operators} of {placement.npu_count.total} operators ({placement.npu_count.origin})"
    if count == 0:
        return (), f"{said}: the CPU runs all of them"
    if placement.npu_count.near_output:
        return (
            takeable[-count:],
            f"{said}, assumed to be the last {count} of the {len(workload.operators)} here that the NPU could take",
        )
    if count >= _NEARLY_ALL * len(takeable):
        return takeable, f"{said}, assumed to be all that the NPU could take"
    return None, f"{said}; which ones is unknown"
