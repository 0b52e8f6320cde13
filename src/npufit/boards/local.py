"""This machine as a board."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from npufit.boards.line import Unanswered, start_process
from npufit.child_process import Child
from npufit.errors import LostConnectionError, NpufitError, ToolError


class LocalLine:
    """Commands are children of this process, without a login shell.

    npufit's own Python comes first in PATH: it has LiteRT, also if its environment is not activated.
    """

    name = "local"
    opening_limit_s = 30.0

    def __init__(self) -> None:
        """Raise ToolError if this machine has no POSIX shell."""
        if shutil.which("sh") is None:
            raise ToolError("local: this machine has no POSIX shell `sh`. Measure on a board: --on ssh://HOST.")

    def start(self, words: Sequence[str], stdin: IO[bytes]) -> Child:
        """Start a command."""
        path = os.pathsep.join(filter(None, (str(Path(sys.executable).parent), os.environ.get("PATH"))))
        return start_process(words, stdin, environment={"PATH": path}, hears_interrupts=False)

    def explain(self, unanswered: Unanswered) -> NpufitError:
        """Return why there was no answer."""
        if unanswered.code is None:
            return LostConnectionError("local: a command did not end within its time limit, nor could it be ended.")
        return ToolError(f"local: the shell of a command ended with exit code {unanswered.code} before its answer.")

    def close(self) -> None:
        """Nothing is open."""
