"""Jobs on this machine: each at its own risk, in workers that stay and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import job_functions
import pytest

from npufit.errors import InputError, ToolError
from npufit.jobs import Blob, Finished, Job, LocalExecutor, Session, Trouble, core_count, key_of, open_executor
from npufit.jobs.pending import PendingJobs

_HERE = Path(__file__).parent


def _job(function: Callable[..., str], *arguments: object, group: str = "", limit: float | None = None) -> Job:
    return Job(key_of(function.__name__, repr(arguments), group), function, arguments, group, limit)


def _run(jobs: Iterable[Job], workers: int = 2) -> dict[str, Finished]:
    with Session(LocalExecutor(workers)) as session:
        for job in jobs:
            session.submit(job)
        return {finished.job.key: finished for finished in session}


def _fields(process: int) -> list[str]:
    """Return what /proc says of a process after its name, from its state on; nothing if there is none."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _is_running(process: int) -> bool:
    return _fields(process)[:1] not in ([], ["Z"])


def _started(process: int) -> list[str]:
    """Return when a process started, nothing if there is none: another one may get its number once it has ended."""
    return _fields(process)[19:20]


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_crash_an_exit_a_hang_and_errors_cost_one_job_each() -> None:
    bad = {
        job_functions.crash: (Trouble.CRASH, "The worker process died (signal SIGSEGV)."),
        job_functions.leave: (Trouble.CRASH, "The worker process died (exit code 7)."),
        job_functions.hang: (Trouble.TIME, "Not finished within 0.3 s; it was stopped."),
        job_functions.refuse: (Trouble.INPUT, "no such layer"),
        job_functions.lack: (Trouble.TOOL, "no compiler"),
        job_functions.fail: (Trouble.BUG, "npufit failed: ZeroDivisionError: integer division or modulo by zero (job"),
        job_functions.answer_with_a_number: (
            Trouble.BUG,
            "npufit failed: InternalError: answer_with_a_number",
        ),
    }
    troubled = {function: _job(function, limit=0.3) for function in bad}
    good = [_job(job_functions.square, number) for number in range(8)]
    mixed = [job for pair in zip(good, troubled.values(), strict=False) for job in pair]
    found = _run([*mixed, good[-1], _job(job_functions.say_a_lot), _job(lambda: "")])
    for number, job in enumerate(good):
        assert found[job.key].value == str(number * number)
        assert found[job.key].failure is None
    for function, (trouble, message) in bad.items():
        failure = found[troubled[function].key].failure
        assert failure is not None
        assert failure.trouble is trouble
        assert failure.message.startswith(message)
    assert found[_job(job_functions.say_a_lot).key].value == '"said"'
    unsent = found[_job(lambda: "").key].failure
    assert unsent is not None
    assert "the job cannot be sent to a worker" in unsent.message


def test_workers_stay_and_receive_a_blob_once() -> None:
    blob, other = Blob(b"model" * 1000), Blob(b"second")
    jobs = [
        _job(job_functions.describe_worker, *([blob, other][: 1 + number % 2]), group=str(number))
        for number in range(6)
    ]
    facts = [json.loads(finished.value or "") for finished in _run(jobs, workers=1).values()]
    assert {fact["process"] for fact in facts} != {os.getpid()}
    assert len({fact["process"] for fact in facts}) == 1
    assert [fact["calls"] for fact in facts] == [1, 2, 3, 4, 5, 6]
    assert {fact["blobs"][0] for fact in facts} == {facts[0]["blobs"][0]}
    assert [fact["bytes"] for fact in facts] == [[5000], [5000, 6]] * 3
    assert {fact["threads"] for fact in facts} == {"1"}
    assert {fact["nice"] for fact in facts} == {min(19, os.nice(0) + 5)}


def test_jobs_run_side_by_side_and_answers_come_as_they_are_ready(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with Session(open_executor("local:2")) as session:
        session.submit(_job(job_functions.touch_and_wait, first, second))
        session.submit(_job(job_functions.wait_for, first))
        answers = iter(session)
        assert next(answers).value == '"first"'
        # While the first still runs, its way out is submitted.
        session.submit(_job(job_functions.touch_and_wait, second, first))
        assert {finished.value for finished in answers} == {'"first"', '"second"'}


def test_progress_counts_and_equal_jobs_run_once() -> None:
    told: list[tuple[int, int, int]] = []
    job = _job(job_functions.describe_worker)

    def note(done: int, total: int, failed: int) -> None:
        told.append((done, total, failed))

    with Session(LocalExecutor(1), progress=note) as session:
        for each in (job, job, _job(job_functions.refuse)):
            session.submit(each)
        values = [finished.value for finished in session]
    assert values[0] == values[1]
    assert told == [(1, 3, 0), (2, 3, 0), (3, 3, 1)]


def test_a_worker_stays_with_a_group_then_with_its_family_and_then_helps_others() -> None:
    pending = PendingJobs()
    places = ["a1", "a2", "a1", "b1", "b1", "a3", "b2", "b2", "b2"]
    for number, place in enumerate(places):
        pending.put(Job(str(number), job_functions.square, (number,), group=place, family=place[0]))
    first, second = pending.take(None), pending.take(None)
    taken: list[str] = []
    for _ in range(3):
        assert first
        assert second
        taken += [first.group, second.group]
        pending.release(first)
        first = pending.take(first)
        pending.release(second)
        second = pending.take(second)
    assert taken == ["a1", "b1", "a1", "b1", "a2", "b2"]
    assert first
    assert first.group == "a3"
    pending.release(first)
    # Its family has no more jobs: it helps where others work.
    last = pending.take_now(first)
    assert last
    assert last.group == "b2"
    assert pending.take_now(first) is None
    pending.put(last)
    pending.close()
    assert pending.take(None) is None


@pytest.mark.parametrize("deaf", [False, True])
def test_a_time_limit_ends_what_the_job_started(tmp_path: Path, deaf: bool) -> None:
    note = tmp_path / "processes"
    job = _job(_hang_deaf if deaf else job_functions.hang_with_child, note, limit=1.5)
    failure = _run([job])[job.key].failure
    assert failure is not None
    assert failure.trouble is Trouble.TIME
    worker, child = map(int, note.read_text().split())
    assert not _is_running(worker)
    _wait_until(lambda: not _is_running(child))


def _hang_deaf(note: Path) -> str:
    return job_functions.hang_with_child(note, deaf=True)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_npufit_ends_all_workers_and_what_they_started(tmp_path: Path, sent: signal.Signals) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(_HERE)!r})
from pathlib import Path
from job_functions import hang_with_child, square
from npufit.jobs import Job, LocalExecutor, Session, Store
with Session(LocalExecutor(2), Store(Path({str(tmp_path)!r}) / "kept.sqlite")) as session:
    for number in range(5):
        session.submit(Job(str(number), square, (number,)))
    for name in "ab":
        session.submit(Job(name, hang_with_child, (Path({str(tmp_path)!r}) / name,)))
    for finished in session:
        print(finished.value, flush=True)
"""
    notes = [tmp_path / name for name in "ab"]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as main:
        _wait_until(lambda: all(note.exists() and len(note.read_text().split()) == 2 for note in notes))
        processes = [int(word) for note in notes for word in note.read_text().split()]
        assert all(map(_is_running, processes))
        started = {process: _started(process) for process in processes}
        main.send_signal(sent)
        main.wait(10)
    _wait_until(lambda: not any(_is_running(one) and _started(one) == started[one] for one in processes))
    from npufit.jobs import Store

    store = Store(tmp_path / "kept.sqlite")
    assert [kept.value for number in range(5) if (kept := store.find(str(number)))] == ["0", "1", "4", "9", "16"]
    store.close()


def test_workers_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ToolError, match=r"A worker process ended at its start \(exit code 1\)"):
        _run([_job(job_functions.square, 1)])
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ToolError, match="A worker process could not be started: No such file"):
        _run([_job(job_functions.square, 1)])


def test_executors_are_named() -> None:
    for text, workers in ((None, core_count()), ("local", core_count()), ("local:3", 3)):
        executor = open_executor(text)
        assert isinstance(executor, LocalExecutor)
        assert executor.workers == workers
    for text in ("local:0", "local:x", "ssh://board", "locally"):
        with pytest.raises(InputError, match="unknown executor"):
            open_executor(text)
    with pytest.raises(InputError, match="at least one"):
        open_executor("local", 0)
