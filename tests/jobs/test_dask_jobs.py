"""Jobs on a Dask cluster: a real scheduler, real workers, and what happens if they go away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import job_functions
import pytest

import npufit
from npufit.errors import ToolError
from npufit.jobs import Blob, Job, Session, Store, Trouble, open_executor
from npufit.jobs.cluster import DaskExecutor

_HERE = Path(__file__).parent
_SCHEDULER = (
    "-m",
    "distributed.cli.dask_scheduler",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--no-dashboard",
    "--no-show",
)
_WORKER = ("-m", "distributed.cli.dask_worker", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
Process = subprocess.Popen[bytes]


class _Cluster:
    """A scheduler and its workers on the loopback device."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.scheduler = self._start(*_SCHEDULER, "--scheduler-file", str(self._file))
        self.workers: list[Process] = []

    @property
    def address(self) -> str:
        _wait_until(lambda: self._file.exists() and self._file.read_text().strip().endswith("}"))
        return json.loads(self._file.read_text())["address"].removeprefix("tcp://")

    def add_worker(self, *options: str, path: Path | None = None) -> Process:
        self.workers.append(self._start(*_WORKER, f"tcp://{self.address}", *options, path=path))
        return self.workers[-1]

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, *command: str, path: Path | None = None) -> Process:
        paths = [str(path)] if path else []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, str(_HERE)])}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            [sys.executable, *command], cwd=self._folder, env=environment, stdout=quiet, stderr=quiet
        )


@contextmanager
def _cluster(folder: Path) -> Generator[_Cluster]:
    cluster = _Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.stop()


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _job(function: Callable[..., str], *arguments: object, group: str = "", limit: float | None = None) -> Job:
    return Job(f"{function.__name__} {arguments} {group}", function, arguments, group, limit)


def _kill_in_the_middle(worker: Process, folder: Path, go: Path) -> None:
    """Kill `worker` when both workers have begun a job, and let the jobs go on."""
    _wait_until(lambda: len(list(folder.glob("started *"))) >= 2)
    worker.kill()
    worker.wait()
    go.touch()


def test_a_cluster_runs_jobs_like_this_machine_and_survives_the_loss_of_a_worker(tmp_path: Path) -> None:
    blob = Blob(b"model" * 1000)
    with _cluster(tmp_path) as cluster:
        first = cluster.add_worker("--nthreads", "1")
        cluster.add_worker("--nthreads", "1")
        bad = [
            _job(job_functions.crash),
            _job(job_functions.hang, limit=0.3),
            _job(job_functions.refuse),
            _job(job_functions.fail),
        ]
        go = tmp_path / "go"
        waiting = [_job(job_functions.touch_and_wait, tmp_path / f"started {number}", go) for number in range(9)]
        with Session(DaskExecutor(cluster.address, 3.0), Store(tmp_path / "kept.sqlite")) as session:
            for number in range(60):
                group = f"network {number % 3}"
                session.submit(Job(str(number), job_functions.describe_worker, (blob,), group))
            for job in bad:
                session.submit(job)
            found = {finished.job.key: finished for finished in session}
            facts = [json.loads(finished.value) for finished in found.values() if finished.value is not None]
            assert len(facts) == 60
            assert {fact["bytes"][0] for fact in facts} == {5000}
            # Workers keep their processes and their copy of the blob.
            assert len({(fact["process"], fact["blobs"][0]) for fact in facts}) <= 5
            troubles = [failure.trouble if (failure := found[job.key].failure) else None for job in bad]
            assert troubles == [Trouble.CRASH, Trouble.TIME, Trouble.INPUT, Trouble.BUG]
            for job in waiting:
                session.submit(job)
            with ThreadPoolExecutor(1) as beside:
                beside.submit(_kill_in_the_middle, first, tmp_path, go)
                assert [finished.value for finished in session] == ['"go"'] * 9
            for _ in range(3):
                cluster.add_worker("--nthreads", "1")
            session.submit(_job(job_functions.kill_parent))
            (finished,) = session
            assert finished.failure is not None
            assert finished.failure.trouble is Trouble.CRASH
            assert finished.failure.message == "3 Dask workers died while they ran it; it was given up."
            session.submit(_job(job_functions.square, 4))
            session.submit(_job(job_functions.hang_with_child, tmp_path / "note"))
            answers = iter(session)
            assert next(answers).value == "16"
            _wait_until(lambda: (tmp_path / "note").exists() and len((tmp_path / "note").read_text().split()) == 2)
            cluster.scheduler.kill()
            started = time.monotonic()
            with pytest.raises(ToolError, match=r"The Dask scheduler at 127\.0\.0\.1:\d+ was lost"):
                next(answers)
            assert time.monotonic() - started < 10
        store = Store(tmp_path / "kept.sqlite")
        assert all((kept := store.find(job.key)) and kept.value == '"go"' for job in waiting)
        store.close()


def test_what_is_wrong_with_a_cluster_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other" / "npufit"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("__version__ = '0.0.1'")
    with pytest.raises(ToolError, match=r"No Dask scheduler answered at 127\.0\.0\.1:1 within 1 s"):
        DaskExecutor("127.0.0.1:1", patience_s=1)
    with _cluster(tmp_path) as cluster:
        with pytest.raises(ToolError, match=r"has no workers\. Start some: dask worker tcp://127\.0\.0\.1:\d+$"):
            DaskExecutor(cluster.address, patience_s=1)
        cluster.add_worker(path=other.parent)
        with pytest.raises(ToolError, match=rf"has npufit 0\.0\.1; this is npufit {npufit.__version__}\. Install"):
            DaskExecutor(cluster.address)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolError, match=r"dask:// needs Dask\. Install it: pip install 'npufit\[dask\]'"):
        open_executor("dask://127.0.0.1:8786")
