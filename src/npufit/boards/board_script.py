"""Scripts that run on a board: the files of `board/`, put together with their variables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "board"
_ROOT = "R=${NPUFIT_BOARD_ROOT-}"
"""The folder on the board that its files are read below: empty, unless its environment says otherwise."""


def board_script(*names: str, variables: Mapping[str, str | int | float], call: str) -> str:
    """Return the scripts `names` in one, with shell `variables` before them and the command `call` after them.

    What `call` runs has nothing to read: on a board, standard input is the script itself.
    """
    assigned = (f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
    return "\n".join((_ROOT, *assigned, *map(board_file, names), f"{call} </dev/null", ""))


@cache
def board_file(name: str) -> str:
    """Return the text of a file of `board/`."""
    return (_FOLDER / name).read_text("utf-8")
