"""This machine as a board."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import IO

from npufit.boards.line import Unanswered
from npufit.child_process import Child, start_child
from npufit.errors import LostConnectionError, NpufitError, ToolError


class LocalLine:
    """Commands are children of this process, without a login shell."""

    name = "local"
    opening_limit_s = 30.0

    def __init__(self) -> None:
        """Raise ToolError if this machine has no POSIX shell."""
        if shutil.which("sh") is None:
            raise ToolError("local: this machine has no POSIX shell `sh`. Measure on a board: --on ssh://HOST.")

    def start(self, words: Sequence[str], stdin: int | IO[bytes]) -> Child:
        """Start a command."""
        return start_child(words, stdin=stdin)

    def explain(self, unanswered: Unanswered) -> NpufitError:
        """Return why there was no answer."""
        if unanswered.code is None:
            return LostConnectionError("local: a command did not end within its time limit, nor could it be ended.")
        return ToolError(f"local: the shell of a command ended with exit code {unanswered.code} before its answer.")

    def close(self) -> None:
        """Nothing is open."""
