"""What went wrong in single runs, as sentences. What follows from times and proof is said where these are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npufit.measuring.runs import DoneRun


def problems_of(done: Iterable[DoneRun]) -> Iterator[str]:
    """Yield why runs have no time, and what a reader must know of those that have one."""
    for run in done:
        yield from (text for text in (run.problem, run.remark) if text)
