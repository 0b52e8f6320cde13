"""C programs and libraries of tests, built by the machine's own compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def build_c(source: Path, output: Path, *options: str) -> Path:
    """Return `output`, built from the C file `source`; the test is skipped if this machine has no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    subprocess.run([compiler, "-O1", "-Wall", "-Werror", *options, "-o", output, source], check=True)
    return output


def build_library(source: Path, output: Path, *options: str) -> Path:
    """Return `output`, a shared library built from the C file `source`."""
    return build_c(source, output, "-shared", "-fPIC", *options)
