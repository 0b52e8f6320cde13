"""How often lines of /proc/interrupts counted on during runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from npufit.boards import WatchedRun
from npufit.measuring.proof.seen import SeenRun

MOST_UNCOUNTED = 2
"""How many inferences a process may make beside those that its tool counts."""


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
    def is_still(self) -> bool:
        """True if it certainly did not move at all."""
        return not self.moved and not self.is_least

    @property
    def is_each(self) -> bool:
        """True if it is at least one for each call."""
        return self.moved >= self.calls

    def each(self, uncounted: int = 0) -> int | None:
        """Return how many there are for each call, None if that is no whole number.

        `uncounted` inferences were made beside the `calls`.
        """
        calls = self.calls + uncounted
        return None if self.is_least or not calls or self.moved % calls else self.moved // calls


def each_call(counts: Sequence[Count], uncounted: int) -> int | None:
    """Return how often each call of every one of `counts` moved the lines, None if that is not one whole number."""
    each = {one.each(uncounted) for one in counts}
    return each.pop() if len(each) == 1 else None


def readable(runs: Iterable[SeenRun]) -> tuple[SeenRun, ...]:
    """Return the runs whose inferences are counted: those that a tool timed, and said how many there were."""
    return tuple(run for run in runs if run.timing is not None and (run.timing.calls or 0) > 0)


def line_names(runs: Iterable[SeenRun]) -> frozenset[str]:
    """Return the names of all lines before or after `runs`."""
    return frozenset(name for seen in runs for one in (seen.run.before, seen.run.after) for name in one.interrupts)


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

    A line that is missing counts as zero: some drivers ask for their interrupt when a device is first opened.
    """
    before, after = run.before.interrupts.get(line, 0), run.after.interrupts.get(line, 0)
    return (after, True) if after < before else (after - before, False)
