"""The C sources of a bundle, built by this machine's compilers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import npufit

BOARD = Path(npufit.__file__).parent / "deploying" / "board"
LIBRARY = BOARD / "ethosu_direct.c"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def require_compiler(name: str) -> str:
    """Return the compiler `name`; skip the test without it, except for gcc in CI."""
    found = shutil.which(name)
    if not sys.platform.startswith("linux"):
        pytest.skip("the library is Linux's")
    if found is None and not (name == "gcc" and "CI" in os.environ):
        pytest.skip(f"no {name} on this machine")
    return found or name


def compile_c(output: Path, *arguments: str | Path, compiler: str = "gcc") -> Path:
    """Return `output`, built without a warning."""
    require_silence([require_compiler(compiler), *STRICT, "-I", BOARD, "-o", output, *arguments])
    return output


def require_silence(command: list[str | Path]) -> None:
    """Run a build command. Raises AssertionError if it fails or says anything on standard error."""
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")


def make_board(folder: Path, *targets: str) -> Path:
    """Return `folder` with a copy of the sources, built there by their Makefile as a user would."""
    compiler = require_compiler("gcc")
    shutil.copytree(BOARD, folder)
    require_silence(["make", "-C", folder, f"CC={compiler}", f"CFLAGS=-O2 {' '.join(STRICT)}", *targets])
    return folder


def build_sanitized(folder: Path, *programs: Path) -> Path:
    """Return `folder` with each of `programs` and the library in it, built to stop at the first misuse of memory."""
    library = compile_c(folder / "ethosu_direct.o", *SANITIZERS, "-c", LIBRARY)
    for program in programs:
        compile_c(folder / program.stem, *SANITIZERS, program, library)
    return folder
