"""A session on a board: a folder of its own there, commands with time limits, files, and nothing left behind.

The same scripts (`board/`) serve all lines. A watchdog on the board ends the session if this side no longer speaks.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path
from shlex import quote
from tempfile import TemporaryFile
from typing import IO, Final

from npufit.boards.connection import MOST_OUTPUT_BYTES, Completed
from npufit.boards.line import Answer, Line, exchange
from npufit.errors import InputError, InternalError, LostConnectionError, NpufitError, ToolError
from npufit.formatting import printable, shorten, size

_SCRIPTS = Path(__file__).parent / "board"
_ANSWER_S = 20.0
_CLOSING_S = 60.0
_OPENING_BYTES = 1 << 16
_SLOWEST_BYTES_PER_S = 50_000
_NAME: Final = re.compile(r"(?!\.npufit(/|$))[A-Za-z0-9_.+][A-Za-z0-9_.+-]*(/[A-Za-z0-9_+][A-Za-z0-9_.+-]*)*")
_FOLDER: Final = re.compile(r"/[A-Za-z0-9/._+-]{1,250}")
_DIGEST = re.compile(rb"\b[0-9a-f]{64}\b")
FOLDER_VARIABLE = "NPUFIT_BOARD_FOLDER"


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a session outlives its last command (`margin_s`), and how often the watchdog looks."""

    margin_s: int = 120
    interval_s: int = 15


@contextmanager
def open_session(line: Line, lease: Lease | None = None) -> Generator[Session]:
    """Open a session over `line`, and end it. Raises ToolError if the board has no place for its folder."""
    session = Session(line, lease or Lease())
    try:
        session.open()
        yield session
    finally:
        session.close()


class Session:
    """A `Connection`. Commands run one at a time, also when several threads ask for them."""

    def __init__(self, line: Line, lease: Lease) -> None:
        """Prepare a session over `line`."""
        self.name = line.name
        self.folder = ""
        self._can_execute = True
        self._line = line
        self._lease = lease
        self._one_at_a_time = threading.Lock()
        self._is_over = threading.Event()
        self._ends = 0
        self._is_lost = False

    def open(self) -> None:
        """Make the folder and start the watchdog."""
        identity = secrets.token_hex(8)
        token = secrets.token_hex(16)
        script = _opening_script(identity, token, self._lease)
        limit = self._line.opening_limit_s
        with _as_file(script) as given:
            answer = exchange(
                self._line, ("sh", "-s"), token, given, time_limit_s=limit, most_bytes=_OPENING_BYTES, is_opening=True
            )
        folder, _, executable = answer.output.decode("ascii", "replace").strip().partition(" ")
        if answer.word != "0":
            raise _no_folder(self.name, answer.errors)
        if not _FOLDER.fullmatch(folder):
            raise ToolError(f"{self.name}: the board gave no usable folder: {shorten(folder)}.")
        self.folder = folder
        self._can_execute = executable == "yes"
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = MOST_OUTPUT_BYTES) -> Completed:
        """Run the POSIX `script` with `sh -s` in `folder`, without input; after the limit, what it started is ended."""
        # The braces make the shell read everything first, so that no program can read the script as its input.
        given = f"{{ :\n{script}\n}} </dev/null\n".encode("utf-8", "surrogateescape")
        answer = self._ask(("run", _seconds(time_limit_s)), given, time_limit_s=time_limit_s, most_bytes=most_bytes)
        errors = answer.errors
        if answer.word == "stuck":
            errors += b"\nA process cannot be ended: it waits in the kernel. The board may need a restart.\n"
        code = int(answer.word) if re.fullmatch("[0-9]{1,3}", answer.word) else None
        return Completed(code, answer.output, errors, answer.is_cut)

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        """Write a file called `name` (it may contain `/`) into `folder`, compare digests, and return its path there."""
        if not _NAME.fullmatch(name):
            raise InternalError(f"{shorten(name)}: not a name for a file on a board.")
        if is_executable and not self._can_execute:
            raise ToolError(
                f"{self.name}: programs cannot be executed in {self.folder} (mounted noexec), nor in any other folder "
                f"that this user may write. Name one on the board: {FOLDER_VARIABLE}=/path."
            )
        return self._send(content, name, "700" if is_executable else "600")

    def get(self, path: str, most_bytes: int) -> bytes:
        """Return the file at `path` on the board. Raises ToolError if it is missing or larger than `most_bytes`."""
        if "\0" in path:
            raise InternalError(f"{shorten(path)}: not a path.")
        limit = 60.0 + most_bytes / _SLOWEST_BYTES_PER_S
        word = quote(path if path.startswith("/") else f"./{path}")
        got = self.shell(f"[ -f {word} ] || exit 44\ncat {word}", time_limit_s=limit, most_bytes=most_bytes)
        if got.is_cut:
            raise ToolError(f"{self.name}: {shorten(path)} on the board is larger than {size(most_bytes)}.")
        if got.code == 44:
            raise ToolError(f"{self.name}: the board has no file {shorten(path)}, or this user may not see it.")
        if got.code != 0:
            raise ToolError(f"{self.name}: {shorten(path)} on the board cannot be read: {_last_line(got.errors)}.")
        return got.output

    def at_end(self, script: str) -> None:
        """Have the board run the POSIX `script` when the session ends, also after a lost line; the last one first."""
        self._ends += 1
        self._send(script.encode(), f".npufit/ends/{self._ends:03}", "600")

    def close(self) -> None:
        """End what still runs, put things back, remove the folder, and leave. A lost line is no error here."""
        self._is_over.set()
        try:
            if self.folder:
                with suppress(NpufitError):  # the watchdog does it
                    self._ask(("close",), time_limit_s=0.0 if self._is_lost else _CLOSING_S)
        finally:
            self._line.close()

    def _send(self, content: bytes | Path, name: str, mode: str) -> str:
        try:
            with _as_file(content) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                byte_count = file.tell()
                limit = 60.0 + byte_count / _SLOWEST_BYTES_PER_S
                answer = self._ask(("put", _seconds(limit), mode, name), file, time_limit_s=limit)
        except OSError as error:
            raise InputError(f"{printable(str(content))}: cannot be read: {error.strerror}.") from None
        path = f"{self.folder}/{name}"
        if answer.word != "0":
            raise ToolError(
                f"{self.name}: {name} ({size(byte_count)}) cannot be written to {self.folder}: "
                f"{_last_line(answer.errors)}. Free some space there, or name another folder of the board: "
                f"{FOLDER_VARIABLE}=/path."
            )
        found = _DIGEST.search(answer.output)
        arrived = found[0].decode() if found else hashlib.sha256(self.get(path, byte_count + 1)).hexdigest()
        if arrived != digest:
            raise ToolError(f"{self.name}: {name} arrived damaged in {self.folder}. Is the disk full? Try again.")
        return path

    def _ask(
        self,
        words: tuple[str, ...],
        given: bytes | IO[bytes] = b"",
        *,
        time_limit_s: float,
        most_bytes: int = MOST_OUTPUT_BYTES,
    ) -> Answer:
        token = secrets.token_hex(16)
        verb, *rest = words
        command = ("sh", f"{self.folder}/.npufit/session", verb, token, *rest)
        limit = time_limit_s + _ANSWER_S
        with self._one_at_a_time, _as_file(given) if isinstance(given, bytes) else nullcontext(given) as file:
            file.seek(0)
            try:
                return exchange(self._line, command, token, file, time_limit_s=limit, most_bytes=most_bytes)
            except LostConnectionError:
                self._is_lost = True
                raise

    def _keep_alive(self) -> None:
        """Renew the lease while no command does, as when a model is compiled here."""
        while not self._is_over.wait(self._lease.margin_s / 3):
            if not self._one_at_a_time.locked():
                with suppress(NpufitError):  # the next command says it better
                    self._ask(("renew",), time_limit_s=0.0)


def _opening_script(identity: str, token: str, lease: Lease) -> bytes:
    wanted = os.environ.get(FOLDER_VARIABLE, "")
    if wanted and not _FOLDER.fullmatch(wanted):
        raise InputError(
            f"{FOLDER_VARIABLE}={shorten(wanted)}: give the absolute path of a folder on the board, "
            "of letters, digits and ._+-/."
        )
    own = f"id={identity}\nmargin={lease.margin_s}\ninterval={lease.interval_s}\n"
    session = (_SCRIPTS / "session.sh").read_text("utf-8")
    opening = (_SCRIPTS / "open.sh").read_text("utf-8")
    ending = f"npufit-{token[:8]}"
    function = f"session() {{\ncat <<'{ending}'\n{own}{session}{ending}\n}}\n"
    return f"token={token}\nwanted={wanted}\n{own}{function}{opening}".encode()


@contextmanager
def _as_file(content: bytes | Path) -> Generator[BufferedReader | BufferedRandom]:
    """Yield `content` as a file: a process reads it without a thread that would have to write."""
    with content.open("rb") if isinstance(content, Path) else TemporaryFile() as file:
        if isinstance(content, bytes):
            file.write(content)
            file.seek(0)
        yield file


def _no_folder(board: str, errors: bytes) -> ToolError:
    return ToolError(
        f"{board}: the board has no folder that this user may write: {_last_line(errors)}. "
        f"Free some space in /tmp, or name a folder of the board: {FOLDER_VARIABLE}=/path."
    )


def _last_line(errors: bytes) -> str:
    lines = errors[-2000:].decode("utf-8", "replace").strip().splitlines()
    return shorten(lines[-1].strip().rstrip(".")) if lines else "it gave no reason"


def _seconds(limit: float) -> str:
    return str(max(1, math.ceil(limit)))
