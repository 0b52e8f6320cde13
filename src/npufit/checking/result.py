"""The result of a check: where every operator runs, how long that takes, and whether gates hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from npufit.checking.gate import Gate, GateResult
from npufit.checking.gates import evaluate_gate
from npufit.checking.summary import Summary, summarize
from npufit.graph import Model, Operator, OperatorId, count_macs
from npufit.stacks import OperatorPlacement, Placement, Target, Unit

if TYPE_CHECKING:
    from npufit.checking.other_stacks import OtherStack
    from npufit.checking.own_measurements import OwnMeasurements
    from npufit.cost import Estimate, EstimateOptions


@dataclass(frozen=True)
class CheckResult:
    """Where every operator of `model` runs on a target, and how long that takes.

    `estimate` is the predicted time of one inference; None without data to predict it from, or if it was not asked for.
    `profile` names the file with a board's own coefficients or a converter's limits, if the target was given as one,
    and `file` is how the user named it; otherwise both are empty.
    `required` are the requested gates. `others` are stacks of the chip that use the same kernel driver, empty if they
    were not asked about. `own` are the user's measurements of the model on the target's chip, None without any.
    """

    model: Model
    placement: Placement
    estimate: Estimate | None = None
    estimate_options: EstimateOptions | None = None
    profile: str = ""
    required: tuple[Gate, ...] = ()
    others: tuple[OtherStack, ...] = ()
    own: OwnMeasurements | None = None
    file: str = ""

    @property
    def target(self) -> Target:
        """The target that was checked."""
        return self.placement.target

    @property
    def name(self) -> str:
        """The target in words, with the board's profile if there is one."""
        return f"{self.target}, {self.profile}" if self.profile else str(self.target)

    @property
    def spelling(self) -> str:
        """What a user gives as the target to get this answer again."""
        return self.file or str(self.target)

    @cached_property
    def gates(self) -> tuple[GateResult, ...]:
        """Whether each of the requested gates holds."""
        return tuple(self.evaluate(gate) for gate in self.required)

    def evaluate(self, gate: Gate) -> GateResult:
        """Return whether `gate` holds. An unknown value does not pass."""
        return evaluate_gate(gate, self.name, self.summary, self.estimate)

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

    @property
    def better_stacks(self) -> tuple[OtherStack, ...]:
        """The other stacks that are known to be faster, or without the hazards here."""
        return tuple(other for other in self.others if other.is_better_than(self))

    @cached_property
    def summary(self) -> Summary:
        """The totals."""
        return summarize(self.placement, self.macs)
