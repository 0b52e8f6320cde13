"""Processes that serve on loopback: programs that may be missing, free ports, and what a server has started."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest

from npufit.child_process import Child, end_child, start_child

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_START_S = 20.0
_ATTEMPTS = 5
_MOST_WAIT_S = 60.0


def require_programs(*names: str) -> dict[str, str]:
    """Return where the programs are; skip the test if one is missing, or if this user has no account."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip("this user has no account, without which no SSH works")
    found = {name: shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}") for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return {name: path for name, path in found.items() if path is not None}


@contextlib.contextmanager
def serving(command: Sequence[str], log: Path, *, folder: Path | None = None) -> Generator[tuple[Child, int]]:
    """Run a server in `folder`, whose `command` has PORT in place of its port; yield it and the port."""
    for _ in range(_ATTEMPTS):
        port = free_port()
        words = [word.replace("PORT", str(port)) for word in command]
        with log.open("wb") as file:
            server = start_child(words, folder=folder, stdout=file, stderr=file)
        try:
            if listens(server, port):
                yield server, port
                return
        finally:
            end_child(server)
    pytest.fail(f"a server did not start: {log.read_text(errors='replace')[-2000:]}")


def listens(server: Child, port: int) -> bool:
    """Wait until `server` listens on `port`; return False if it has ended, as when somebody else took the port."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return server.poll() is None
        time.sleep(0.02)
    return False


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(process: int) -> list[int]:
    """Return the processes that `process` and its children have started, parents first."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [one for child in map(int, text.split()) for one in (child, *descendants(child))]
    return []


def process_name(process: int) -> str:
    """Return the name of a process; empty if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def end_processes_with(variable: str) -> None:
    """End the processes that have `NAME=value` in their environment: watchdogs of boards that were switched off."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if variable.encode() in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), 9)


def is_running(beginning: str) -> bool:
    """Return whether a process is alive whose command line begins so."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().replace(b"\0", b" ").startswith(beginning.encode()):
                return True
    return False


def await_true(is_true: Callable[[], bool]) -> None:
    """Wait until something is so; fail if it never is."""
    deadline = time.monotonic() + _MOST_WAIT_S
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
