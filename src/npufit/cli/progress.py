"""A progress bar on standard error for long work: only on a terminal, and only once it takes over a second."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Generator
from enum import StrEnum
from typing import Protocol

from npufit.execution import Stage

_PATIENCE_S = 1.0
_INTERVAL_S = 0.1
_UNITS: dict[str, str] = {
    Stage.LOAD: "NPU calls",
    Stage.INFERENCE: "operations",
    "proving": "inferences",
    "evaluating": "images",
    "sweeping": "points",
    "comparing": "models",
    "measuring": "runs",
    "asking": "questions",
    "shrinking": "questions",
}
"""What each stage counts, for those with measurable progress."""

_SILENT: frozenset[str] = frozenset({"connecting"})
"""ssh may be asking the user for a password then, on the line that a bar would overwrite."""


class Teller(Protocol):
    """Receives the progress of any command's stages."""

    def __call__(self, stage: StrEnum, done: int = 0, total: int = 0, failed: int = 0) -> None:
        """Note that `done` of `total` steps of `stage` are finished, `failed` of them without an answer.

        A total of 0 means unknown.
        """
        ...


@contextlib.contextmanager
def progress_bar() -> Generator[Teller]:
    """Yield the receiver of the progress; if standard error is not a terminal, nothing is shown."""
    state = _State()
    if not sys.stderr.isatty():
        yield state
        return
    done = threading.Event()
    painter = threading.Thread(target=_paint, args=(state, done), daemon=True)
    painter.start()
    try:
        yield state
    finally:
        done.set()
        painter.join()


class _State:
    """The latest progress. It is only stored, so that work is not slowed down; the painter polls it."""

    def __init__(self) -> None:
        self.news: tuple[StrEnum, int, int, int] = Stage.LOAD, 0, 0, 0

    def __call__(self, stage: StrEnum, done: int = 0, total: int = 0, failed: int = 0) -> None:
        self.news = stage, done, total, failed


def _paint(state: _State, done: threading.Event) -> None:
    if done.wait(_PATIENCE_S):
        return
    while state.news[0] in _SILENT:
        if done.wait(_INTERVAL_S):
            return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}")
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        shown, task = None, None
        while True:
            stage, finished, total, failed = state.news
            if task is None or stage is not shown:
                if task is not None:
                    bar.remove_task(task)
                shown, task = stage, bar.add_task(stage, total=total if total > 1 else None, count="")
            count = f"{finished} of {total} {_UNITS.get(stage, '')}" if total > 1 else ""
            if failed:
                count += f", {failed} failed"
            bar.update(task, completed=finished, total=total if total > 1 else None, count=count)
            if done.wait(_INTERVAL_S):
                return
