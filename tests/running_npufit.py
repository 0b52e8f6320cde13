"""The command line of npufit as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping


def npufit_command(*arguments: str) -> list[str]:
    """Return the command that runs npufit with `arguments`."""
    return [sys.executable, "-m", "npufit", *arguments]


def run_npufit(
    *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Return how npufit ended, with what it printed."""
    return subprocess.run(
        npufit_command(*arguments), input=stdin, env=environment, capture_output=True, check=False, timeout=60
    )
