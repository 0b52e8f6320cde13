"""What changed between two measurements: time, proof, outputs, and under which circumstances."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from npufit.comparing.verdict import Verdict, verdict_of
from npufit.errors import InputError
from npufit.measurements import (
    Measurement,
    OperatorMeasurement,
    ProofVerdict,
    Role,
    SteadyTime,
    read_measurements,
)

_LIKELY = (ProofVerdict.PROVEN, ProofVerdict.CONSISTENT)


class MeasuredAspect(StrEnum):
    """What may get worse or better from one measurement to the next."""

    NPU_LOST = "npu-lost"
    """The NPU ran before, and is shown not to have run after."""
    NPU_GAINED = "npu-gained"
    OUTPUTS_BROKEN = "outputs-broken"
    """They were right before, and differ from the golden after."""
    OUTPUTS_MENDED = "outputs-mended"
    SLOWER = "slower"
    """The same network, by more than both spreads, on boards that did not throttle."""
    FASTER = "faster"


@dataclass(frozen=True, slots=True)
class MeasuredChange:
    """One aspect that got worse or better."""

    aspect: MeasuredAspect
    is_worse: bool


@dataclass(frozen=True, slots=True)
class MeasuredTime:
    """A time in milliseconds on both sides. The spans are from the lowest to the highest process, None if unknown."""

    before_ms: float
    after_ms: float
    before_span: tuple[float, float] | None = None
    after_span: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """After over before; None if it took no time before."""
        return self.after_ms / self.before_ms if self.before_ms else None

    @property
    def exceeds_spread(self) -> bool | None:
        """Whether the spans do not overlap; None if one is unknown."""
        if self.before_span is None or self.after_span is None:
            return None
        return self.after_span[0] > self.before_span[1] or self.after_span[1] < self.before_span[0]


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """An operator that both profiles have, with its milliseconds."""

    operator: OperatorMeasurement
    before_ms: float
    after_ms: float


@dataclass(frozen=True)
class MeasuredComparison:
    """Two measurements side by side; the files are their names."""

    before: Measurement
    after: Measurement
    before_file: str
    after_file: str

    @property
    def name(self) -> str:
        """The target, or both if they differ."""
        before, after = (side.target or side.board.model or "the CPU alone" for side in (self.before, self.after))
        return before if before == after else f"{before} → {after}"

    @property
    def verdict(self) -> Verdict:
        """Whether the change is for the better or for the worse."""
        return verdict_of(self.changes)

    @cached_property
    def changes(self) -> tuple[MeasuredChange, ...]:
        """What got worse, then what got better."""
        found = [*self._of_proof(), *self._of_outputs(), *self._of_time()]
        return tuple(sorted(found, key=lambda change: not change.is_worse))

    @cached_property
    def with_npu(self) -> MeasuredTime | None:
        """The steady time with the NPU, None unless both sides have one."""
        return self._time(Role.NPU, self.before.npu, self.after.npu)

    @cached_property
    def on_cpu(self) -> MeasuredTime | None:
        """The steady time on the CPU alone, None unless both sides have one."""
        return self._time(Role.CPU, self.before.cpu, self.after.cpu)

    @property
    def time(self) -> MeasuredTime | None:
        """The time that counts: with the NPU, or on the CPU alone if neither side has one with the NPU."""
        return self.on_cpu if self.before.npu is None and self.after.npu is None else self.with_npu

    @property
    def is_same_model(self) -> bool:
        """Whether both were made with the same file."""
        return self.before.model.sha256 == self.after.model.sha256

    @property
    def is_same_structure(self) -> bool:
        """Whether both models have the same operators, shapes and types."""
        return self.before.model.structure == self.after.model.structure

    @property
    def has_throttled(self) -> bool:
        """Whether a board was seen to throttle, so that its times are not those of the chip."""
        return bool(self.before.conditions.throttled or self.after.conditions.throttled)

    @cached_property
    def operators(self) -> tuple[OperatorChange, ...]:
        """The operators that both profiles have and whose time differs, the largest difference first."""
        before = _by_place(self.before)
        found = [
            OperatorChange(row, before[place], row.ms)
            for place, row in _rows_by_place(self.after).items()
            if row.ms is not None and place in before and before[place] != row.ms
        ]
        return tuple(sorted(found, key=lambda change: -abs(change.after_ms - change.before_ms)))

    def _time(self, role: Role, before: SteadyTime | None, after: SteadyTime | None) -> MeasuredTime | None:
        if before is None or after is None:
            return None
        return MeasuredTime(before.ms, after.ms, _span(self.before, before, role), _span(self.after, after, role))

    def _of_proof(self) -> list[MeasuredChange]:
        before, after = self.before.proof.verdict, self.after.proof.verdict
        if before in _LIKELY and after is ProofVerdict.CONTRADICTED:
            return [MeasuredChange(MeasuredAspect.NPU_LOST, is_worse=True)]
        if before is ProofVerdict.CONTRADICTED and after in _LIKELY:
            return [MeasuredChange(MeasuredAspect.NPU_GAINED, is_worse=False)]
        return []

    def _of_outputs(self) -> list[MeasuredChange]:
        before, after = self.before.outputs, self.after.outputs
        if before is None or after is None or before.is_wrong is after.is_wrong:
            return []
        aspect = MeasuredAspect.OUTPUTS_BROKEN if after.is_wrong else MeasuredAspect.OUTPUTS_MENDED
        return [MeasuredChange(aspect, is_worse=after.is_wrong)]

    def _of_time(self) -> list[MeasuredChange]:
        time = self.time
        if time is None or not time.exceeds_spread or self.has_throttled or not self.is_same_structure:
            return []
        is_slower = time.after_ms > time.before_ms
        return [MeasuredChange(MeasuredAspect.SLOWER if is_slower else MeasuredAspect.FASTER, is_slower)]


def _span(measurement: Measurement, steady: SteadyTime, role: Role) -> tuple[float, float] | None:
    """Return the span of the processes; of a single one, that of 90 % of its inferences; None if neither is known."""
    if steady.processes > 1:
        return steady.low_ms, steady.high_ms
    runs = [run for run in measurement.runs if run.role is role and run.p5_ms is not None and run.p95_ms is not None]
    return (runs[0].p5_ms or 0.0, runs[0].p95_ms or 0.0) if len(runs) == 1 else None


_Place = tuple[str, str, str, int | None, bool | None]


def _rows_by_place(measurement: Measurement) -> dict[_Place, OperatorMeasurement]:
    return {(row.unit, row.type, row.name, row.index, row.with_npu): row for row in measurement.operators}


def _by_place(measurement: Measurement) -> dict[_Place, float]:
    return {place: row.ms for place, row in _rows_by_place(measurement).items() if row.ms is not None}


def compare_measurements(before: Path, after: Path) -> MeasuredComparison:
    """Return what changed between the measurements in two files. Raises InputError for one that cannot be read."""
    first, second = (_read(path) for path in (before, after))
    return MeasuredComparison(first, second, before.name, after.name)


def _read(path: Path) -> Measurement:
    read = read_measurements(path)
    if not read.found:
        raise InputError(read.refused[0])
    return read.found[0].measurement
