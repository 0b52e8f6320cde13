"""What a library submits to its virtual device in one inference, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from npufit.errors import NpufitError
from npufit.ethosu import IO_REGION
from npufit.execution.progress import Progress, Stage
from npufit.execution.refusal import DeviceFailureError, KernelRefusalError
from npufit.vdevice import Job, Observer, Refusal

_OF_STREAMS = ("CMDSTREAM_BO_CREATE", "SUBMIT")


@dataclass(frozen=True, slots=True)
class ExecutedStream:
    """A stream that was submitted, what the sanitizer found, and the simulator's time.

    `io` is the IO buffer after the execution, None unless it was asked for.
    """

    stream: bytes
    io_bytes: int
    io: npt.NDArray[np.uint8] | None
    findings: tuple[str, ...]
    seconds: float


class Submissions:
    """An observer of a virtual device: keeps what one inference submits, and stops it where the device cannot go on.

    Release builds of Mesa ignore the errno of a failed call. So a failure and a refused stream are raised here, in the
    thread that answers the call: they end the session instead of reaching the library. `refused_buffers` explain a
    crash that follows.
    """

    def __init__(self, progress: Progress) -> None:
        """Report each executed stream to `progress`."""
        self._progress = progress
        self._keeps_io = False
        self._expected = 0
        self._beside: Observer | None = None
        self.streams: list[ExecutedStream] = []
        self.doubts: list[Refusal] = []
        self.refused_buffers: list[str] = []

    def begin(self, expected: int, *, keeps_io: bool = False, beside: Observer | None = None) -> None:
        """Forget the last inference; the next one submits about `expected` streams. `beside` sees it as well."""
        self.streams = []
        self._expected, self._keeps_io, self._beside = expected, keeps_io, beside
        self._progress(Stage.INFERENCE, 0, expected)

    def submitted(self, job: Job) -> None:
        """Pass it on."""
        if self._beside is not None:
            self._beside.submitted(job)

    def executed(self, job: Job, findings: tuple[str, ...], seconds: float) -> None:
        """Keep the stream and what became of it."""
        memory = job.memory.get(IO_REGION)
        io_bytes = job.asked_bytes.get(IO_REGION, 0)
        io = memory[:io_bytes].copy() if self._keeps_io and memory is not None else None
        self.streams.append(ExecutedStream(job.stream, io_bytes, io, findings, seconds))
        self._progress(Stage.INFERENCE, len(self.streams), self._expected)

    def refused(self, refusal: Refusal) -> None:
        """Raise KernelRefusalError if a stream is refused; without a buffer the library crashes by itself."""
        text = f"{refusal.call} fails with {refusal.errno}: {refusal.why}"
        if refusal.call in _OF_STREAMS:
            raise KernelRefusalError(f"{text}; the library ignores that and would answer with stale memory")
        self.refused_buffers.append(text)

    def doubted(self, refusal: Refusal) -> None:
        """Keep what the kernel may refuse."""
        self.doubts.append(refusal)

    def failed(self, error: NpufitError) -> None:
        """Raise DeviceFailureError, or the refusal that ended the call."""
        if isinstance(error, KernelRefusalError):
            raise error
        raise DeviceFailureError(
            f"submission {len(self.streams)} of the library: {error} The run was stopped: the library ignores that and "
            "would answer with stale memory."
        )
