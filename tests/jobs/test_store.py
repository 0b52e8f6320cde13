"""The store of answers: kept at once, shared by processes, and never the reason that a command fails."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import job_functions
import pytest

from npufit.jobs import Failure, Job, LocalExecutor, Session, Store, Trouble
from npufit.jobs.store import Kept


def _open(path: Path, limit_bytes: int = 1 << 30) -> tuple[Store, list[str]]:
    notes: list[str] = []
    return Store(path, notes.append, limit_bytes), notes


def test_answers_and_refusals_are_kept_and_other_failures_are_not(tmp_path: Path) -> None:
    functions = (job_functions.refuse, job_functions.lack, job_functions.fail, job_functions.crash)
    jobs = [Job(function.__name__, function) for function in functions]
    jobs.append(Job("square", job_functions.square, (5,)))
    path = tmp_path / "below" / "kept.sqlite"
    for kept in (set[str](), {"refuse", "square"}):
        with Session(LocalExecutor(1), Store(path)) as session:
            for job in jobs:
                session.submit(job)
            found = {finished.job.key: finished for finished in session}
        assert {key for key, finished in found.items() if finished.kept} == kept
        assert found["square"].value == "25"
        assert found["refuse"].failure == Failure(Trouble.INPUT, "no such layer")
        assert len(found) == len(jobs)


def _damage_head(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"\xff" * 64 + data[64:])


def _damage_pages(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _be_foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE songs (name)")
    file.close()


def _be_older(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 0")
    file.close()


def _lose_table(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("ALTER TABLE answers RENAME TO others")
    file.close()


@pytest.mark.parametrize("harm", [_damage_head, _damage_pages, _truncate, _be_foreign, _be_older, _lose_table])
def test_a_useless_file_is_set_aside_with_one_note(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = tmp_path / "kept.sqlite"
    store, _ = _open(path)
    for number in range(200):
        store.keep(str(number), Kept("x" * 100))
    store.close()
    harm(path)
    harmed = path.read_bytes()
    store, notes = _open(path)
    for number in range(200):
        store.find(str(number))
        store.keep(str(number), Kept("new"))
    assert [store.find(str(number)) for number in range(200)] == [Kept("new")] * 200
    store.close()
    (aside,) = tmp_path.glob("*set-aside*.sqlite")
    assert aside.read_bytes() == harmed
    (note,) = notes
    assert note.startswith(f"{path}: the kept results cannot be used: the file is ")
    assert note.endswith(f"It is now {aside.name}.")


def test_a_changed_answer_is_not_given_out(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    store, notes = _open(path)
    store.keep("a", Kept("npu 82 of 88"))
    store.close()
    path.write_bytes(path.read_bytes().replace(b"82 of", b"81 of"))
    store, notes = _open(path)
    assert store.find("a") is None
    store.keep("a", Kept("npu 82 of 88"))
    assert store.find("a") == Kept("npu 82 of 88")
    assert notes == []
    store.close()


def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (Path("/proc/npufit/kept.sqlite"), tmp_path / "file" / "kept.sqlite", tmp_path):
        store, notes = _open(path)
        for _ in range(3):
            store.keep("a", Kept("npu 82 of 88"))
            assert store.find("a") is None
        (note,) = notes
        assert note.startswith(f"{path}: results are not kept: ")
        store.close()


def test_the_oldest_are_removed(tmp_path: Path) -> None:
    store, _ = _open(tmp_path / "kept.sqlite", limit_bytes=10_000)
    for number in range(300):
        store.keep(str(number), Kept("x" * 100))
    there = [number for number in range(300) if store.find(str(number))]
    assert there == list(range(300 - len(there), 300))
    assert 80 <= len(there) <= 100
    store.close()


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    script = f"""
import sys
from pathlib import Path
from npufit.jobs import Store
from npufit.jobs.store import Kept
store = Store(Path({str(path)!r}), print)
for number in range(500):
    key = f"{{sys.argv[1]}} {{number}}"
    store.keep(key, Kept(key))
    store.keep("both", Kept(key))
    assert store.find(key) == Kept(key) and store.find("both")
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", script, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name in "abc"
    ]
    assert [writer.communicate()[0] for writer in writers] == [b""] * 3
    store, notes = _open(path)
    assert all(store.find(f"{name} {number}") for name in "abc" for number in range(500))
    assert notes == []
    store.close()
