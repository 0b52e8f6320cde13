"""Jobs on a Dask cluster: any number of machines that run `dask worker` with npufit installed."""

from __future__ import annotations

import asyncio
import math
import queue
import time
import uuid
from collections import Counter, deque
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from npufit._version import __version__
from npufit.errors import InternalError, ToolError
from npufit.jobs.calls import pack_call
from npufit.jobs.cluster_connection import connect
from npufit.jobs.cluster_worker import Order, run_orders, stop_session
from npufit.jobs.job import Finished, Job, Trouble
from npufit.jobs.pending import PendingJobs
from npufit.jobs.running import Ending, explain_bug, failed, finish

Client = Any
Future = Any
"""Of `distributed`, which is untyped and imported only for clusters."""

PATIENCE_S = 10.0
"""How long to wait for the scheduler and for the first worker."""

_REFRESH_S = 1.0
_TASK_S = 0.5
"""How long the jobs of a task take together, if they are short."""
_MOST_JOBS_OF_A_TASK = 31
_MEMORY = 20
"""How many of the last jobs tell what is usual."""
_MOST_LOSSES = 2
_MOST_REPEATS = 5


@dataclass(frozen=True, slots=True)
class _Task:
    """Jobs on their way, of one group, and how many of the slots of their worker they take."""

    jobs: tuple[Job, ...]
    worker: str
    slots: int


class DaskExecutor:
    """Runs jobs on the cluster whose scheduler listens at `address`.

    Each worker gets one task more than it has threads, so that none waits for the network, and gets jobs of the group
    of its previous ones. Short jobs travel together, because the scheduler needs milliseconds for each task. The jobs
    of a worker that vanishes are suspects: each runs again, and alone, so that one that kills its worker each time
    fails and costs no other job.
    """

    def __init__(self, address: str, patience_s: float = PATIENCE_S) -> None:
        """Connect to `address`, HOST:PORT. Raises ToolError if that, or a worker, fails."""
        self._address = address
        self._client: Client = connect(address, patience_s)
        self._session = uuid.uuid4().hex
        self._pending = PendingJobs()
        self._suspects: deque[Job] = deque()
        self._results: queue.SimpleQueue[tuple[str, list[Ending] | None]] = queue.SimpleQueue()
        self._ready: deque[Finished] = deque()
        self._usual_s = _TASK_S
        self._blobs: dict[str, Future] = {}
        self._tasks: dict[str, _Task] = {}
        self._futures: dict[str, Future] = {}
        self._losses: Counter[str] = Counter()
        self._repeats: Counter[str] = Counter()
        self._slots: dict[str, int] = {}
        self._taken: Counter[str] = Counter()
        self._last: dict[str, Job] = {}
        self._next_refresh = 0.0
        self._number = 0

    def submit(self, job: Job) -> None:
        """Accept `job`, at any time until `close`."""
        self._pending.put(job)

    def next_finished(self, patience_s: float | None = None) -> Finished | None:
        """Return the next job that ended; wait if there is none, None after `patience_s`, give or take a second.

        Raises ToolError if the scheduler is lost.
        """
        end = math.inf if patience_s is None else time.monotonic() + patience_s
        while not self._ready:
            if time.monotonic() > end:
                return None
            if time.monotonic() >= self._next_refresh:
                self._refresh()
            self._feed()
            try:
                key, endings = self._results.get(timeout=_REFRESH_S)
            except queue.Empty:
                continue
            task = self._end(key)
            if task is None:
                continue
            if endings is None:
                self._repeat(task.jobs)
                continue
            if task.worker in self._slots and not self._suspects:
                self._send_next(task.worker, task.jobs[-1])
            self._take_in(task, endings)
        return self._ready.popleft()

    def close(self) -> list[Finished]:
        """End the work on all workers, and return the jobs that had ended and that `next_finished` did not return."""
        with suppress(Exception):  # the cluster may be gone already
            self._client.cancel(list(self._futures.values()))
            self._client.run(stop_session, self._session, on_error="ignore")
        while not self._results.empty():
            key, endings = self._results.get()
            task = self._end(key)
            if task is not None and endings is not None:
                self._take_in(task, endings)
        with suppress(Exception):
            self._client.close(timeout=2)
        return list(self._ready)

    def _take_in(self, task: _Task, endings: list[Ending]) -> None:
        for job, ending in zip(task.jobs, endings, strict=True):
            self._usual_s += (ending["seconds"] - self._usual_s) / _MEMORY
            self._ready.append(finish(job, ending))

    def _refresh(self) -> None:
        """Look which workers there are. The jobs of those that vanished become suspects, or are given up."""
        self._next_refresh = time.monotonic() + _REFRESH_S
        try:
            threads = self._client.nthreads()
        except (OSError, TimeoutError):  # a lost scheduler shows in the jobs that were running
            return
        self._slots = {worker: count + 1 for worker, count in threads.items()}
        for key, task in [entry for entry in self._tasks.items() if entry[1].worker not in self._slots]:
            if key in self._futures:
                self._client.cancel([self._futures[key]])
            self._end(key)
            for job in task.jobs:
                self._losses[job.key] += 1
                if self._losses[job.key] <= _MOST_LOSSES:
                    self._suspects.append(job)
                    continue
                ended = f"{self._losses[job.key]} Dask workers died while they ran it; it was given up."
                self._ready.append(finish(job, failed(Trouble.CRASH, ended)))

    def _feed(self) -> None:
        """Give jobs to all workers that have room; first suspects to those that are idle."""
        for worker, slots in self._slots.items():
            if self._suspects and not self._taken[worker]:
                self._send(worker, (self._suspects.popleft(),), slots)
            while self._taken[worker] < slots:
                # Threads begin with groups of their own; the task that waits is for one of them.
                waits = self._taken[worker] == slots - 1
                if not self._send_next(worker, self._last.get(worker) if waits else None):
                    break

    def _send_next(self, worker: str, previous: Job | None) -> bool:
        """Let `worker`, which ran `previous`, run more jobs; return whether there were any."""
        first = self._pending.take_now(previous)
        if first is None:
            return False
        share = len(self._pending) // (2 * sum(self._slots.values()))
        more = min(share, _MOST_JOBS_OF_A_TASK, int(_TASK_S / max(self._usual_s, 1e-6)))
        self._send(worker, (first, *self._pending.take_more(first, more)), 1)
        return True

    def _send(self, worker: str, jobs: tuple[Job, ...], slots: int) -> None:
        self._number += 1
        key = f"npufit-{self._session}-{self._number}"
        self._tasks[key] = _Task(jobs, worker, slots)
        self._last[worker] = jobs[-1]
        self._taken[worker] += slots
        orders: list[Order] = []
        blobs: dict[str, Any] = {}
        for job in jobs:
            try:
                call = pack_call(job)
            except InternalError as error:
                orders.append(Order(failed(Trouble.BUG, explain_bug(error))))
                continue
            orders.append(Order(None, job.group, call.packed, tuple(call.blobs), job.time_limit_s))
            blobs |= {digest: self._scatter(digest, data) for digest, data in call.blobs.items()}
        # Dask looks for futures among arguments, not in what they contain.
        given = __version__, self._session, orders, list(blobs), *blobs.values()
        future: Any = self._client.submit(run_orders, *given, key=key, workers=[worker], pure=False)
        self._futures[key] = future
        asyncio.run_coroutine_threadsafe(self._await(key, future, len(jobs)), self._client.loop.asyncio_loop)

    def _scatter(self, digest: str, data: bytes) -> Future:
        """Return the bytes on the cluster: sent once, from there on workers get them from each other."""
        future = self._blobs.get(digest)
        if future is None or future.status != "finished":
            key = f"npufit-blob-{self._session}-{digest}-{self._number}"
            future = self._client.scatter({key: data})[key]
            self._blobs[digest] = future
        return future

    async def _await(self, key: str, future: Future, count: int) -> None:
        endings: list[Ending] | None
        try:
            endings = await future
        except (asyncio.CancelledError, futures.CancelledError):  # its blob or the scheduler was lost
            endings = None
        except Exception as error:
            why = f"The Dask worker could not run it: {type(error).__name__}: {error}."
            endings = [failed(Trouble.TOOL, why)] * count
        self._results.put((key, endings))

    def _end(self, key: str) -> _Task | None:
        """Return the task called `key`, which no longer runs; None if it was given up before."""
        task = self._tasks.pop(key, None)
        self._futures.pop(key, None)
        if task is not None:
            self._taken[task.worker] -= task.slots
            for job in task.jobs:
                self._pending.release(job)
        return task

    def _repeat(self, jobs: tuple[Job, ...]) -> None:
        """Submit again what was lost with its blob, or with the scheduler, which may come back."""
        while self._client.status == "connecting":
            time.sleep(0.05)
        if self._client.status != "running":
            raise ToolError(f"The Dask scheduler at {self._address} was lost. What was finished is kept; run it again.")
        self._repeats.update(job.key for job in jobs)
        if any(self._repeats[job.key] > _MOST_REPEATS for job in jobs):
            raise ToolError(f"The Dask scheduler at {self._address} gives up jobs that it was given. Restart it.")
        for job in jobs:
            self._pending.put(job)
