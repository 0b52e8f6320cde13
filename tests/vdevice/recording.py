"""An observer that keeps what it was told."""

from __future__ import annotations

from npufit.errors import NpufitError
from npufit.vdevice import Job, Refusal


class Recorder:
    """Keeps everything that happens on a device, in order."""

    def __init__(self) -> None:
        self.submissions: list[Job] = []
        self.executions: list[tuple[int, tuple[str, ...], float]] = []
        self.refusals: list[Refusal] = []
        self.doubts: list[Refusal] = []
        self.failures: list[NpufitError] = []

    def submitted(self, job: Job) -> None:
        self.submissions.append(job)

    def executed(self, job: Job, findings: tuple[str, ...], seconds: float) -> None:
        self.executions.append((job.number, findings, seconds))

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def doubted(self, refusal: Refusal) -> None:
        self.doubts.append(refusal)

    def failed(self, error: NpufitError) -> None:
        self.failures.append(error)
