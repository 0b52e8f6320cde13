"""Jobs on this machine: a thread for each worker process, which hands it one job after the other."""

from __future__ import annotations

import os
import queue
import threading

from npufit.errors import InternalError, ToolError
from npufit.jobs.calls import pack_call
from npufit.jobs.job import Finished, Job, Trouble
from npufit.jobs.pending import PendingJobs
from npufit.jobs.process import WorkerProcess
from npufit.jobs.running import explain_bug, failed, finish


def core_count() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalExecutor:
    """Runs jobs in processes of this machine, which start when there are jobs and stay until `close`."""

    def __init__(self, workers: int | None = None) -> None:
        """Use at most `workers` processes, by default one for each core."""
        self.workers = workers or core_count()
        self._pending = PendingJobs()
        self._results: queue.SimpleQueue[Finished | ToolError] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._processes: set[WorkerProcess] = set()
        self._is_closed = False

    def submit(self, job: Job) -> None:
        """Accept `job`, at any time until `close`."""
        self._pending.put(job)
        if len(self._threads) < self.workers:
            thread = threading.Thread(target=self._serve, daemon=True)
            self._threads.append(thread)
            thread.start()

    def next_finished(self, patience_s: float | None = None) -> Finished | None:
        """Return the next job that ended; wait if there is none, None after `patience_s`.

        Raises ToolError if workers cannot be started.
        """
        try:
            result = self._results.get(timeout=patience_s)
        except queue.Empty:
            return None
        if isinstance(result, ToolError):
            raise result
        return result

    def close(self) -> list[Finished]:
        """End all workers at once, and return the jobs that had ended and that `next_finished` did not return."""
        self._pending.close()
        with self._lock:
            self._is_closed = True
            living = list(self._processes)
        ending = [threading.Thread(target=process.stop) for process in living]
        for thread in ending:
            thread.start()
        for thread in (*ending, *self._threads):
            thread.join()
        finished: list[Finished] = []
        while not self._results.empty():
            result = self._results.get()
            # Whoever was still working was stopped by us; that is not how its job ended.
            if isinstance(result, Finished) and (result.failure is None or result.failure.trouble is Trouble.INPUT):
                finished.append(result)
        return finished

    def _serve(self) -> None:
        """Let one worker process run jobs until there are no more; replace it after it died."""
        job: Job | None = None
        process: WorkerProcess | None = None
        while (job := self._pending.take(job)) is not None:
            try:
                if process is None or not process.is_alive:
                    process = self._replace(process)
                self._results.put(finish(job, process.run(pack_call(job))))
            except ToolError as error:
                self._results.put(error)
            except InternalError as error:
                self._results.put(finish(job, failed(Trouble.BUG, explain_bug(error))))
            self._pending.release(job)
        if process is not None:
            process.close()

    def _replace(self, dead: WorkerProcess | None) -> WorkerProcess:
        if dead is not None:
            dead.close()
        process = WorkerProcess()
        with self._lock:
            self._processes = {one for one in self._processes if one is not dead} | {process}
            is_closed = self._is_closed
        if is_closed:
            process.stop()
        return process
