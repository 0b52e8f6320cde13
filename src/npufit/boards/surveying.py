"""What a board is and has, asked in one round trip."""

from __future__ import annotations

from npufit.boards.answers import read_answers
from npufit.boards.board_script import board_file, board_script
from npufit.boards.connection import Connection
from npufit.boards.describing import facts_of
from npufit.boards.facts import BoardFacts
from npufit.boards.recognising import recognise
from npufit.errors import ToolError
from npufit.formatting import shorten

_TIME_LIMIT_S = 120.0
_VARIABLES = {
    "most_bytes": 16_384,
    "most_hashed": 256 << 20,
    "teflon_says": r"^2[4-9]\.[0-3]\.[0-9]+[-~+.A-Za-z0-9]*|^(ETHOSU|ROCKET|ETNA_MESA)_DEBUG$",
    "delegate_says": r"v[0-9]+\.[0-9]+\.[0-9]+-[0-9a-f]{8}",
}
"""Bounds in bytes: of an answer, and of all files that are hashed. What is looked for in libraries, as for grep -E; the
form of Neutron's version is that of its message, "Neutron delegate version: v1.0.0-a5d640e6"."""


def survey(connection: Connection) -> BoardFacts:
    """Return what the board is and has, and the targets that follow. Nothing on it is changed.

    Raises ToolError if its shell cannot tell, LostConnectionError if the line is lost.
    """
    variables = {**_VARIABLES, "python_runtimes": board_file("python_runtimes.py")}
    script = board_script("survey.sh", variables=variables, call="survey")
    completed = connection.shell(script, time_limit_s=_TIME_LIMIT_S)
    answers = read_answers(completed.output)
    if "end" not in answers:
        said = shorten(completed.errors[-2000:].decode("utf-8", "replace").strip().rpartition("\n")[2]) or "nothing"
        why = f"after {_TIME_LIMIT_S:g} s" if completed.code is None else f"its shell said {said}"
        raise ToolError(
            f"{connection.name} did not finish the probe: {why}. It needs a POSIX shell with head, sed, tr and grep, "
            "as BusyBox has them."
        )
    return recognise(facts_of(answers))
