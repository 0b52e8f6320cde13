"""A connection to this machine through any shell, without a session: for tests of what runs on a board."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from npufit.boards import Completed
from npufit.boards.connection import MOST_OUTPUT_BYTES


class ShellConnection:
    """Scripts run in `interpreter`, in `workplace`; `environment` is added to that of this process."""

    name = "board"

    def __init__(
        self, workplace: Path, interpreter: tuple[str, ...] = ("sh",), environment: Mapping[str, str] | None = None
    ) -> None:
        """Use an existing folder as the session's."""
        self.folder = str(workplace)
        self.ends: list[str] = []
        self.interpreter = interpreter
        self.environment = {**os.environ, **(environment or {})}

    def give_up_root(self) -> None:
        """Run scripts as a user without rights if the tests run as root; skip the test where that is impossible."""
        if os.getuid() != 0:
            return
        if shutil.which("setpriv") is None:
            pytest.skip("root's rights cannot be given up: setpriv is not installed")
        self.interpreter = ("setpriv", "--reuid=64998", "--regid=64998", "--clear-groups", *self.interpreter)
        folder = Path(self.folder)
        for path in (folder, *folder.parents[:-2]):
            path.chmod(path.stat().st_mode | 0o055)

    def shell(self, script: str, *, time_limit_s: float = 30.0, most_bytes: int = MOST_OUTPUT_BYTES) -> Completed:
        """Run `script` with `sh -s`."""
        done = subprocess.run(
            [*self.interpreter, "-s"],
            input=script.encode(),
            capture_output=True,
            cwd=self.folder,
            env=self.environment,
            timeout=time_limit_s,
            check=False,
        )
        is_cut = len(done.stdout) > most_bytes
        return Completed(done.returncode, done.stdout[:most_bytes], done.stderr, is_cut)

    def put(self, content: bytes | Path, name: str, *, is_executable: bool = False) -> str:
        """Write a file of the session."""
        path = Path(self.folder, name)
        path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        path.chmod(0o755 if is_executable else 0o644)
        return str(path)

    def get(self, path: str, most_bytes: int) -> bytes:
        """Return a file of this machine."""
        return Path(path).read_bytes()[:most_bytes]

    def at_end(self, script: str) -> None:
        """Keep what a session would run at its end."""
        self.ends.append(script)
