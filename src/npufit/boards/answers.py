"""What `board/survey.sh` prints: answers by name, each with the command that told it. They are untrusted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npufit.formatting import printable, shorten

_MOST_LINES = 512
_LONGEST_LINE = 512
_NAME = re.compile(r"[a-z][a-z-]{1,30}")
_ROOT = re.compile(r"\"?\$\{?R\}?\"?(?=/)")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: the command as a person would type it, and the lines that the board printed, without empty ones."""

    command: str
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The first line, empty if there is none."""
        return self.lines[0] if self.lines else ""


NOTHING = Answer("")


def read_answers(output: bytes) -> dict[str, Answer]:
    """Return the answers in `output` by name, in their order."""
    answers: dict[str, Answer] = {}
    name, command, lines = "", "", list[str]()
    for line in (*output.decode("utf-8", "backslashreplace").split("\n"), "="):
        if line.startswith("="):
            if name:
                answers.setdefault(name, Answer(command, tuple(lines)))
            asked, _, told_by = line[1:].partition("\t")
            name = asked if _NAME.fullmatch(asked) else ""
            command, lines = shorten(_ROOT.sub("", told_by), _LONGEST_LINE), []
        elif line.startswith("|") and line[1:].strip() and len(lines) < _MOST_LINES:
            lines.append("\t".join(printable(part) for part in line[1 : 1 + _LONGEST_LINE].strip().split("\t")))
    return answers
