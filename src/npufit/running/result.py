"""What a run found: outputs, where they were computed, how long it took, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from npufit.errors import NpufitError
from npufit.execution import Array, Comparison, LeftOut, Score
from npufit.graph import Model


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long the parts took; None for a part that did not take place.

    `first` is the first inference, `steady` the fastest of the later ones, `reference` one inference of the golden.
    """

    compile: float | None
    load: float
    first: float
    steady: float | None
    reference: float | None = None


@dataclass(frozen=True, slots=True)
class SimulatorFinding:
    """What the simulator's sanitizer says about one call of the NPU."""

    partition: int
    text: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outputs by tensor index of `model`, where they were computed, how long it took, and how they compare.

    With a comparison `tensors` has all that was computed, also what is inside the calls of the NPU. `notes` are
    sentences on what was executed. `left_out` has the operators that LiteRT cannot execute; outputs that depend on them
    are left out as well. `not_compared` is the error that prevented a comparison which was asked for. `scores` has the
    best classes, best first, of a model whose output is one score per class.
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
