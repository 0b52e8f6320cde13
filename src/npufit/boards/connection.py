"""What every way to a board offers: run a script, put files there, fetch them, and leave nothing behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MOST_OUTPUT_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Completed:
    """How a script on the board ended: its exit code, None if its time was over, and what it printed.

    A program that signal N ends has the code 128 + N, as in shells.
    `is_cut` says that it printed more than was asked for, and the rest was left there.
    """

    code: int | None
    output: bytes
    errors: bytes
    is_cut: bool = False


class Connection(Protocol):
    """A board that is reachable now. Methods raise LostConnectionError if it no longer is, ToolError if it refuses.

    `name` is what the user wrote, to be used in messages only: it never enters a result. `folder` is an absolute path
    on the board, without characters that a shell interprets: a temporary folder of this session, removed at its end.
    """

    @property
    def name(self) -> str:
        """The board in the user's words."""
        ...

    @property
    def folder(self) -> str:
        """The session's folder on the board."""
        ...

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = MOST_OUTPUT_BYTES) -> Completed:
        """Run the POSIX `script` with `sh -s` in `folder`, without input; after the limit, what it started is ended.

        What it leaves running in the background goes on until the session ends. Commands run one at a time.
        """
        ...

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        """Write a file called `name` (it may contain `/`) into `folder`, compare digests, and return its path there."""
        ...

    def get(self, path: str, most_bytes: int) -> bytes:
        """Return the file at `path` on the board. Raises ToolError if it is missing or larger than `most_bytes`."""
        ...

    def at_end(self, script: str) -> None:
        """Have the board run the POSIX `script` when the session ends, also after a lost line; the last one first.

        It has 20 seconds. It may run although what it undoes was undone already.
        """
        ...
