"""A placed model as a cost model sees it: each operator's demands and unit, without the model itself.

The packaged networks (`workloads/`) are stored in this form, so that regressing and checking a cost model
needs no network, compiler or weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.cost.demand import Demand, measure_demand
from npufit.graph import Latest, Model, OperatorId
from npufit.stacks import CompilerPass, Evidence, OperatorPlacement, Placement, Traffic, Unit

_LATEST: Latest[None, dict[OperatorId, Demand]] = Latest()
"""The demands of the model that was asked about last."""


@dataclass(frozen=True, slots=True)
class PlacedDemand:
    """One operator: where it runs, and what it asks for."""

    placement: OperatorPlacement
    demand: Demand


@dataclass(frozen=True, slots=True)
class Workload:
    """All operators in file order, the bytes that cross each partition's boundary, and the compiler's passes.

    `partitions` are by index; there are passes if the stack's compiler ran.
    """

    operators: tuple[PlacedDemand, ...]
    partitions: Mapping[int, Traffic]
    passes: tuple[CompilerPass, ...] = ()

    def on(self, unit: Unit) -> tuple[PlacedDemand, ...]:
        """Return the operators that run on `unit`."""
        return tuple(operator for operator in self.operators if operator.placement.unit is unit)


def workload_of(model: Model, placement: Placement) -> Workload:
    """Return `model` in this `placement`. Operators of all subgraphs count once."""
    estimate = placement.compiler_estimate
    demands = _LATEST.of(model, None, lambda: _demands(model))
    return Workload(
        operators=tuple(PlacedDemand(placed, demands[placed.id]) for placed in placement.operators),
        partitions={partition.index: partition.traffic for partition in placement.partitions},
        passes=estimate.passes if estimate is not None else (),
    )


def on_the_cpu(model: Model) -> Workload:
    """Return `model` with every operator on the CPU."""
    return Workload(
        tuple(PlacedDemand(assumed(place, Unit.CPU), demand) for place, demand in _demands(model).items()),
        {},
    )


def _demands(model: Model) -> dict[OperatorId, Demand]:
    return {place: measure_demand(model.subgraphs[place.subgraph], operator) for place, operator in model.operators()}


def assumed(place: OperatorId, unit: Unit, partition: int | None = None) -> OperatorPlacement:
    """Return the placement of an operator that nobody decided here: one that is tried out, or kept without reasons."""
    return OperatorPlacement(place, unit, Evidence.INFERRED, partition)
