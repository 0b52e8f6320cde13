"""How often lines of /proc/interrupts counted on during runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from npufit.boards import Readings, WatchedRun
from npufit.measuring.proof.seen import SeenRun


@dataclass(frozen=True, slots=True)
class Count:
    """What a group of lines counted during `calls` inferences, which took `seconds` with all that is around them.

    `is_least` says that a line began anew in between (its driver was loaded again, or a core's counter wrapped), so
    that `moved` is what they counted at least.
    """

    moved: int
    calls: int
    seconds: float
    is_least: bool = False

    @property
    def is_few(self) -> bool:
        """True if it is less than one for ten calls: what opening a device may cause, but no inference of each call."""
        return not self.is_least and self.moved * 10 <= self.calls

    @property
    def is_each(self) -> bool:
        """True if it is at least one for each call."""
        return self.moved >= self.calls

    @property
    def each(self) -> int | None:
        """Return how many there are for each call, None if that is no whole number."""
        return None if self.is_least or not self.calls or self.moved % self.calls else self.moved // self.calls


def readable(runs: Iterable[SeenRun]) -> tuple[SeenRun, ...]:
    """Return the runs whose inferences are counted: those that a tool timed, and said how many there were."""
    return tuple(run for run in runs if run.timing is not None and (run.timing.calls or 0) > 0)


def line_names(runs: Iterable[SeenRun]) -> frozenset[str]:
    """Return the names of all lines in any reading of `runs`."""
    readings = (reading for seen in runs for reading in _readings(seen.run))
    return frozenset(name for reading in readings for name in reading.interrupts)


def count_run(seen: SeenRun, lines: Iterable[str]) -> Count:
    """Return what `lines` counted together during one run that `readable` let through."""
    steps = [_counted_on(seen.run, line) for line in lines]
    calls = (seen.timing.calls if seen.timing else None) or 0
    seconds = max(0.0, seen.run.after.uptime_s - seen.run.before.uptime_s)
    return Count(sum(moved for moved, _ in steps), calls, seconds, any(is_least for _, is_least in steps))


def count(runs: Sequence[SeenRun], lines: Iterable[str]) -> Count:
    """Return what `lines` counted together during all `runs`."""
    lines = tuple(lines)
    counts = [count_run(run, lines) for run in runs]
    return Count(
        sum(one.moved for one in counts),
        sum(one.calls for one in counts),
        sum(one.seconds for one in counts),
        any(one.is_least for one in counts),
    )


def _counted_on(run: WatchedRun, line: str) -> tuple[int, bool]:
    """Return by how much `line` counted on, and whether it began anew: then what stands there is new.

    A line that is missing counts as zero: drivers ask for their interrupt when a device is opened, and give it back.
    """
    moved, was_reset = 0, False
    values = [reading.interrupts.get(line, 0) for reading in _readings(run)]
    for earlier, later in pairwise(values):
        if later < earlier:
            was_reset = True
            moved += later
        else:
            moved += later - earlier
    return moved, was_reset


def _readings(run: WatchedRun) -> tuple[Readings, ...]:
    return (run.before, *run.during, run.after)
