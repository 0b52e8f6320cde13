"""A board behind SSH: the system's OpenSSH in processes, with one master connection.

The user's configuration, agent, jump hosts and known hosts count. NPUFIT_SSH_COMMAND is the program with its options,
as git's GIT_SSH_COMMAND is. Windows' OpenSSH has no master connections: there each command connects anew.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from npufit.boards.address import SshAddress
from npufit.boards.line import Unanswered, start_process
from npufit.boards.ssh_words import Route, connection_error, lost_connection
from npufit.child_process import Child
from npufit.errors import InputError, NpufitError, ToolError
from npufit.formatting import shorten

COMMAND_VARIABLE = "NPUFIT_SSH_COMMAND"
_HAS_MASTERS = sys.platform != "win32"
_MASTER_IDLE_S = 300
_ALIVE_S, _ALIVE_COUNT = 15, 3
_ASKING_S = 10.0
_ANSWER_S, _TYPING_S = 30.0, 300.0
_LONGEST_FOLDER = 60
_OPTIONS = {
    "LogLevel": "INFO",
    "ServerAliveInterval": str(_ALIVE_S),
    "ServerAliveCountMax": str(_ALIVE_COUNT),
    # What users set for their own sessions would disturb these.
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "RequestTTY": "no",
}


class SshLine:
    """Commands are sessions of one connection, which the first command opens."""

    def __init__(self, name: str, address: SshAddress, connect_timeout_s: float) -> None:
        """Raise ToolError if there is no ssh; nothing is connected yet."""
        self.name = name
        self._address = address
        self._ssh = _ssh_command()
        self._is_connected = False
        self._is_asking = _has_terminal() or "SSH_ASKPASS" in os.environ
        self.opening_limit_s = connect_timeout_s + (_TYPING_S if self._is_asking else _ANSWER_S)
        self._options = [f"ConnectTimeout={max(1, round(connect_timeout_s))}"]
        self._options += [f"{option}={value}" for option, value in _OPTIONS.items()]
        self._folder: Path | None = None
        if _HAS_MASTERS:
            self._folder = Path(tempfile.mkdtemp(prefix="npufit-", dir=_short_folder()))
            self._options += [f"ControlPath={self._folder / 'm'}", f"ControlPersist={_MASTER_IDLE_S}"]

    def start(self, words: Sequence[str], stdin: IO[bytes]) -> Child:
        """Start a command on the board; the first one may ask the user for a password."""
        may_ask = self._is_asking and (not self._is_connected or not _HAS_MASTERS)
        options = self._options if may_ask else [*self._options, "BatchMode=yes"]
        if _HAS_MASTERS:
            options = [*options, f"ControlMaster={'no' if self._is_connected else 'yes'}"]
        command = [*self._ssh, *_as_arguments(options), *self._address.arguments, *words]
        # Only in our own session is there a terminal to ask on. Its messages are recognised in English.
        child = start_process(command, stdin, environment={"LC_ALL": "C"}, hears_interrupts=may_ask)
        self._is_connected = True
        return child

    def explain(self, unanswered: Unanswered) -> NpufitError:
        """Return why there was no answer: the errors of ssh in words."""
        if unanswered.is_opening:
            return connection_error(self._route(), unanswered)
        if unanswered.code == 255 and self._master_lives():
            return ToolError(f"{self.name}: the board ended a command's shell. It may be out of memory.")
        self._control("exit")  # a master whose line is dead would hold up the next command; that one connects anew
        return lost_connection(self.name, unanswered)

    def close(self) -> None:
        """End the master connection."""
        if self._folder is None:
            return
        self._control("exit")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _master_lives(self) -> bool:
        return self._control("check") == 0

    def _control(self, verb: str) -> int | None:
        command = [*self._ssh, *_as_arguments(self._options), "-O", verb, *self._address.arguments]
        return _ended(command)[0]

    def _route(self) -> Route:
        _, printed = _ended([*self._ssh, "-G", *self._address.arguments])
        return Route.read(self.name, self._address.host, printed)


def _ssh_command() -> list[str]:
    given = os.environ.get(COMMAND_VARIABLE, "")
    try:
        command = shlex.split(given) or ["ssh"]
    except ValueError as error:
        raise InputError(f"{COMMAND_VARIABLE}={shorten(given)}: {error}. Give it as in a shell.") from None
    if shutil.which(command[0]) is None:
        raise ToolError(
            f"ssh is missing on this machine: no program {shorten(command[0])}. Install OpenSSH's client "
            "(Debian: apt install openssh-client)."
        )
    return command


def _as_arguments(options: Sequence[str]) -> list[str]:
    return ["-T", *(word for option in options for word in ("-o", option))]


def _ended(command: Sequence[str]) -> tuple[int | None, str]:
    """Return how a question to ssh itself ended, which needs no network."""
    with suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=_ASKING_S)
        return ended.returncode, ended.stdout.decode("utf-8", "replace")
    return None, ""


def _has_terminal() -> bool:
    """Return whether ssh could ask the user."""
    if not _HAS_MASTERS:
        return sys.stdin is not None and sys.stdin.isatty()
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _short_folder() -> str | None:
    """Return where to make the socket's folder: sockets' paths have at most about 100 bytes."""
    usual = tempfile.gettempdir()
    return "/tmp" if len(usual) > _LONGEST_FOLDER and os.access("/tmp", os.W_OK) else usual
