"""Workloads as they might be placed, if nobody knows how they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Protocol, runtime_checkable

from npufit.cost.demand import Demand
from npufit.cost.workload import PlacedDemand, Workload, assumed
from npufit.graph import OperatorId
from npufit.stacks import OperatorPlacement, Traffic, Unit


@runtime_checkable
class Taking(Protocol):
    """A cost model of an NPU that also says what the NPU could take, because its stack's rules are unknown."""

    def takes(self, demand: Demand) -> bool:
        """Return whether the NPU could take the operator at all."""
        ...


def could_take(workload: Workload, model: Taking) -> tuple[OperatorId, ...]:
    """Return the operators that may run on the NPU: those known to, and the unknown ones that it could take."""
    return tuple(
        entry.placement.id
        for entry in workload.operators
        if entry.placement.unit is Unit.NPU or (entry.placement.unit is Unit.UNKNOWN and model.takes(entry.demand))
    )


def as_unknown(workload: Workload) -> Workload:
    """Return `workload` with every placement unknown."""
    unknown = (replace(entry, placement=assumed(entry.placement.id, Unit.UNKNOWN)) for entry in workload.operators)
    return Workload(tuple(unknown), {})


def place_runs(workload: Workload, chosen: Collection[OperatorId]) -> Workload:
    """Return `workload` with `chosen` on the NPU, each run of consecutive operators as one partition.

    The bytes that cross a boundary are assumed to be the inputs of a run's first operator and the outputs of its last:
    a workload does not know its tensors.
    """
    wanted = frozenset(chosen)
    return _place(workload, wanted, _runs(workload.operators, wanted))


def place_singly(workload: Workload, chosen: Collection[OperatorId]) -> Workload:
    """Return `workload` with `chosen` on the NPU, each operator as a separate partition."""
    wanted = frozenset(chosen)
    return _place(workload, wanted, [[entry] for entry in workload.operators if entry.placement.id in wanted])


def all_it_could_take(workload: Workload, model: Taking) -> Workload:
    """Return `workload`, whose placement is unknown, with everything on the NPU that it could take."""
    return place_runs(workload, could_take(workload, model))


def _runs(operators: Iterable[PlacedDemand], wanted: frozenset[OperatorId]) -> list[list[PlacedDemand]]:
    runs: list[list[PlacedDemand]] = []
    is_open = False
    for entry in operators:
        if entry.placement.id not in wanted:
            is_open = False
        elif is_open and runs[-1][-1].placement.id.subgraph == entry.placement.id.subgraph:
            runs[-1].append(entry)
        else:
            runs.append([entry])
            is_open = True
    return runs


def _place(workload: Workload, wanted: frozenset[OperatorId], runs: list[list[PlacedDemand]]) -> Workload:
    partition_of = {entry.placement.id: number for number, run in enumerate(runs) for entry in run}

    def placed(place: OperatorId) -> OperatorPlacement:
        return assumed(place, Unit.NPU if place in wanted else Unit.CPU, partition_of.get(place))

    return Workload(
        tuple(replace(entry, placement=placed(entry.placement.id)) for entry in workload.operators),
        {
            number: Traffic(
                run[0].demand.inputs * run[0].demand.element_bytes,
                run[-1].demand.outputs * run[-1].demand.element_bytes,
            )
            for number, run in enumerate(runs)
        },
    )
