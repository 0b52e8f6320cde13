"""A user's own measurements of a model, beside what a check predicts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npufit.cost import Estimate
    from npufit.measurements import Measurement, ModelMeasurements, SteadyTime
    from npufit.stacks import Target


@dataclass(frozen=True, slots=True)
class OwnMeasurement:
    """A user's own measurement on a chip that was checked.

    `file` is the name of its file. `has_other_weights` says that only the structure of the model is the same, and
    `other_target` names the target of the measurement if it is another stack or version of the chip's.
    """

    measurement: Measurement
    file: str
    has_other_weights: bool
    other_target: str
    is_of_stack: bool

    @property
    def with_npu(self) -> SteadyTime | None:
        """The time with the NPU; None if there is none, or if another stack used it."""
        return self.measurement.npu if self.is_of_stack else None

    @property
    def contradicts(self) -> bool:
        """Whether the NPU did not run although the stack was asked to use it."""
        return self.is_of_stack and self.measurement.proof.verdict == "contradicted"

    @property
    def is_wrong(self) -> bool:
        """Whether the board's outputs were compared with the golden, and are wrong."""
        outputs = self.measurement.outputs
        return self.is_of_stack and outputs is not None and outputs.is_wrong

    def in_range(self, estimate: Estimate | None) -> bool | None:
        """Return whether the time with the NPU lies in the range of `estimate`; None without one of them."""
        if estimate is None or self.with_npu is None or estimate.low_ms is None or estimate.high_ms is None:
            return None
        return estimate.low_ms <= self.with_npu.ms <= estimate.high_ms


@dataclass(frozen=True, slots=True)
class OwnMeasurements:
    """A user's own measurements on a target's chip: those of its stack, model and version first, then the latest.

    `refused` says why files that seem to be of the model were not read.
    """

    found: tuple[OwnMeasurement, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def of_stack(self) -> tuple[OwnMeasurement, ...]:
        """Those that were made with the target's stack, whatever its version."""
        return tuple(entry for entry in self.found if entry.is_of_stack)

    @property
    def contradicting(self) -> OwnMeasurement | None:
        """The first measurement with the stack, if it shows that the NPU did not run."""
        return next((entry for entry in self.of_stack[:1] if entry.contradicts), None)

    @property
    def wrong(self) -> OwnMeasurement | None:
        """The first measurement with the stack whose outputs were compared, if they differ."""
        compared = [entry for entry in self.of_stack if entry.measurement.outputs is not None]
        return next((entry for entry in compared[:1] if entry.is_wrong), None)


def measurements_on(target: Target, measured: ModelMeasurements) -> OwnMeasurements | None:
    """Return those of a model's measurements that were made on the chip of `target`, None without any."""
    found: list[OwnMeasurement] = []
    for entry in measured.found:
        measurement = entry.saved.measurement
        series, _, _ = measurement.target.partition("@")
        if measurement.chip == target.chip:
            other = measurement.target if measurement.target != str(target) else ""
            is_of_stack = series == f"{target.chip}/{target.stack}"
            own = OwnMeasurement(measurement, entry.saved.path.name, not entry.is_same_model, other, is_of_stack)
            found.append(own)
    found.sort(key=lambda entry: (not entry.is_of_stack, entry.has_other_weights, bool(entry.other_target)))
    return OwnMeasurements(tuple(found), measured.refused) if found or measured.refused else None
