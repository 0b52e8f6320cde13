"""Finding a Python for a release: searched on PATH, and trusted only after it was run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from npufit.child_process import run_child
from npufit.errors import InputError, ToolError
from npufit.stacks.vela.releases import Minor

_TIME_LIMIT_S = 20.0
_ASK = "import sys; print('python', *sys.version_info[:2], sys.executable)"


@dataclass(frozen=True, slots=True)
class Python:
    """A Python that was run, and the version and path that it reported."""

    path: str
    minor: Minor


def find_python(wanted: Sequence[Minor], given: str | None = None) -> Python:
    """Return the first of the `wanted` Python releases that exists and runs, or `given`, a path, unchanged.

    Raises InputError if `given` is not a Python, ToolError if none of the wanted ones is found.
    """
    if given is not None:
        path = Path(given).expanduser()
        found = _run(str(path.absolute() if path.parts[1:] else path))
        if found is None:
            raise InputError(f"--python {given}: not a Python that can be run.")
        return found
    for minor in wanted:
        for candidate in _candidates(minor):
            found = _run(candidate)
            if found is not None and found.minor == minor:
                return found
    names = " or ".join(f"{major}.{minor}" for major, minor in wanted)
    raise ToolError(
        f"no Python {names} was found on PATH (each candidate was run). Install one, or name one with --python PATH."
    )


def _candidates(minor: Minor) -> Iterator[str]:
    """Yield candidates for that Python: itself, entries of PATH with its name, then those without a number."""
    if sys.version_info[:2] == minor:
        yield sys.executable
    names = (f"python{minor[0]}.{minor[1]}", f"python{minor[0]}", "python")
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    seen: set[Path] = set()
    for name in names:
        for folder in folders:
            path = folder / name
            if path.is_file() and os.access(path, os.X_OK) and path not in seen:
                seen.add(path)
                yield str(path)
    for folder in folders:
        yield from _behind_shims(folder, minor)


def _behind_shims(folder: Path, minor: Minor) -> Iterator[str]:
    """Yield pyenv's own Pythons; its shims run only those that the user has selected."""
    if folder.name != "shims":
        return
    for path in sorted(folder.parent.glob(f"versions/{minor[0]}.{minor[1]}.*/bin/python"), reverse=True):
        yield str(path)


def _run(path: str) -> Python | None:
    """Return what `path` reports about itself; None if it does not run or is not a Python."""
    try:
        done = run_child([path, "-I", "-c", _ASK], _TIME_LIMIT_S)
    except (OSError, ValueError):
        return None
    words = done.output.decode("utf-8", "replace").strip().split(" ", 3)
    if done.code != 0 or len(words) != 4 or words[0] != "python" or not words[1].isdigit():
        return None
    # Resolve a shim to the real Python, which must not depend on the current folder.
    return Python(words[3], (int(words[1]), int(words[2]))) if words[2].isdigit() else None
