"""A converter's answer to one question: what it did with a model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from npufit.formatting import shorten
from npufit.stacks import Unit

_LAST_LINES, _LONGEST_LINE = 4, 160
_READ = 1 << 16


class End(StrEnum):
    """How a conversion ended."""

    FINE = "fine"
    ERROR = "error"
    """With an error of its own, so that there is no placement."""
    CRASH = "crash"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a converter put every operator of the main subgraph; `units` is empty unless `end` is FINE.

    `message` are the last words of a conversion that did not end well, bounded. `graphs` is the number of NPU calls,
    None if it is unknown.
    """

    end: End
    units: tuple[Unit, ...] = ()
    message: str = ""
    graphs: int | None = None

    @property
    def is_accepted(self) -> bool:
        """True if every operator is on the NPU."""
        return self.end is End.FINE and all(unit is Unit.NPU for unit in self.units)

    def takes(self, operator: int) -> bool:
        """Return whether the operator at this index is on the NPU."""
        return self.end is End.FINE and self.units[operator] is Unit.NPU


def last_words(printed: str) -> str:
    """Return the last lines of what a tool printed, bounded, in one line."""
    lines = [shorten(line.strip(), _LONGEST_LINE) for line in printed[-_READ:].splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:]) or "it printed nothing"


INTERRUPTED = "interrupted"
"""What ended the questions if the user did."""


class Unanswered(Exception):  # noqa: N818 - no error: a search that catches it returns what it knows so far
    """The budget is spent: a search that gets this instead of answers ends with what it has."""
