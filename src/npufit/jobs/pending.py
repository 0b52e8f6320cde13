"""Jobs that wait for a worker: it stays with a group as long as that has jobs, and then with the group's family."""

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
        self._workers_of_family: Counter[str] = Counter()
        self._is_closed = False

    def put(self, job: Job) -> None:
        """Add `job` at the end of its group."""
        with self._changed:
            self._groups.setdefault(job.group, deque()).append(job)
            self._changed.notify()

    def take(self, previous: Job | None) -> Job | None:
        """Return the next job for the worker that ran `previous`; wait for it. None if the queue was closed.

        The worker belongs to the job's group and family until `release`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._groups or self._is_closed)
            return self._next(previous)

    def take_now(self, previous: Job | None) -> Job | None:
        """Return the next job for the worker that ran `previous`; None if there is none now."""
        with self._changed:
            return self._next(previous)

    def take_more(self, job: Job, most: int) -> list[Job]:
        """Return up to `most` further jobs of the group of `job`, which was taken."""
        with self._changed:
            jobs = self._groups.get(job.group, deque[Job]())
            more = [jobs.popleft() for _ in range(min(most, len(jobs)))]
            if not jobs:
                self._groups.pop(job.group, None)
            self._workers_of[job.group] += len(more)
            self._workers_of_family.update(entry.family for entry in more)
            return more

    def __len__(self) -> int:
        """Return how many jobs wait."""
        return sum(map(len, self._groups.values()))

    def release(self, job: Job) -> None:
        """Note that a worker has ended `job`."""
        with self._changed:
            self._workers_of[job.group] -= 1
            self._workers_of_family[job.family] -= 1

    def close(self) -> None:
        """Drop all jobs; from now on there are none."""
        with self._changed:
            self._is_closed = True
            self._groups.clear()
            self._changed.notify_all()

    def _next(self, previous: Job | None) -> Job | None:
        if not self._groups:
            return None
        group = self._choose(previous)
        jobs = self._groups[group]
        job = jobs.popleft()
        if not jobs:
            del self._groups[group]
        self._workers_of[group] += 1
        self._workers_of_family[job.family] += 1
        return job

    def _choose(self, previous: Job | None) -> str:
        """Return the previous group; else one without workers, best of the same family; else that with most jobs."""
        if previous is not None and previous.group in self._groups:
            return previous.group
        best, worst = "", 3
        for group, jobs in self._groups.items():
            if self._workers_of[group]:
                continue
            family = jobs[0].family
            if previous is not None and family == previous.family:
                return group
            distance = 1 if not self._workers_of_family[family] else 2
            if distance < worst:
                best, worst = group, distance
        return best if worst < 3 else max(self._groups, key=lambda group: len(self._groups[group]))
