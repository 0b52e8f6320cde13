"""Starts a program under the filter, with a device behind its node."""

from __future__ import annotations

import errno
import os
import platform
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from npufit.errors import ToolError
from npufit.formatting import printable
from npufit.vdevice.device import Device
from npufit.vdevice.notify.filter import CONVENTIONS, Convention, notification_filter
from npufit.vdevice.notify.kernel_calls import Listener
from npufit.vdevice.notify.supervisor import Supervisor
from npufit.vdevice.process_memory import ProcessMemory

_OLDEST_KERNEL = (5, 14)
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


class ProgramNotStartedError(ToolError):
    """The program itself cannot be executed; `is_missing` if there is none of that name."""

    def __init__(self, program: str, reason: int) -> None:
        """Say which, and why by its errno."""
        super().__init__(f"{printable(program)}: cannot be executed: {os.strerror(reason)}.")
        self.is_missing = reason == errno.ENOENT


class HostedProgram:
    """A program that runs with a virtual device; its standard streams, terminal and signals are its own."""

    def __init__(self, process: subprocess.Popen[bytes], supervisor: Supervisor) -> None:
        """Take over a started program."""
        self._process = process
        self._supervisor = supervisor

    @property
    def pid(self) -> int:
        """The program's first process."""
        return self._process.pid

    @property
    def opened(self) -> int:
        """How often the device was opened."""
        return self._supervisor.files.opened

    def wait(self) -> int:
        """Return how the first process ended: its exit code, or -N for signal N."""
        return self._process.wait()

    def wait_for_rest(self) -> None:
        """Wait for processes that the first one left running: without this side they could not open a file."""
        self._supervisor.ended.wait()

    def send_signal(self, number: int) -> None:
        """Send a signal to the first process."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the processes that use the device, and the first one."""
        for process in self._supervisor.files.holders():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        self._process.kill()

    def close(self) -> None:
        """Kill what is left of the program and release the device's memory."""
        if self._process.poll() is None:
            self.kill()
            self._process.wait()
        self._supervisor.close()


def launch(command: Sequence[str], device: Device, environment: Mapping[str, str] | None = None) -> HostedProgram:
    """Return `command`, started with `device` at its node. The caller closes it.

    Raises ToolError if the program cannot be executed, or this machine does not let a process answer another's calls.
    """
    convention = _convention()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = _start(command, convention, theirs, environment)
        try:
            listener = Listener(_receive_listener(ours, command[0]))
            supervisor = Supervisor(listener, convention, device)
            _require_memory(process.pid)
            supervisor.start()
            ours.sendall(b"!")
            _receive_failure(ours, command[0])
        except BaseException:
            process.kill()
            process.wait()
            raise
    return HostedProgram(process, supervisor)


def _convention() -> Convention:
    """Return how 64-bit programs call the kernel of this machine. Raises ToolError if it cannot host programs."""
    system, machine, release = platform.system(), platform.machine(), platform.release()
    if system != "Linux" or machine not in CONVENTIONS:
        raise ToolError(
            f"A program can use a virtual NPU on Linux on {' and '.join(CONVENTIONS)}; this is {system} on {machine}."
        )
    version = re.match(r"(\d+)\.(\d+)", release)
    if version and (int(version[1]), int(version[2])) < _OLDEST_KERNEL:
        raise ToolError(f"A program can use a virtual NPU from Linux 5.14 on; this is Linux {release}.")
    return CONVENTIONS[machine]


def _start(
    command: Sequence[str], convention: Convention, channel: socket.socket, environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("_launch_child.py")
    arguments = [str(channel.fileno()), str(convention.seccomp), notification_filter(convention).hex()]
    # Isolated (-I) and without site (-S): the environment is the program's.
    launcher = [sys.executable, "-I", "-S", str(script), *arguments]
    return subprocess.Popen([*launcher, *command], env=environment, pass_fds=[channel.fileno()])


def _receive_listener(channel: socket.socket, program: str) -> int:
    data, descriptors, _flags, _address = socket.recv_fds(channel, 5, 1)
    if descriptors:
        return descriptors[0]
    _raise_failure(data, program)
    raise ToolError("the launcher of the program ended without a message.")


def _receive_failure(channel: socket.socket, program: str) -> None:
    """Return when the program was executed, which closes the launcher's end. Raises ToolError if it was not."""
    _raise_failure(channel.recv(5), program)


def _raise_failure(data: bytes, program: str) -> None:
    if len(data) == 5:
        reason: int = struct.unpack("=i", data[1:])[0]
        raise ProgramNotStartedError(program, reason) if data[:1] == b"P" else _not_allowed(reason)


def _not_allowed(reason: int) -> ToolError:
    causes = {
        errno.EBUSY: "another supervisor already answers calls of this process; run npufit outside of it",
        errno.ENOSYS: "this kernel was built without seccomp, or a container hides it",
        errno.EINVAL: "this kernel does not support user notification",
        errno.EPERM: "a container or sandbox forbids it; allow seccomp(2) there",
        errno.EACCES: "a container or sandbox forbids it; allow seccomp(2) there",
    }
    cause = causes.get(reason, os.strerror(reason))
    return ToolError(f"the program's calls cannot be handed over (seccomp user notification): {cause}.")


def _require_memory(process: int) -> None:
    """Raise ToolError if the memory of the program cannot be read, where the arguments of its calls are."""
    try:
        ProcessMemory(process).close()
    except OSError as error:
        scope = _YAMA.read_text().strip() if _YAMA.exists() else "absent"
        raise ToolError(
            f"the memory of the program cannot be read: {error.strerror} (kernel.yama.ptrace_scope is {scope}). "
            "Set it to 0 or 1, or give the container the capability SYS_PTRACE."
        ) from None
