"""What a pass may know besides the model: the target, the placement on it with its reasons, and the predicted time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from npufit.graph import Model
from npufit.stacks import Hazard, OperatorPlacement, Placement, PlaceOptions, Status, Target, Unit, place

if TYPE_CHECKING:
    from npufit.cost import EstimateOptions
    from npufit.execution import Values


@dataclass(frozen=True, slots=True)
class Context:
    """The target, and the placement of the same model that is passed; both None without a target.

    `samples` are the user's inputs in the form of this model, by tensor index of its main subgraph. Questions about
    operators concern the main subgraph, and answers use its indices. `place` and `milliseconds` try other models on the
    same target, with the user's tools and settings.
    """

    target: Target | None = None
    placement: Placement | None = None
    samples: tuple[Values, ...] = ()
    place_options: PlaceOptions = field(default_factory=PlaceOptions)
    estimate_options: EstimateOptions | None = None

    def runs_on(self, stack: str) -> bool:
        """Return whether the target belongs to `stack`."""
        return self.target is not None and self.target.stack == stack

    def off_npu(self) -> frozenset[int]:
        """Return the operators that the target leaves on the CPU, and those whose unit is unknown."""
        return frozenset(placed.id.index for placed in self._placed() if placed.unit is not Unit.NPU)

    def refused_by(self, *rules: str) -> frozenset[int]:
        """Return the operators that a rule with one of the ids `rules` keeps off the NPU."""
        return frozenset(
            placed.id.index
            for placed in self._placed()
            if placed.finding is not None and placed.finding.rule.id in rules
        )

    def partitions(self) -> dict[int, int | None]:
        """Return the partition of every operator, None for those outside the NPU."""
        return {placed.id.index: placed.partition for placed in self._placed()}

    def hazards(self, *rules: str) -> tuple[Hazard, ...]:
        """Return the hazards with one of the ids `rules`."""
        if self.placement is None:
            return ()
        return tuple(hazard for hazard in self.placement.hazards if hazard.rule.id in rules and not hazard.subgraph)

    def endangered_by(self, *rules: str) -> tuple[int, ...]:
        """Return the operators with such hazards, each once."""
        return tuple(dict.fromkeys(hazard.operators[0] for hazard in self.hazards(*rules)))

    def place(self, model: Model) -> Placement | None:
        """Return where `model` would run on the target, None without a target. Raises InputError and ToolError."""
        if self.target is None:
            return None
        return place(model, self.target, self.place_options)

    def faults(self, model: Model) -> int:
        """Return how many operators of `model` the target would leave to the CPU, and how many hazards it would have.

        0 without a target. Raises as `place` does.
        """
        placement = self.place(model)
        if placement is None:
            return 0
        return len(placement.hazards) + sum(placed.unit is Unit.CPU for placed in placement.operators)

    def milliseconds(self, model: Model) -> float | None:
        """Return the predicted time of `model` on the target, None without a prediction. Raises like `place`."""
        from npufit.cost import estimate

        placement = self.place(model)
        if placement is None or placement.status is not Status.COMPLETE:
            return None
        found = estimate(model, placement, self.estimate_options)
        return None if found is None else found.total_ms

    def _placed(self) -> tuple[OperatorPlacement, ...]:
        """Return the placement of the main subgraph's operators, none without a placement."""
        operators = () if self.placement is None else self.placement.operators
        return tuple(placed for placed in operators if not placed.id.subgraph)
