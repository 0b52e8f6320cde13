"""The errors that npufit raises on purpose: the user's input, the user's environment, our bug.

Each message says what was found, what was expected, where, and the next step. The command line prints the message
alone; a traceback is shown only for errors not listed here, because those are bugs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NpufitError(Exception):
    """The root of all errors that npufit raises on purpose."""


class InputError(NpufitError):
    """The user's input is wrong: a model, a log, a target name or an option (exit code 2)."""


class ToolError(NpufitError):
    """Something needed is missing or failed on this machine: a tool, a package, a file permission (exit code 3)."""


class ToolEnd(StrEnum):
    """How a tool ended that gave no answer."""

    ERROR = "error"
    """By itself, with an error of its own."""
    CRASH = "crash"
    """It died of a signal."""
    TIMEOUT = "timeout"
    """It was stopped at its time limit."""


class ToolFailureError(ToolError):
    """A tool was started and gave no answer; `end` says how it ended (exit code 3)."""

    def __init__(self, message: str, end: ToolEnd) -> None:
        """Store the message for users and how the tool ended."""
        super().__init__(message)
        self.end = end


class LostConnectionError(ToolError):
    """A board can no longer be reached: it rebooted, was switched off, or the line is broken (exit code 3)."""


class InternalError(NpufitError):
    """An invariant of npufit does not hold: our bug."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a model; every field may be missing."""

    subgraph: int | None = None
    operator: int | None = None
    operator_type: str | None = None
    tensor: int | None = None
    tensor_name: str | None = None

    def __str__(self) -> str:
        """Return the place in words, such as `subgraph 0, operator 3 (CONV_2D), tensor 7 'input'`."""
        words: list[str] = []
        if self.subgraph is not None:
            words.append(f"subgraph {self.subgraph}")
        if self.operator is not None:
            kind = f" ({self.operator_type})" if self.operator_type else ""
            words.append(f"operator {self.operator}{kind}")
        if self.tensor is not None:
            name = f" '{self.tensor_name}'" if self.tensor_name else ""
            words.append(f"tensor {self.tensor}{name}")
        return ", ".join(words)


class ModelError(InputError):
    """An unusable model file; the message names file, operator and tensor."""

    def __init__(self, model: str, problem: str, place: Place | None = None, hint: str = "") -> None:
        """Compose the message from the model's name, the problem, the place and the next step."""
        self.model = model
        self.problem = problem
        self.place = place or Place()
        self.hint = hint
        where = str(self.place)
        message = f"{model}: {where}: {problem}" if where else f"{model}: {problem}"
        super().__init__(f"{message}. {hint}" if hint else f"{message}.")
