"""What jobs do in the tests: functions that workers can import."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from npufit.errors import InputError, ToolError
from npufit.jobs import Blob

_CALLS: list[int] = []


def square(number: int) -> str:
    return json.dumps(number * number)


def describe_worker(*blobs: Blob) -> str:
    """Return facts about the worker, and how many calls it has had."""
    _CALLS.append(1)
    facts = {
        "process": os.getpid(),
        "calls": len(_CALLS),
        "threads": os.environ["OPENBLAS_NUM_THREADS"],
        "nice": os.nice(0),
        "bytes": [len(blob.data) for blob in blobs],
        "blobs": [id(blob) for blob in blobs],
    }
    return json.dumps(facts)


def crash() -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


def leave() -> str:
    os._exit(7)


def hang(_: int = 0) -> str:
    while True:
        time.sleep(60)


def hang_with_child(note: Path, *, deaf: bool = False) -> str:
    """Start a process in a session of its own, as compilers are, write down both processes, and never end."""
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    from npufit.child_process import run_child

    pid = f"{os.getpid()} "
    script = f"import os; open({str(note)!r}, 'w').write({pid!r} + str(os.getpid()))\nwhile True: os.sched_yield()"
    run_child([sys.executable, "-c", script], 1000.0)
    return ""


def wait_for(path: Path) -> str:
    while not path.exists():
        time.sleep(0.01)
    return json.dumps(path.name)


def touch_and_wait(path: Path, other: Path) -> str:
    path.touch()
    return wait_for(other)


def refuse() -> str:
    raise InputError("no such layer")


def lack() -> str:
    raise ToolError("no compiler")


def fail() -> str:
    return str(1 // 0)


def answer_with_a_number() -> str:
    return 3  # pyright: ignore[reportReturnType]


def say_a_lot() -> str:
    print("x" * 1_000_000)  # noqa: T201
    subprocess.run([sys.executable, "-c", "print('y' * 1000)"], check=True)
    return json.dumps("said")


def kill_parent() -> str:
    """Kill the Dask worker that has started this worker process."""
    os.kill(os.getppid(), signal.SIGKILL)
    return hang()
