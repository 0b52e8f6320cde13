"""Workloads as they might be placed, where nobody knows how they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Protocol, runtime_checkable

from npufit.cost.demand import Demand
from npufit.cost.workload import Load, PlacedDemand, Workload
from npufit.stacks import Unit

Place = tuple[int, int]
"""Subgraph and index of an operator."""


@runtime_checkable
class Taking(Protocol):
    """A cost model of an NPU that also says what the NPU could take, because its stack's rules are not known."""

    def takes(self, demand: Demand) -> bool:
        """Return whether the NPU could take the operator at all."""
        ...


def could_take(workload: Workload, model: Taking) -> tuple[Place, ...]:
    """Return the operators that may run on the NPU: those known to, and the unknown ones that it could take."""
    return tuple(
        (operator.subgraph, operator.index)
        for operator in workload.operators
        if operator.unit is Unit.NPU or (operator.unit is Unit.UNKNOWN and model.takes(operator.demand))
    )


def as_unknown(workload: Workload) -> Workload:
    """Return `workload` with nothing known about where it runs."""
    return Workload(tuple(replace(operator, unit=Unit.UNKNOWN, partition=None) for operator in workload.operators), ())


def place_runs(workload: Workload, chosen: Collection[Place]) -> Workload:
    """Return `workload` with `chosen` on the NPU, each run of neighbours in the file as one partition.

    What crosses a boundary is taken to be what the first operator of a run reads and the last one writes: a workload
    does not know its tensors.
    """
    wanted = frozenset(chosen)
    return _place(workload, wanted, _runs(workload.operators, wanted))


def place_singly(workload: Workload, chosen: Collection[Place]) -> Workload:
    """Return `workload` with `chosen` on the NPU, each operator as a partition of its own."""
    wanted = frozenset(chosen)
    return _place(workload, wanted, [[entry] for entry in workload.operators if _place_of(entry) in wanted])


def all_it_could_take(workload: Workload, model: Taking) -> Workload:
    """Return `workload`, of unknown placement, with everything on the NPU that it could take."""
    return place_runs(workload, could_take(workload, model))


def _runs(operators: Iterable[PlacedDemand], wanted: frozenset[Place]) -> list[list[PlacedDemand]]:
    runs: list[list[PlacedDemand]] = []
    is_open = False
    for entry in operators:
        if _place_of(entry) not in wanted:
            is_open = False
        elif is_open and runs[-1][-1].subgraph == entry.subgraph:
            runs[-1].append(entry)
        else:
            runs.append([entry])
            is_open = True
    return runs


def _place(workload: Workload, wanted: frozenset[Place], runs: list[list[PlacedDemand]]) -> Workload:
    partition_of = {_place_of(entry): number for number, run in enumerate(runs) for entry in run}
    return Workload(
        tuple(
            replace(
                entry,
                unit=Unit.NPU if _place_of(entry) in wanted else Unit.CPU,
                partition=partition_of.get(_place_of(entry)),
            )
            for entry in workload.operators
        ),
        tuple(
            Load(
                number,
                run[0].demand.inputs * run[0].demand.element_bytes,
                run[-1].demand.outputs * run[-1].demand.element_bytes,
            )
            for number, run in enumerate(runs)
        ),
    )


def _place_of(entry: PlacedDemand) -> Place:
    return entry.subgraph, entry.index
