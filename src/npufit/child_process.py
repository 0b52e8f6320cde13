"""Programs in their own processes, under limits of time and output: the parent's side.

npufit's own scripts limit their memory themselves, because they import nothing from npufit.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from npufit.errors import ToolEnd

_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
"""One thread per core would reserve gigabytes of address space on large machines."""

OTHER_PYTHON = ("PYTHONHOME", "PYTHONPATH")
"""Environment variables that are meant for one Python and would mislead another."""

_CHUNK_BYTES = 1 << 16
_DRAIN_S = 5.0
_MOST_BYTES = 64 << 20
_SHELL_SIGNAL = 128
_SIGNALS = {member.value: member.name for member in signal.Signals}

Child = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code, None if its time was over, and its output."""

    code: int | None
    output: bytes
    errors: bytes


def python_script(script: Path, *arguments: str) -> list[str]:
    """Return the command that runs `script` in the Python of npufit."""
    return [sys.executable, "-P", str(script), *arguments]


def start_child(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    left_out: Sequence[str] = (),
    pass_fds: Sequence[int] = (),
) -> Child:
    """Return a process that runs `command` and leads its own group; the caller must end it.

    `left_out` names environment variables that it does not get, `pass_fds` open files that it gets. Raises OSError or
    ValueError if it cannot be started.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**inherited, **_ENVIRONMENT},
        pass_fds=pass_fds,
        start_new_session=True,
    )


def run_child(
    command: Sequence[str],
    time_limit_s: float,
    *,
    given: bytes = b"",
    folder: Path | None = None,
    merged: bool = False,
    most_bytes: int = _MOST_BYTES,
    left_out: Sequence[str] = (),
    memory_bytes: int | None = None,
) -> Ended:
    """Return how `command` ended after reading `given` on standard input; nothing that it started is left behind.

    The middle of output beyond `most_bytes` is left out. `merged` puts standard error into the output, in order.
    `memory_bytes` limits its address space, on Linux. Raises OSError or ValueError if it cannot be started.
    """
    stdin = subprocess.PIPE if given else subprocess.DEVNULL
    stderr = subprocess.STDOUT if merged else subprocess.PIPE
    with start_child(command, folder=folder, stdin=stdin, stderr=stderr, left_out=left_out) as child:
        if memory_bytes is not None:
            _limit_memory(child, memory_bytes)
        readers = [_Reader(stream, most_bytes) for stream in (child.stdout, child.stderr) if stream is not None]
        try:
            with deadline(child, time_limit_s) as expired:
                if child.stdin is not None:
                    with suppress(OSError):  # it ended before it read everything; its exit code tells
                        child.stdin.write(given)
                        child.stdin.close()
                code = child.wait()
        finally:
            kill_child(child)
            printed = [reader.printed() for reader in readers]
    return Ended(None if expired.is_set() else code, printed[0], b"" if merged else printed[1])


def _limit_memory(child: Child, memory_bytes: int) -> None:
    """Limit the address space of `child` and of what it starts; it writes no core file when it dies."""
    if sys.platform != "linux":
        return
    import resource

    for kind, limit in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):  # it has ended, or has a stricter limit
            resource.prlimit(child.pid, kind, (limit, limit))


def wait_child(child: Child, time_limit_s: float) -> int | None:
    """Return the exit code of `child`, None if the limit ended it; in any case it is gone then."""
    # A timer, because `wait` with a limit polls, which costs up to 50 ms.
    with deadline(child, time_limit_s) as expired:
        try:
            code = child.wait()
        finally:
            end_child(child)
    return None if expired.is_set() else code


@contextmanager
def deadline(
    child: Child, time_limit_s: float, stop: Callable[[Child], None] | None = None
) -> Generator[threading.Event]:
    """Kill `child`, or `stop` it, if the body takes longer than the limit; the event says that it did."""
    with expiring(time_limit_s, lambda: (stop or kill_child)(child)) as expired:
        yield expired


@contextmanager
def expiring(time_limit_s: float, stop: Callable[[], None]) -> Generator[threading.Event]:
    """Call `stop`, in another thread, if the body takes longer than the limit; the event says that it did."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        stop()

    timer = threading.Timer(min(time_limit_s, threading.TIMEOUT_MAX), expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def end_child(child: Child) -> None:
    """Kill `child` unless it has ended, and wait for its end."""
    if child.poll() is None:
        kill_child(child)
    child.wait()


def kill_child(child: Child) -> None:
    """Kill `child` and everything that it started in its group."""
    if sys.platform == "win32":
        child.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def stop_child(child: Child, grace_s: float) -> None:
    """Ask `child` to end, so that it can end what it has started; after `grace_s` kill both. It is gone then."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(grace_s)
        except subprocess.TimeoutExpired:
            for process in _descendants(child.pid):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
    kill_child(child)
    child.wait()


def _descendants(process: int) -> list[int]:
    """Return the processes that `process` and its children have started, as far as the system tells."""
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for word in path.read_text().split():
                found += [int(word), *_descendants(int(word))]
    return found


def end_words(code: int) -> str:
    """Return an exit code in words: `signal SIGSEGV`, or `exit code 3`."""
    return f"exit code {code}" if code >= 0 else f"signal {_SIGNALS.get(-code, -code)}"


def identify_command(command: Sequence[str]) -> tuple[str, ...]:
    """Return the words of `command`, each file among them with the digest of its content."""
    return tuple(map(_identified, command))


def _identified(word: str) -> str:
    path = Path(shutil.which(word) or word)
    try:
        with path.open("rb") as file:
            return f"{word} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (OSError, ValueError):
        return word


def tool_end(code: int | None) -> ToolEnd:
    """Return how a tool ended that failed with this exit code, None if its time was over.

    A shell that reports the signal of its child as 128 + its number counts as if it had died itself.
    """
    if code is None:
        return ToolEnd.TIMEOUT
    return ToolEnd.CRASH if code < 0 or code - _SHELL_SIGNAL in _SIGNALS else ToolEnd.ERROR


class _Reader:
    """The first two thirds and the last third of a stream that is kept; reading continues, so nothing blocks."""

    def __init__(self, stream: IO[bytes], most_bytes: int) -> None:
        self._stream = stream
        self._head, self._tail = bytearray(), bytearray()
        self._tail_bytes = most_bytes // 3
        self._head_bytes = most_bytes - self._tail_bytes
        self._left_out = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def printed(self) -> bytes:
        """Return what was kept, once the stream has ended."""
        self._thread.join(_DRAIN_S)
        middle = f"\n[{self._left_out} bytes left out]\n".encode() if self._left_out else b""
        return bytes(self._head + middle + self._tail)

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while chunk := os.read(self._stream.fileno(), _CHUNK_BYTES):
                room = self._head_bytes - len(self._head)
                self._head += chunk[:room]
                self._tail += chunk[room:]
                excess = len(self._tail) - self._tail_bytes
                if excess > 0:
                    del self._tail[:excess]
                    self._left_out += excess
