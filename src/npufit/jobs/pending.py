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

    def take(self, previous: Job | None) -> Job | None:
        """Return the next job for the worker that ran `previous`; wait for it. None if the queue was closed."""
        with self._changed:
            if previous is not None:
                self._workers_of[previous.group] -= 1
            self._changed.wait_for(lambda: self._groups or self._is_closed)
            if self._is_closed:
                return None
            group = self._choose(None if previous is None else previous.group)
            jobs = self._groups[group]
            job = jobs.popleft()
            if not jobs:
                del self._groups[group]
            self._workers_of[group] += 1
            return job

    def close(self) -> None:
        """Drop all jobs; from now on there are none."""
        with self._changed:
            self._is_closed = True
            self._groups.clear()
            self._changed.notify_all()

    def _choose(self, previous: str | None) -> str:
        """Return the worker's own group, else the first without workers, else that with most jobs left."""
        if previous in self._groups:
            return previous
        free = (group for group in self._groups if not self._workers_of[group])
        return next(free, None) or max(self._groups, key=lambda group: len(self._groups[group]))
