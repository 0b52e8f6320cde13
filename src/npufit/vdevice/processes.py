"""The process of a session: a Python of its own, or the fork of one that has imported LiteRT already."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from npufit.child_process import OTHER_PYTHON, Child, end_child, kill_child, start_child
from npufit.vdevice.client.channel import Channel

_CLIENT = Path(__file__).with_name("client")
_SMALL_BYTES = 0


class SessionProcess(Protocol):
    """A process in which a library runs."""

    @property
    def pid(self) -> int:
        """The process as the system knows it."""
        ...

    def kill(self) -> None:
        """Kill it and what it has started, from any thread."""
        ...

    def end(self) -> int:
        """Kill it unless it has ended; return its exit code, negative for a signal."""
        ...


class OwnProcess:
    """A Python that was started for one session."""

    def __init__(self, python: Sequence[str], control: int, calls: int, printed: IO[bytes], memory_bytes: int) -> None:
        """Start `python`, npufit's own if that is empty. Raises OSError or ValueError."""
        setup = {"control": control, "calls": calls, "memory_bytes": memory_bytes}
        self._child = _start(python, setup, (control, calls), printed)
        self.pid = self._child.pid

    def kill(self) -> None:
        """Kill it and what it has started."""
        kill_child(self._child)

    def end(self) -> int:
        """Kill it unless it has ended; return its exit code."""
        end_child(self._child)
        return self._child.returncode


class ForkedProcess:
    """A fork of a `WarmPython`."""

    def __init__(self, parent: WarmPython, pid: int) -> None:
        """Own the fork `pid` of `parent`."""
        self._parent, self.pid = parent, pid
        self._code: int | None = None

    def kill(self) -> None:
        """Kill it and what it has started."""
        if self._code is None:
            self._parent.tell({"do": "kill", "process": self.pid})

    def end(self) -> int:
        """Kill it unless it has ended; return its exit code."""
        if self._code is None:
            self._code = self._parent.end(self.pid)
        return self._code


class WarmPython:
    """A Python that has imported LiteRT, and forks. It ends with this process."""

    def __init__(self, python: Sequence[str], memory_bytes: int, time_limit_s: float) -> None:
        """Start `python`; `time_limit_s` is for each of its answers. Raises OSError or ValueError."""
        ours, theirs = socket.socketpair()
        ours.settimeout(min(time_limit_s, threading.TIMEOUT_MAX))
        try:
            setup = {"forks": theirs.fileno(), "memory_bytes": memory_bytes}
            self._child = _start(python, setup, (theirs.fileno(),), subprocess.DEVNULL)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.owner = os.getpid()
        self._channel = Channel(ours)
        self._lock = threading.Lock()
        self._finalize = weakref.finalize(self, _end, self._child, self._channel, self.owner)

    def fork(self, control: int, calls: int, printed: IO[bytes]) -> ForkedProcess:
        """Return a fork that serves a session. Raises OSError or EOFError if this Python is gone."""
        with self._lock:
            self._channel.send({"do": "fork"}, descriptors=(control, calls, printed.fileno()))
            return ForkedProcess(self, int(self._channel.receive(_SMALL_BYTES).head["process"]))

    def tell(self, head: dict[str, str | int]) -> None:
        """Send what needs no answer."""
        with self._lock, suppress(OSError):
            self._channel.send(head)

    def end(self, pid: int) -> int:
        """Kill a fork unless it has ended; return its exit code."""
        self.tell({"do": "kill", "process": pid})
        with self._lock:
            try:
                self._channel.send({"do": "wait", "process": pid})
                return int(self._channel.receive(_SMALL_BYTES).head["code"])
            except (OSError, EOFError, LookupError):
                return -9  # whoever knew it is gone, and its forks end with it


_WARM: dict[tuple[str, ...], WarmPython] = {}


def start_process(
    python: tuple[str, ...], control: int, calls: int, printed: IO[bytes], memory_bytes: int, time_limit_s: float
) -> SessionProcess:
    """Return a process for a session. A Python that is given is started once and forks, because it may be emulated.

    Raises OSError or ValueError if it cannot be started.
    """
    if python:
        warm = _WARM.get(python)
        if warm is None or warm.owner != os.getpid():
            warm = _WARM[python] = WarmPython(python, memory_bytes, time_limit_s)
        try:
            return warm.fork(control, calls, printed)
        except (OSError, EOFError, LookupError):  # a process of its own tells what is wrong
            _WARM.pop(python, None)
    return OwnProcess(python, control, calls, printed, memory_bytes)


def _start(python: Sequence[str], setup: dict[str, int], passed: Sequence[int], printed: int | IO[bytes]) -> Child:
    return start_child(
        [*(python or (sys.executable,)), str(_CLIENT), json.dumps(setup)],
        stdout=printed,
        stderr=printed,
        left_out=OTHER_PYTHON if python else (),
        pass_fds=passed,
    )


def _end(child: Child, channel: Channel, owner: int) -> None:
    if owner == os.getpid():
        channel.close()
        end_child(child)
