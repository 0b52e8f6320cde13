"""The options of a differential."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from npufit.jobs import Progress


def _ignore_progress(done: int, total: int, failed: int, /) -> None:
    """Show nothing."""


def _ignore_note(text: str, /) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class DifferentialOptions:
    """Options of a differential.

    Without `answers` nothing is executed, only placed and compiled; `seed` makes the
    random inputs. `kernel` is a Linux release whose driver decides on streams, such as `7.3`. `time_limit_s` is for
    each load and each inference. `executor` is `local`, `local:N` or `dask://HOST:PORT`, `workers` the number of local
    workers (default: all cores). Outcomes are kept in the file `cache`, or in npufit's folder; with `use_cache` off,
    nothing is read or kept.
    """

    answers: bool = True
    seed: int = 0
    kernel: str | None = None
    time_limit_s: float = 600.0
    executor: str | None = None
    workers: int | None = None
    cache: Path | None = None
    use_cache: bool = True
    progress: Progress = _ignore_progress
    note: Callable[[str], None] = _ignore_note
