"""A model in a real libteflon, whose NPU is virtual: what it answers, and what its partitions compute inside."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from npufit.errors import InputError
from npufit.ethosu import decode, read_operations
from npufit.execution.capture import LOG_NAME, read_partitions
from npufit.execution.partial import LeftOut
from npufit.execution.progress import Progress, Stage, ignore_progress
from npufit.execution.reference import computed_tensors
from npufit.execution.slots import Origin, is_written_so, lay_out, read_feature_maps, writers_of
from npufit.execution.submissions import ExecutedStream, Submissions
from npufit.execution.unsafe import refuse_unsafe
from npufit.execution.values import Array, Values
from npufit.files import write_file
from npufit.graph import Model, boundary, written_by
from npufit.litert import TIME_LIMIT_S
from npufit.tflite import serialize_model
from npufit.vdevice import (
    CapturingObserver,
    Device,
    Library,
    LibraryCrashError,
    LibrarySession,
    Observer,
    SessionOptions,
)

MakeDevice = Callable[[Observer], Device]
"""Returns a virtual device that tells an observer what happens on it."""

_COMPILING = re.compile(r"^teflon: compiling graph: ", re.MULTILINE)


class LibraryModel:
    """A model loaded in a library with a virtual device, which can be run any number of times.

    LiteRT runs the operators for the CPU, in its reference kernels. The partitions are those that the library formed.
    """

    def __init__(
        self,
        model: Model,
        library: Library,
        make_device: MakeDevice,
        progress: Progress = ignore_progress,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        """Load `model`; `time_limit_s` is for each load and each inference.

        Raises InputError if LiteRT would damage its memory, KernelRefusalError if the device's Linux release refuses a
        stream, LibraryCrashError if the library dies or hangs, and what else `LibrarySession.load` raises.
        """
        refuse_unsafe(model)
        self._model, self._library, self._make_device = model, library, make_device
        self._progress, self._time_limit_s = progress, time_limit_s
        self.simulator_s: list[float] = []
        self._loaded = self._load(model)
        self._observed: dict[int, _Seen] = {}

    @property
    def operators(self) -> tuple[tuple[int, ...], ...]:
        """The operators of each partition; empty ones for models with several subgraphs: the log names no subgraph."""
        return self._loaded.operators

    @property
    def partitions(self) -> int:
        """Number of partitions."""
        return len(self.operators)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the device's Linux release may refuse, one line each."""
        return tuple(dict.fromkeys(refusal.why for refusal in self._loaded.submissions.doubts))

    @property
    def findings(self) -> tuple[tuple[int, str], ...]:
        """The sanitizer's findings in the last run: the number of the submission and the finding in one line."""
        streams = enumerate(self._loaded.submissions.streams)
        return tuple((number, finding) for number, stream in streams for finding in stream.findings)

    @property
    def in_bricks(self) -> Values:
        """Tensors that left a partition of the last observed run in bricks, read in that order."""
        return {tensor: values for seen in self._observed.values() for tensor, values in seen.in_bricks.items()}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Nothing: LiteRT loads the whole model or refuses it."""
        return ()

    @property
    def shared_tensors(self) -> tuple[int, ...]:
        """Nothing: the operators for the CPU run in the library's process."""
        return ()

    def run(self, inputs: Values) -> dict[int, Array]:
        """Return the outputs. Raises LibraryCrashError, or the device's error if it cannot go on."""
        found = self._loaded.infer(inputs, self._model.main.outputs)
        self.simulator_s.append(sum(stream.seconds for stream in self._loaded.submissions.streams))
        return found

    def run_beside(self, inputs: Values, results: Values) -> tuple[dict[int, Array], int]:
        """Return what `run` does: no result is shared."""
        return self.run(inputs), 0

    def observe(self, inputs: Values) -> dict[int, Array]:
        """Return every tensor outside the partitions, and those inside them that their IO buffers are known to hold."""
        self._observed = {}
        loaded = self._watched
        values = loaded.infer(inputs, loaded.model.main.outputs, keeps_io=True)
        streams = loaded.submissions.streams
        if len(streams) == len(loaded.operators):
            pairs = enumerate(zip(loaded.operators, streams, strict=True))
            self._observed = {number: _look_into(self._model, *pair) for number, pair in pairs}
        return {tensor: array for seen in self._observed.values() for tensor, array in seen.tensors.items()} | values

    def origin(self, tensor: int) -> Origin | None:
        """Return what wrote `tensor` in the last observed run; None if no partition did."""
        for number, operators in enumerate(self._watched.operators):
            if tensor in written_by(self._model.main, operators):
                seen = self._observed.get(number)
                return Origin(number, () if seen is None else seen.operations.get(tensor, ()))
        return None

    @property
    def hidden(self) -> tuple[int, ...]:
        """The partitions whose insides could not be read in the last observed run, because the driver is another."""
        return tuple(number for number, seen in self._observed.items() if not seen.is_known)

    def capture(self, inputs: Values, folder: Path) -> None:
        """Write into `folder` what an inference submits and what the library printed, as `read_capture` reads it."""
        self._loaded.infer(inputs, (), beside=CapturingObserver(folder))
        write_file(folder / LOG_NAME, self._loaded.session.log.encode(), overwrite=True)

    @cached_property
    def _watched(self) -> _Loaded:
        """The model once more, with every tensor outside the partitions as an output, so that LiteRT keeps it.

        LiteRT's own option for that would cut each partition into its operators. Outputs that leave a partition
        anyway change nothing in it.
        """
        model, inside = self._model, {operator for partition in self.operators for operator in partition}
        if not all(self.operators):
            return self._loaded
        outside = [index for index in range(len(model.main.operators)) if index not in inside]
        leaving = (tensor for partition in self.operators for tensor in boundary(model.main, partition).outputs)
        known = set(computed_tensors(model))
        seen = [tensor for tensor in (*written_by(model.main, outside), *leaving) if tensor in known]
        outputs = tuple(dict.fromkeys((*model.main.outputs, *seen)))
        return self._load(replace(model, subgraphs=(replace(model.main, outputs=outputs), *model.subgraphs[1:])))

    def _load(self, model: Model) -> _Loaded:
        self._progress(Stage.LOAD)
        submissions = Submissions(self._progress)
        options = SessionOptions(time_limit_s=self._time_limit_s)
        device, data = self._make_device(submissions), serialize_model(model)
        session = LibrarySession(self._library, device, data, options, name=model.name)
        weakref.finalize(self, session.close)
        with _explained(submissions):
            session.load()
        return _Loaded(model, session, submissions, _partitions(session.log, model))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model in a session, and its partitions."""

    model: Model
    session: LibrarySession
    submissions: Submissions
    operators: tuple[tuple[int, ...], ...]

    def infer(
        self, inputs: Values, tensors: Sequence[int], *, keeps_io: bool = False, beside: Observer | None = None
    ) -> dict[int, Array]:
        self.submissions.begin(len(self.operators), keeps_io=keeps_io, beside=beside)
        given = {index: inputs[index] for index in self.model.main.inputs}
        with _explained(self.submissions):
            return self.session.infer(given, list(dict.fromkeys(tensors)))


@contextmanager
def _explained(submissions: Submissions) -> Generator[None]:
    """Add to a crash of the library which buffer it had been refused before."""
    try:
        yield
    except LibraryCrashError as crash:
        if not submissions.refused_buffers:
            raise
        message = f"{crash} Before that, {submissions.refused_buffers[0]}, which the library ignored."
        raise LibraryCrashError(
            message, crash.step, crash.how, crash.log, crash.last_call, is_late=crash.is_late
        ) from None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a partition: its tensors, those that left it in bricks, and the operations that wrote each."""

    is_known: bool
    tensors: dict[int, Array]
    in_bricks: dict[int, Array]
    operations: dict[int, tuple[str, ...]]


_UNKNOWN = _Seen(False, {}, {}, {})


def _partitions(log: str, model: Model) -> tuple[tuple[int, ...], ...]:
    if len(model.subgraphs) > 1:
        return ((),) * len(_COMPILING.findall(log))
    return read_partitions(log, model)


def _look_into(model: Model, operators: tuple[int, ...], stream: ExecutedStream) -> _Seen:
    """Return what the IO buffer holds after `stream`, if the driver fills it as that of Mesa 25.3 does."""
    try:
        layout = lay_out(model, operators)
    except InputError:  # a feature map with more dimensions than that driver takes
        return _UNKNOWN
    writers = writers_of(layout, read_operations(decode(stream.stream)))
    if stream.io is None or stream.io.size != layout.io_bytes or not is_written_so(model, layout, writers):
        return _UNKNOWN
    tensors, in_bricks = read_feature_maps(model, layout, stream.io)
    operations = {tensor: tuple(map(str, found)) for tensor, found in writers.items()}
    return _Seen(True, tensors, in_bricks, operations)
