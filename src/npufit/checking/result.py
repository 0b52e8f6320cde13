"""The result of a check, and its totals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from npufit.checking.gates import Gate, GateResult, evaluate_gate
from npufit.graph import Model, Operator, OperatorId, count_macs
from npufit.stacks import Effect, OperatorPlacement, Placement, Target, Unit

if TYPE_CHECKING:
    from npufit.cost import Estimate, EstimateOptions


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


@dataclass(frozen=True)
class CheckResult:
    """Where every operator of `model` runs on a target, and how long that takes.

    `profile` names the file with a board's own coefficients, if the target was given as one, otherwise it is empty.
    `required` are the requested gates.
    """

    model: Model
    placement: Placement
    estimate_options: EstimateOptions | None = None
    profile: str = ""
    required: tuple[Gate, ...] = ()

    @property
    def target(self) -> Target:
        """The target that was checked."""
        return self.placement.target

    @property
    def name(self) -> str:
        """The target in words, with the board's profile if there is one."""
        return f"{self.target}, {self.profile}" if self.profile else str(self.target)

    @cached_property
    def estimate(self) -> Estimate | None:
        """The predicted time of one inference; None if there is no data to predict it from.

        Computed on first use. Raises InputError if `estimate_options` do not suit the chip.
        """
        from npufit.cost import estimate

        return estimate(self.model, self.placement, self.estimate_options)

    @cached_property
    def gates(self) -> tuple[GateResult, ...]:
        """Whether each of the requested gates holds."""
        return tuple(evaluate_gate(gate, self) for gate in self.required)

    def operator(self, placed: OperatorPlacement) -> Operator:
        """Return the model's operator for `placed`."""
        return self.model.operator(placed.id)

    def output_names(self, placed: OperatorPlacement) -> tuple[str, ...]:
        """Return the names of the operator's outputs."""
        subgraph = self.model.subgraphs[placed.id.subgraph]
        return tuple(tensor.name for tensor in subgraph.output_tensors(self.operator(placed)))

    def on(self, unit: Unit) -> tuple[OperatorPlacement, ...]:
        """Return the operators that run on `unit`."""
        return tuple(placed for placed in self.placement.operators if placed.unit is unit)

    @cached_property
    def macs(self) -> dict[OperatorId, int | None]:
        """Multiply-accumulates of every operator; None if unknown."""
        return {
            place: count_macs(self.model.subgraphs[place.subgraph], operator)
            for place, operator in self.model.operators()
        }

    @cached_property
    def summary(self) -> Summary:
        """The totals."""
        units = dict.fromkeys(Unit, 0)
        macs = dict.fromkeys(Unit, 0)
        for placed in self.placement.operators:
            units[placed.unit] += 1
            macs[placed.unit] += self.macs[placed.id] or 0
        total = sum(count or 0 for count in self.macs.values())
        uncounted = sum(count is None for count in self.macs.values())
        known = total and self.placement.operators and not macs[Unit.UNKNOWN] and not uncounted
        return Summary(
            operators=len(self.placement.operators),
            npu=units[Unit.NPU],
            cpu=units[Unit.CPU],
            unknown=units[Unit.UNKNOWN],
            macs=total,
            macs_unknown=uncounted,
            npu_macs=macs[Unit.NPU],
            npu_macs_share=macs[Unit.NPU] / total if known else None,
            partitions=len(self.placement.partitions),
            boundary_bytes=sum(partition.traffic.total_bytes for partition in self.placement.partitions),
            hazards=len(self.placement.hazards),
            crashes=sum(hazard.effect is Effect.CRASH for hazard in self.placement.hazards),
        )
