"""The result of a run: outputs, where they were computed, the times, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from npufit.errors import NpufitError
from npufit.execution import Array, Comparison, LeftOut, Score
from npufit.graph import Model


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long each part took; None for a part that did not run.

    `first` is the first inference, `steady` the fastest later one, `reference` one inference of the reference kernels.
    """

    compile: float | None
    load: float
    first: float
    steady: float | None
    reference: float | None = None


@dataclass(frozen=True, slots=True)
class SimulatorFinding:
    """A finding of the simulator's sanitizer about one call of the NPU."""

    partition: int
    text: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outputs by tensor index of `model`, where they were computed, the times, and the comparison.

    With a comparison, `tensors` has everything that was computed, including the insides of NPU calls. `notes` are
    sentences about the execution. `left_out` has the operators that LiteRT cannot execute; outputs that depend on them
    are left out as well. `not_compared` is the error that prevented a requested comparison. `scores` has the best
    classes, best first, of a model whose output is one score per class.
    """

    model: Model
    place: str
    partitions: int
    outputs: Mapping[int, Array]
    seconds: Seconds
    comparison: Comparison | None = None
    findings: tuple[SimulatorFinding, ...] = ()
    tensors: Mapping[int, Array] = field(default_factory=dict[int, Array])
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    not_compared: NpufitError | None = None
    scores: tuple[Score, ...] = ()
