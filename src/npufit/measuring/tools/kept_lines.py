"""Lines of a tool's output that a result keeps: those that verdicts come from, with names instead of paths."""

from __future__ import annotations

import re
from collections.abc import Iterable

from npufit.formatting import shorten

_MARKS = re.compile(
    r"elegat|^count=|nference timings|footprint|XNNPACK|cycle counter|^teflon: |Failed|rror|Running benchmark|"
    r"nconsumed|custom op|ersion",
)
_PATH = re.compile(r"(?<![\w/])(?!/dev/)[.~]{0,2}(?:/[\w.+@%~-]{1,255})*/(?=[\w.+@%~-])")
_BRACKETED = re.compile(r"\[[^\[\]]{0,1024}/(?!\])(?=[^\[\]/]{1,255}\])(?<!\[/dev/)")
_MOST_LINES = 40
_WIDTH = 240
_LONGEST_LINE = 2000


def kept_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines worth keeping, each once, at most 40: printable, shortened, with names instead of paths."""
    found: dict[str, None] = {}
    for line in lines:
        if _MARKS.search(line[:_WIDTH]):
            found[without_paths(line.strip())] = None
            if len(found) == _MOST_LINES:
                break
    return tuple(found)


def without_paths(line: str) -> str:
    """Return `line` printable and at most 240 characters long, with the last name of each path in it.

    Device nodes keep theirs: they are the same on all boards.
    """
    return shorten(_PATH.sub("", _BRACKETED.sub("[", line[:_LONGEST_LINE])), _WIDTH)
