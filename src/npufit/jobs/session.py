"""The loop: answers as they come, from the store or from a worker, while more jobs may be submitted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from npufit.jobs.executor import Executor
from npufit.jobs.job import Finished, Job, Trouble
from npufit.jobs.store import Kept, Store


class Progress(Protocol):
    """Receives how many jobs have ended, of how many known, and how many of those that ended have no answer."""

    def __call__(self, done: int, total: int, failed: int, /) -> None:
        """Note the progress. It is called for each job and must cost almost nothing."""
        ...


def ignore_progress(done: int, total: int, failed: int, /) -> None:
    """Show nothing."""


class Session:
    """Runs jobs with an executor and keeps their answers in a store. It closes both.

    Iterate over it for the jobs that have ended. The iteration ends when all submitted jobs have, or at the deadline.
    """

    def __init__(
        self,
        executor: Executor,
        store: Store | None = None,
        progress: Progress = ignore_progress,
        deadline: float | None = None,
    ) -> None:
        """Run jobs with `executor`, without a store keeping nothing, until `deadline` on the monotonic clock."""
        self._executor, self._store, self._progress, self._deadline = executor, store, progress, deadline
        self._ready: deque[Finished] = deque()
        self._waiting: dict[str, list[Job]] = {}
        self._done = self._total = self._failed = 0

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all workers; keep what had finished."""
        self.close()

    def submit(self, job: Job) -> None:
        """Accept `job`. Jobs with the same key are run once; each gets the answer."""
        self._total += 1
        kept = self._store.find(job.key) if self._store else None
        if kept is not None:
            self._ready.append(Finished(job, kept.value, kept.failure, kept=True))
        elif job.key in self._waiting:
            self._waiting[job.key].append(job)
        else:
            self._waiting[job.key] = [job]
            self._executor.submit(job)

    def __iter__(self) -> Iterator[Finished]:
        """Yield each job that has ended, in the order in which they end.

        Raises ToolError if no job can run any more, such as after the loss of a cluster; what was finished is kept.
        """
        while self._ready or self._waiting:
            if not self._ready:
                finished = self._executor.next_finished(self._patience())
                if finished is None:
                    return
                self._keep(finished)
                jobs = self._waiting.pop(finished.job.key, [])
                self._ready.extend(replace(finished, job=job) for job in jobs)
                continue
            finished = self._ready.popleft()
            self._done += 1
            self._failed += finished.failure is not None
            self._progress(self._done, self._total, self._failed)
            yield finished

    def close(self) -> None:
        """End all workers; keep what had finished."""
        try:
            for finished in self._executor.close():
                self._keep(finished)
        finally:
            if self._store is not None:
                self._store.close()

    def _patience(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _keep(self, finished: Finished) -> None:
        failure = finished.failure
        if self._store is not None and (failure is None or failure.trouble is Trouble.INPUT):
            self._store.keep(finished.job.key, Kept(finished.value, failure))
