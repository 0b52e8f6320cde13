"""Whether a change is for the better or for the worse, and what says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from npufit.comparing.snapshot import Snapshot
from npufit.stacks import Unit

if TYPE_CHECKING:
    from npufit.comparing.comparison import Comparison


class Verdict(StrEnum):
    """What a change is for the user of the model."""

    WORSE = "worse"
    BETTER = "better"
    MIXED = "mixed"
    """Something got worse, something else better."""
    SAME = "no change"
    """Nothing that matters is known to have changed."""


class Aspect(StrEnum):
    """What may get worse or better."""

    MOVED_TO_CPU = "moved-to-cpu"
    MOVED_TO_NPU = "moved-to-npu"
    BECAME_UNKNOWN = "became-unknown"
    HAZARDS_GAINED = "hazards-gained"
    HAZARDS_LOST = "hazards-lost"
    MORE_ON_CPU = "more-on-cpu"
    """Operators without a counterpart put more on the CPU than they take from it."""
    FEWER_ON_CPU = "fewer-on-cpu"
    MORE_PARTITIONS = "more-partitions"
    """Every operator runs where it did, but in more calls of the NPU."""
    FEWER_PARTITIONS = "fewer-partitions"
    MEMORY_TOO_SMALL = "memory-too-small"
    """Memories of the chip that were large enough."""
    MEMORY_FITS = "memory-fits"
    SLOWER = "slower"
    """The predicted ranges do not overlap."""
    FASTER = "faster"


@dataclass(frozen=True, slots=True)
class Change:
    """One aspect that got worse or better, and by how many; 1 for a time."""

    aspect: Aspect
    count: int
    is_worse: bool


def changes_of(comparison: Comparison) -> tuple[Change, ...]:
    """Return what got worse, then what got better."""
    tables = ((True, _WORSE), (False, _BETTER))
    counts = (
        Change(aspect, count(comparison), is_worse) for is_worse, table in tables for aspect, count in table.items()
    )
    return tuple(change for change in counts if change.count > 0)


class Directed(Protocol):
    """A change of anything that got worse or better."""

    @property
    def is_worse(self) -> bool:
        """Whether it got worse."""
        ...


def verdict_of(changes: Sequence[Directed]) -> Verdict:
    """Return what `changes` are together."""
    is_worse = any(change.is_worse for change in changes)
    is_better = any(not change.is_worse for change in changes)
    return _VERDICTS[is_worse, is_better]


_VERDICTS = {
    (False, False): Verdict.SAME,
    (False, True): Verdict.BETTER,
    (True, False): Verdict.WORSE,
    (True, True): Verdict.MIXED,
}


def _without_counterpart_on_cpu(comparison: Comparison) -> int:
    """Return how many more operators without a counterpart run on the CPU than before.

    Zero if the CPU's share of all operators did not change in the same direction: the models differ in size.
    """
    matching = comparison.matching
    gained = sum(operator.unit is Unit.CPU for operator in matching.added)
    gained -= sum(operator.unit is Unit.CPU for operator in matching.removed)
    change = _cpu_share(comparison.after) - _cpu_share(comparison.before)
    return gained if gained * change > 0 else 0


def _cpu_share(snapshot: Snapshot) -> float:
    return snapshot.count(Unit.CPU) / len(snapshot.operators) if snapshot.operators else 0.0


def _more_partitions(comparison: Comparison) -> int:
    matching = comparison.matching
    stayed = not (matching.added or matching.removed) and all(
        pair.before.unit is pair.after.unit for pair in matching.pairs
    )
    return comparison.after.partitions - comparison.before.partitions if stayed else 0


def _overflows(former: Snapshot, latter: Snapshot) -> int:
    """Return how many memories are too small in `latter` that were large enough in `former`."""
    fitting = {use.name for use in former.memory if use.fits}
    return sum(not use.fits and use.name in fitting for use in latter.memory)


def _certainly_slower(comparison: Comparison) -> int:
    time = comparison.time
    return 0 if time is None or not time.is_certain else 1 if time.ratio > 1 else -1


_Count = Callable[["Comparison"], int]
_WORSE: dict[Aspect, _Count] = {
    Aspect.MOVED_TO_CPU: lambda c: len(c.moved_to_cpu),
    Aspect.BECAME_UNKNOWN: lambda c: len(c.became_unknown),
    Aspect.MORE_ON_CPU: _without_counterpart_on_cpu,
    Aspect.HAZARDS_GAINED: lambda c: len(c.hazards_gained),
    Aspect.MORE_PARTITIONS: _more_partitions,
    Aspect.MEMORY_TOO_SMALL: lambda c: _overflows(c.before, c.after),
    Aspect.SLOWER: _certainly_slower,
}
_BETTER: dict[Aspect, _Count] = {
    Aspect.MOVED_TO_NPU: lambda c: len(c.moved_to_npu),
    Aspect.FEWER_ON_CPU: lambda c: -_without_counterpart_on_cpu(c),
    Aspect.HAZARDS_LOST: lambda c: len(c.hazards_lost),
    Aspect.FEWER_PARTITIONS: lambda c: -_more_partitions(c),
    Aspect.MEMORY_FITS: lambda c: _overflows(c.after, c.before),
    Aspect.FASTER: lambda c: -_certainly_slower(c),
}
