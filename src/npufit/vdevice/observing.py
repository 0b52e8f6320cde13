"""Observers to build on: one that ignores everything, and several as one."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.errors import NpufitError
from npufit.vdevice.device import Job, Observer, Refusal


class IgnoringObserver:
    """Takes no notice of anything; a subclass overrides what it wants to see."""

    def submitted(self, job: Job) -> None:
        """Ignore a job before its execution."""

    def executed(self, job: Job, findings: tuple[str, ...], seconds: float) -> None:
        """Ignore a job after its execution."""

    def refused(self, refusal: Refusal) -> None:
        """Ignore a refused call."""

    def doubted(self, refusal: Refusal) -> None:
        """Ignore a call that may be refused."""

    def failed(self, error: NpufitError) -> None:
        """Ignore a failure."""


class Observers:
    """Several observers as one, told in their order."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        """Tell all of `observers`."""
        self._observers = tuple(observers)

    def submitted(self, job: Job) -> None:
        """Note a job before it is executed."""
        for observer in self._observers:
            observer.submitted(job)

    def executed(self, job: Job, findings: tuple[str, ...], seconds: float) -> None:
        """Note a job after it was executed."""
        for observer in self._observers:
            observer.executed(job, findings, seconds)

    def refused(self, refusal: Refusal) -> None:
        """Note a call that the chosen kernel refuses."""
        for observer in self._observers:
            observer.refused(refusal)

    def doubted(self, refusal: Refusal) -> None:
        """Note a call that the chosen kernel may refuse."""
        for observer in self._observers:
            observer.doubted(refusal)

    def failed(self, error: NpufitError) -> None:
        """Note that the device cannot go on."""
        for observer in self._observers:
            observer.failed(error)
