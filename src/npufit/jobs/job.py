"""A job, what it is given, and how it ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from npufit._version import __version__


class Blob:
    """Bytes that a worker receives once, however many of its jobs use them. Equal if the bytes are."""

    __slots__ = ("data", "digest")

    def __init__(self, data: bytes) -> None:
        """Wrap `data`; `digest` is its SHA-256 in hexadecimal."""
        self.data = data
        self.digest = hashlib.sha256(data).hexdigest()

    def __eq__(self, other: object) -> bool:
        """Return whether `other` has the same bytes."""
        return isinstance(other, Blob) and self.digest == other.digest

    def __hash__(self) -> int:
        """Return the hash of the digest."""
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work that needs no other: `function(*arguments)` returns JSON text.

    `key` names the answer (see `key_of`): two jobs with the same key have the same answer. The function is found by its
    module and name, never in `__main__`; arguments are small and can be pickled. Jobs of one `group` share what a
    worker caches, so they go to the same worker where possible; groups of one `family` share a part of it. Without
    `time_limit_s` a job may take forever.
    """

    key: str
    function: Callable[..., str]
    arguments: tuple[object, ...] = ()
    group: str = ""
    time_limit_s: float | None = None
    family: str = ""


class Trouble(StrEnum):
    """Why a job has no answer."""

    INPUT = "input"
    """The function raised InputError. It would do so again, so this is kept."""
    TOOL = "tool"
    """The function raised ToolError, or needed too much memory."""
    BUG = "bug"
    """The function raised anything else."""
    CRASH = "crash"
    """The worker process died."""
    TIME = "time limit"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job has no answer, and the message for the user."""

    trouble: Trouble
    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a job: its answer (JSON text), or None and the failure.

    `seconds` is the time that the function took on its worker; `kept` says that the answer was read from the store.
    """

    job: Job
    value: str | None
    failure: Failure | None = None
    seconds: float = 0.0
    kept: bool = False


def key_of(*parts: object) -> str:
    """Return the key of what depends on `parts` (text, numbers, None, and lists of them) and on this npufit."""
    return hashlib.sha256(json.dumps([__version__, *parts]).encode()).hexdigest()
