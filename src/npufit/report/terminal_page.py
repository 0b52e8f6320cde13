"""Colour on terminals, and aligned columns. Without colour the text is the same."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "green": "32", "cyan": "36"}
_INK = re.compile(r"\x1b\[[0-9;]*m")
GLUE = "\u00a0"
"""A space at which no line is broken."""


@dataclass(frozen=True, slots=True)
class Page:
    """The width of a text, and whether it may be coloured."""

    width: int = 100
    color: bool = False

    def ink(self, style: str, text: str) -> str:
        """Return `text` in one of the styles bold, dim, red, yellow, green, cyan."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.color and text else text

    def wrap(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        """Return `text` as lines of at most the page's width; later lines start with `hanging`.

        Milliseconds stay with their number, and words with GLUE between them together.
        """
        lines = textwrap.wrap(
            text.replace(" ms", f"{GLUE}ms"),
            max(40, self.width),
            initial_indent=indent,
            subsequent_indent=indent if hanging is None else hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        return [line.replace(GLUE, " ") for line in lines] or [indent.rstrip()]

    def rows(self, lines: Iterable[str]) -> int:
        """Return how many rows `lines` take on a terminal of this width, which breaks those that are longer."""
        return sum(max(1, -(-len(_INK.sub("", line)) // self.width)) for line in lines)

    def labelled(self, label: str, text: str, indent: str = "    ", label_width: int = 9) -> list[str]:
        """Return a dim label followed by `text`, wrapped in its own column."""
        lines = self.wrap(text, indent + " " * label_width, indent + " " * label_width)
        start = indent + self.ink("dim", label) + " " * max(1, label_width - len(label))
        return [start + lines[0].lstrip(), *lines[1:]]


def columns(rows: Sequence[Sequence[str]], right: Iterable[int] = (), gap: str = "  ") -> list[str]:
    """Return rows of cells as aligned lines; the columns in `right` are flush right."""
    if not rows:
        return []
    flush = set(right)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        gap.join(
            cell.rjust(width) if column in flush else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
