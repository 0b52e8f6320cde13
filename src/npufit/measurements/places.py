"""Where measurements lie. This is all that is imported where there are none, so it knows nothing of their content."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from npufit.formatting import printable

VARIABLE = "NPUFIT_MEASUREMENTS"
FORM_KEY = "npufit_measurement"
NAME_DIGITS = 16
NAME = re.compile(rf"[0-9a-f]{{{NAME_DIGITS}}}-([0-9a-f]{{{NAME_DIGITS}}})\.json")
"""The first digits of the SHA-256 of the model, and of the content."""

_HEAD_BYTES = 4096
_MOST_FILES = 5000
_DEEPEST = 4


def default_folder() -> Path:
    """Return the folder of the user's measurements: NPUFIT_MEASUREMENTS, else in the user's data. It need not exist."""
    own = os.environ.get(VARIABLE)
    if own:
        return Path(own)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path("~/AppData/Local").expanduser()) / "npufit" / "measurements"
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/npufit/measurements").expanduser()
    base = os.environ.get("XDG_DATA_HOME")
    # The specification of XDG says that relative paths are to be ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path("~/.local/share").expanduser()
    return root / "npufit" / "measurements"


def files_in(place: Path) -> tuple[list[Path], str]:
    """Return the files that are named like measurements in and below the folder `place`, or `place` if it is a file.

    The text says that there were too many, and is empty otherwise. A place that is not there has none.
    """
    if place.is_file():
        return [place], ""
    found = list(islice(_walk(place), _MOST_FILES + 1))
    if len(found) <= _MOST_FILES:
        return found, ""
    return found[:-1], f"{printable(str(place))}: more than {_MOST_FILES} measurements. The others were not read."


def _walk(folder: Path) -> Iterator[Path]:
    root = len(folder.parts)
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(folders) if len(here.parts) - root < _DEEPEST else []
        named = (here / name for name in sorted(names) if NAME.fullmatch(name))
        yield from (path for path in named if path.is_file())  # a pipe would block


def is_measurement_file(path: Path) -> bool:
    """Return whether the file at `path` seems to be a measurement, by its beginning; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            return f'"{FORM_KEY}"'.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False
