"""How to probe: what is asked, how much, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from npufit.jobs import Progress
from npufit.stacks import PlaceOptions

QUESTION_LIMIT_S = 10.0
"""A question is a small model: a converter that takes longer hangs, or is not worth waiting for."""


def _ignore_progress(done: int, total: int, failed: int, /) -> None:
    """Show nothing."""


def _ignore_note(text: str, /) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Command:
    """A converter as a command line with `{input}` and `{output}`, and how its answer is read.

    Either `pattern` is a regular expression with the groups `index` and `unit` that finds a line of the output for each
    operator (units: NPU or CPU), or `custom_operator` is the name of the
    custom operators that stand for NPU calls in the file that it writes. `version` is what the user says of it.
    """

    words: tuple[str, ...]
    pattern: str | None = None
    custom_operator: str | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """Options of a probe.

    `operators` are the types to ask about, empty for all that npufit can draw; `groups` also asks about chains.
    `questions` and `minutes` are the budget (None: none). The same `seed` asks the same questions. `place` is for the
    target's own tool; `memory_bytes` limits a command's address space. `target` is the target that a command compiles
    for, if npufit knows it. `workers`, `executor` and `cache` are as in a sweep.
    """

    operators: tuple[str, ...] = ()
    groups: bool = True
    questions: int | None = None
    minutes: float | None = None
    seed: int = 0
    place: PlaceOptions = field(default_factory=lambda: PlaceOptions(time_limit_s=QUESTION_LIMIT_S))
    memory_bytes: int = 8 << 30
    target: str = ""
    workers: int | None = None
    executor: str | None = None
    cache: Path | None = None
    use_cache: bool = True
    progress: Progress = _ignore_progress
    note: Callable[[str], None] = _ignore_note
