"""The result of a run: outputs, where they were computed, the times, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from npufit.errors import NpufitError
from npufit.execution import Array, Comparison, LeftOut, Origin, Score
from npufit.formatting import plural, shorten
from npufit.graph import Model


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long each part took; None for a part that did not run.

    `first` is the first inference, `steady` the fastest later one, `reference` one inference of the reference kernels.
    `simulator` is the part of the fastest inference that the simulator of a virtual NPU took.
    """

    compile: float | None
    load: float
    first: float
    steady: float | None
    reference: float | None = None
    simulator: float | None = None


@dataclass(frozen=True, slots=True)
class LibraryRun:
    """The real library that ran: its file, Mesa's version (empty if the file does not say), and what it formed.

    `partitions` has the operators of each partition; `hidden` are those whose insides could not be read. `kernel` is
    the Linux release that judged the streams, None if none did.
    """

    path: Path
    sha256: str
    version: str
    chip: str
    partitions: tuple[tuple[int, ...], ...]
    hidden: tuple[int, ...] = ()
    kernel: str | None = None

    @property
    def place(self) -> str:
        """The library and its device in words."""
        version = f"Mesa {self.version}, " if self.version else ""
        name = shorten(self.path.name)
        return f"the real {name} ({version}{plural(len(self.partitions), 'partition')} on a virtual {self.chip})"


@dataclass(frozen=True, slots=True)
class SimulatorFinding:
    """A finding of the simulator's sanitizer about one call of the NPU."""

    partition: int
    text: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outputs by tensor index of `model`, where they were computed, the times, and the comparison.

    With a comparison, `tensors` has everything that was computed, including the insides of NPU calls, and `origin` says
    what wrote the first tensor that differs, None if no NPU did. `notes` are sentences about the execution. `left_out`
    has the operators that LiteRT cannot execute; outputs that depend on them are left out as well. `not_compared` is
    the error that prevented a requested comparison. `scores` has the best classes, best first, of a model whose output
    is one score per class.

    `library` is the real library that ran, None if a simulator alone did. `refusal` says why the chosen Linux release
    refuses a stream of a library: nothing was computed then. `captured` is the folder with what was submitted.
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
    origin: Origin | None = None
    library: LibraryRun | None = None
    refusal: str | None = None
    captured: Path | None = None
