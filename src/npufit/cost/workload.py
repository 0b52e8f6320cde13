"""A placed model as a cost model sees it: what each operator asks for and where it runs, without the model itself.

The packaged reference networks (`reference.py`) are kept in this form, so that fitting and checking a cost model needs
no network, no compiler and no weights.
"""

from __future__ import annotations

from dataclasses import dataclass

from npufit.cost.demand import Demand, measure_demand
from npufit.graph import Model
from npufit.stacks import CompilerPass, Placement, Unit


@dataclass(frozen=True, slots=True)
class PlacedDemand:
    """One operator: what it asks for, and where it runs. `subgraph` and `index` name it in its model."""

    subgraph: int
    index: int
    demand: Demand
    unit: Unit
    partition: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """One partition: its index, and the bytes that enter and leave it at every inference."""

    index: int
    input_bytes: int
    output_bytes: int


@dataclass(frozen=True, slots=True)
class Workload:
    """All operators in the order of the file, the partitions, and the passes of the stack's compiler where it ran."""

    operators: tuple[PlacedDemand, ...]
    partitions: tuple[Load, ...]
    passes: tuple[CompilerPass, ...] = ()

    def on(self, unit: Unit) -> tuple[PlacedDemand, ...]:
        """Return the operators that run on `unit`."""
        return tuple(operator for operator in self.operators if operator.unit is unit)


def workload_of(model: Model, placement: Placement) -> Workload:
    """Return `model` as `placement` puts it. Operators of all subgraphs count once."""
    estimate = placement.compiler_estimate
    return Workload(
        operators=tuple(
            PlacedDemand(
                placed.subgraph,
                placed.index,
                measure_demand(
                    model.subgraphs[placed.subgraph], model.subgraphs[placed.subgraph].operators[placed.index]
                ),
                placed.unit,
                placed.partition,
            )
            for placed in placement.operators
        ),
        partitions=tuple(
            Load(partition.index, partition.input_bytes, partition.output_bytes) for partition in placement.partitions
        ),
        passes=estimate.passes if estimate is not None else (),
    )


def on_the_cpu(model: Model) -> Workload:
    """Return `model` with every operator on the CPU."""
    return Workload(
        tuple(
            PlacedDemand(number, index, measure_demand(subgraph, operator), Unit.CPU, None)
            for number, subgraph in enumerate(model.subgraphs)
            for index, operator in enumerate(subgraph.operators)
        ),
        (),
    )
