"""Jobs that wait for a worker, by group: a worker stays with a group as long as it has jobs."""

from __future__ import annotations

import threading
from collections import Counter, deque

from npufit.jobs.job import Job


class PendingJobs:
    """A queue that several threads take from."""

    def __init__(self) -> None:
        """Create an empty queue."""
        self._changed = threading.Condition()
        self._groups: dict[str, deque[Job]] = {}
        self._workers_of: Counter[str] = Counter()
        self._is_closed = False

    def put(self, job: Job) -> None:
        """Add `job` at the end of its group."""
        with self._changed:
            self._groups.setdefault(job.group, deque()).append(job)
            self._changed.notify()

    def take(self, group: str | None) -> Job | None:
        """Return the next job for a worker that prefers `group`; wait for it. None if the queue was closed.

        The worker belongs to the job's group until `release`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._groups or self._is_closed)
            return self._next(group)

    def take_now(self, group: str | None) -> Job | None:
        """Return the next job for a worker that prefers `group`; None if there is none now."""
        with self._changed:
            return self._next(group)

    def release(self, job: Job) -> None:
        """Note that a worker has ended `job`."""
        with self._changed:
            self._workers_of[job.group] -= 1

    def close(self) -> None:
        """Drop all jobs; from now on there are none."""
        with self._changed:
            self._is_closed = True
            self._groups.clear()
            self._changed.notify_all()

    def _next(self, preferred: str | None) -> Job | None:
        if not self._groups:
            return None
        group = self._choose(preferred)
        jobs = self._groups[group]
        job = jobs.popleft()
        if not jobs:
            del self._groups[group]
        self._workers_of[group] += 1
        return job

    def _choose(self, preferred: str | None) -> str:
        """Return the preferred group, else the first without workers, else that with most jobs left."""
        if preferred in self._groups:
            return preferred
        for group in self._groups:
            if not self._workers_of[group]:
                return group
        return max(self._groups, key=lambda group: len(self._groups[group]))
