"""Jobs on a Dask cluster: any number of machines that run `dask worker` with npufit installed."""

from __future__ import annotations

import asyncio
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
from npufit.jobs.calls import Call, pack_call
from npufit.jobs.cluster_connection import connect
from npufit.jobs.cluster_worker import Order, run_order, stop_session
from npufit.jobs.job import Finished, Job, Trouble
from npufit.jobs.pending import PendingJobs
from npufit.jobs.running import Ending, explain_bug, failed, finish

Client = Any
Future = Any
"""Of `distributed`, which is untyped and imported only for clusters."""

PATIENCE_S = 10.0
"""How long to wait for the scheduler and for the first worker."""

_REFRESH_S = 1.0
_MOST_LOSSES = 2
_MOST_REPEATS = 5


@dataclass(frozen=True, slots=True)
class _Task:
    """A job on its way, and how many of the slots of its worker it takes."""

    job: Job
    worker: str
    slots: int


class DaskExecutor:
    """Runs jobs on the cluster whose scheduler listens at `address`.

    Each worker gets one job more than it has threads, so that none waits for the network, and it gets them from the
    group of its previous one. The jobs of a worker that vanishes are suspects: each runs again, and alone, so that one
    that kills its worker each time fails and costs no other job.
    """

    def __init__(self, address: str, patience_s: float = PATIENCE_S) -> None:
        """Connect to `address`, HOST:PORT. Raises ToolError if that, or a worker, fails."""
        self._address = address
        self._client: Client = connect(address, patience_s)
        self._session = uuid.uuid4().hex
        self._pending = PendingJobs()
        self._suspects: deque[Job] = deque()
        self._results: queue.SimpleQueue[tuple[str, Ending | None]] = queue.SimpleQueue()
        self._blobs: dict[str, Future] = {}
        self._tasks: dict[str, _Task] = {}
        self._futures: dict[str, Future] = {}
        self._losses: Counter[str] = Counter()
        self._repeats: Counter[str] = Counter()
        self._slots: dict[str, int] = {}
        self._taken: Counter[str] = Counter()
        self._next_refresh = 0.0
        self._number = 0

    def submit(self, job: Job) -> None:
        """Accept `job`, at any time until `close`."""
        self._pending.put(job)

    def next_finished(self) -> Finished:
        """Return the next job that ended; wait if there is none. Raises ToolError if the scheduler is lost."""
        while True:
            lost = self._refresh() if time.monotonic() >= self._next_refresh else None
            if lost is not None:
                return lost
            self._feed()
            try:
                key, ending = self._results.get(timeout=_REFRESH_S)
            except queue.Empty:
                continue
            task = self._end(key)
            if task is None:
                continue
            if ending is not None:
                if task.worker in self._slots and not self._suspects:
                    self._send_next(task.worker, task.job)
                return finish(task.job, ending)
            self._repeat(task.job)

    def close(self) -> list[Finished]:
        """End the work on all workers, and return the jobs that had ended and that `next_finished` did not return."""
        with suppress(Exception):  # the cluster may be gone already
            self._client.cancel(list(self._futures.values()))
            self._client.run(stop_session, self._session, on_error="ignore")
        finished: list[Finished] = []
        while not self._results.empty():
            key, ending = self._results.get()
            task = self._end(key)
            if task is not None and ending is not None:
                finished.append(finish(task.job, ending))
        with suppress(Exception):
            self._client.close(timeout=2)
        return finished

    def _refresh(self) -> Finished | None:
        """Look which workers there are; return a job that was lost with a worker too often."""
        self._next_refresh = time.monotonic() + _REFRESH_S
        try:
            threads = self._client.nthreads()
        except (OSError, TimeoutError):  # a lost scheduler shows in the jobs that were running
            return None
        self._slots = {worker: count + 1 for worker, count in threads.items()}
        guilty: Finished | None = None
        for key, task in [entry for entry in self._tasks.items() if entry[1].worker not in self._slots]:
            if guilty is not None:
                self._next_refresh = 0.0
                break
            self._client.cancel([self._futures[key]])
            self._end(key)
            self._losses[task.job.key] += 1
            if self._losses[task.job.key] > _MOST_LOSSES:
                ended = f"{self._losses[task.job.key]} Dask workers died while they ran it; it was given up."
                guilty = finish(task.job, failed(Trouble.CRASH, ended))
            else:
                self._suspects.append(task.job)
        return guilty

    def _feed(self) -> None:
        """Give jobs to all workers that have room; first suspects to those that are idle."""
        for worker, slots in self._slots.items():
            if self._suspects and not self._taken[worker]:
                self._send(worker, self._suspects.popleft(), slots)
            while self._taken[worker] < slots and self._send_next(worker, None):
                pass

    def _send_next(self, worker: str, previous: Job | None) -> bool:
        """Let `worker`, which ran `previous`, run another job; return whether there was one."""
        job = self._pending.take_now(previous)
        if job is not None:
            self._send(worker, job, 1)
        return job is not None

    def _send(self, worker: str, job: Job, slots: int) -> None:
        self._number += 1
        key = f"npufit-{self._session}-{self._number}"
        self._tasks[key] = _Task(job, worker, slots)
        self._taken[worker] += slots
        try:
            call = pack_call(job)
        except InternalError as error:
            self._results.put((key, failed(Trouble.BUG, explain_bug(error))))
            return
        self._futures[key] = self._submit(key, worker, job, call)
        asyncio.run_coroutine_threadsafe(self._await(key, self._futures[key]), self._client.loop.asyncio_loop)

    def _submit(self, key: str, worker: str, job: Job, call: Call) -> Future:
        order = Order(__version__, self._session, job.group, call.packed, tuple(call.blobs), job.time_limit_s)
        blobs = [self._scatter(digest, data) for digest, data in call.blobs.items()]
        return self._client.submit(run_order, order, *blobs, key=key, workers=[worker], pure=False)

    def _scatter(self, digest: str, data: bytes) -> Future:
        """Return the bytes on the cluster: sent once, from there on workers get them from each other."""
        future = self._blobs.get(digest)
        if future is None or future.status != "finished":
            key = f"npufit-blob-{self._session}-{digest}-{self._number}"
            future = self._client.scatter({key: data})[key]
            self._blobs[digest] = future
        return future

    async def _await(self, key: str, future: Future) -> None:
        ending: Ending | None
        try:
            ending = await future
        except (asyncio.CancelledError, futures.CancelledError):  # its blob or the scheduler was lost
            ending = None
        except Exception as error:
            ending = failed(Trouble.TOOL, f"The Dask worker could not run it: {type(error).__name__}: {error}.")
        self._results.put((key, ending))

    def _end(self, key: str) -> _Task | None:
        """Return the task called `key`, which no longer runs; None if it was given up before."""
        task = self._tasks.pop(key, None)
        self._futures.pop(key, None)
        if task is not None:
            self._taken[task.worker] -= task.slots
            self._pending.release(task.job)
        return task

    def _repeat(self, job: Job) -> None:
        """Submit again what was lost with its blob, or with the scheduler, which may come back."""
        while self._client.status == "connecting":
            time.sleep(0.05)
        if self._client.status != "running":
            raise ToolError(f"The Dask scheduler at {self._address} was lost. What was finished is kept; run it again.")
        self._repeats[job.key] += 1
        if self._repeats[job.key] > _MOST_REPEATS:
            raise ToolError(f"The Dask scheduler at {self._address} gives up jobs that it was given. Restart it.")
        self._pending.put(job)
