"""The catalogue of chips: those that come with npufit, and those in the folder that a user names.

A chip file has its chip's name, `imx93.toml`. The files of users are untrusted: their number and size are bounded,
and what is wrong with one is an error about that file.
"""

from __future__ import annotations

import difflib
import functools
import json
import os
import re
from pathlib import Path
from typing import Any

from npufit.chips.chip import Chip
from npufit.chips.reader import make_chip, parse_chip, parse_table
from npufit.errors import InputError
from npufit.files import read_bounded
from npufit.formatting import printable, shorten

VARIABLE = "NPUFIT_CHIPS"
"""The environment variable that names a folder of chip files."""

_FOLDER = Path(__file__).parent
_PACKAGED = _FOLDER / "packaged.json"
_SUFFIX = ".toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_MOST_FILES = 64
_MOST_BYTES = 64_000


def chip_names() -> tuple[str, ...]:
    """Return the names of all chips: those of npufit, then those of the user's folder, each sorted.

    Raises InputError if that folder cannot be read or a file in it has a name that no chip can have.
    """
    return (*_packaged(), *_user_files())


def chips_of(stack: str) -> tuple[str, ...]:
    """Return the names of the chips that run `stack`, in the order of `chip_names`. Raises the same errors."""
    of_npufit = (name for name, table in _packaged().items() if stack in table.get("stacks", {}))
    return (*of_npufit, *(name for name in _user_files() if stack in load_chip(name).stacks))


def is_packaged(name: str) -> bool:
    """Return whether the chip called `name` comes with npufit."""
    return name in _packaged()


def load_chip(name: str) -> Chip:
    """Return the chip called `name`.

    Raises InputError with the nearest name if no chip has this name, and with every mistake of its file if it is wrong.
    """
    if is_packaged(name):
        return _packaged_chip(name)
    files = _user_files()
    if name not in files:
        nearest = difflib.get_close_matches(name.lower(), chip_names(), 1)
        hint = f"Did you mean '{nearest[0]}'? " if nearest else ""
        raise InputError(f"Unknown chip '{shorten(name)}'. {hint}Known chips: {', '.join(chip_names())}.")
    return _read_chip(files[name])


def packaged_document() -> str:
    """Return what `packaged.json` has to hold: the chip files of npufit, as data."""
    files = sorted(_FOLDER.glob(f"*{_SUFFIX}"))
    tables = {file.stem: parse_table(file.stem, file.read_text("utf-8")) for file in files}
    return json.dumps(tables, indent=1, ensure_ascii=False) + "\n"


@functools.cache
def _packaged() -> dict[str, dict[str, Any]]:
    return json.loads(_PACKAGED.read_text("utf-8"))


@functools.cache
def _packaged_chip(name: str) -> Chip:
    return make_chip(name, _packaged()[name])


def _user_files() -> dict[str, Path]:
    """Return the chip files of the user's folder, by the name of the chip."""
    named = os.environ.get(VARIABLE)
    return _files_of(named) if named else {}


@functools.cache
def _files_of(named: str) -> dict[str, Path]:
    folder = Path(named).expanduser()
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == _SUFFIX)
    except OSError as error:
        raise InputError(
            f"{VARIABLE}: {printable(named)} cannot be read: {error.strerror}. Name a folder of chip files."
        ) from None
    if len(files) > _MOST_FILES:
        raise InputError(f"{VARIABLE}: {printable(named)} has {len(files)} chip files; at most {_MOST_FILES} are read.")
    for file in files:
        if _NAME.fullmatch(file.stem) is None:
            raise InputError(
                f"{printable(str(file))}: not a name for a chip. Use lower-case letters, digits, '.', '_' and '-', at "
                "most 40 of them, and a letter or digit first."
            )
        if is_packaged(file.stem):
            raise InputError(f"{printable(str(file))}: npufit has a chip of this name. Give yours another one.")
    return {file.stem: file for file in files}


@functools.cache
def _read_chip(file: Path) -> Chip:
    data = read_bounded(file, _MOST_BYTES, "No chip needs so much.", what="the chip file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{printable(str(file))}: the chip file is not UTF-8 text.") from None
    return parse_chip(file.stem, text)
