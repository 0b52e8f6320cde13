"""What happened on a virtual device: an observer that counts and keeps, for reports and to stop a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from npufit.vdevice.observing import IgnoringObserver

if TYPE_CHECKING:
    from npufit.errors import NpufitError
    from npufit.vdevice.device import Job, Refusal

_MOST_KEPT = 1000


class Activity(IgnoringObserver):
    """What a device has done so far; may be read at any time.

    `on_failure` is called once, in the thread that answered, when the device itself cannot go on.
    """

    def __init__(self, on_failure: Callable[[NpufitError], None] | None = None) -> None:
        """Start with nothing."""
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._streams: set[bytes] = set()
        self._findings: dict[str, None] = {}
        self._refusals: dict[Refusal, None] = {}
        self._doubts: dict[Refusal, None] = {}
        self.submissions = 0
        """Jobs that were executed to their end."""
        self.seconds = 0.0
        """How long the simulator took for them."""
        self.failure: NpufitError | None = None
        """Why the device could not go on, if that happened."""

    @property
    def streams(self) -> int:
        """Different command streams that were executed."""
        return len(self._streams)

    @property
    def findings(self) -> tuple[str, ...]:
        """What the sanitizer found, each once, in order; at most 1000."""
        return tuple(self._findings)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Calls that the chosen Linux release refuses, each once; at most 1000."""
        return tuple(self._refusals)

    @property
    def doubts(self) -> tuple[Refusal, ...]:
        """Calls that the chosen Linux release may refuse, each once; at most 1000."""
        return tuple(self._doubts)

    def raise_failure(self) -> None:
        """Raise why the device could not go on, if that happened."""
        if self.failure is not None:
            raise self.failure

    def executed(self, job: Job, findings: tuple[str, ...], seconds: float) -> None:
        """Count a job."""
        with self._lock:
            self.submissions += 1
            self.seconds += seconds
            self._streams.add(job.stream)
            self._findings.update(dict.fromkeys(findings[: _MOST_KEPT - len(self._findings)]))

    def refused(self, refusal: Refusal) -> None:
        """Keep a refusal."""
        self._keep(self._refusals, refusal)

    def doubted(self, refusal: Refusal) -> None:
        """Keep a doubt."""
        self._keep(self._doubts, refusal)

    def failed(self, error: NpufitError) -> None:
        """Keep the first failure."""
        with self._lock:
            if self.failure is not None:
                return
            self.failure = error
        if self._on_failure is not None:
            self._on_failure(error)

    def _keep(self, kept: dict[Refusal, None], refusal: Refusal) -> None:
        with self._lock:
            if len(kept) < _MOST_KEPT:
                kept[refusal] = None
