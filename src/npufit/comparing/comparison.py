"""What differs between two snapshots."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

from npufit.comparing.matching import Matching, OperatorPair
from npufit.comparing.snapshot import Snapshot, SnapshotHazard, SnapshotMemory, SnapshotTime
from npufit.comparing.verdict import Change, Verdict, changes_of, verdict_of
from npufit.graph import OperatorId
from npufit.stacks import Unit

_SAVED_PRECISION = 1e-4
"""Saved results have six digits of each time."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """How many operators a rule keeps off the NPU, before and after, and which after (before, if there are none)."""

    rule: str
    statement: str
    before: int
    after: int
    operators: tuple[OperatorId, ...]


@dataclass(frozen=True, slots=True)
class TimeChange:
    """The predicted time of one inference before and after, in milliseconds.

    `ratio` is after over before. `is_certain` says that the ranges of both predictions do not overlap.
    """

    before_ms: float
    after_ms: float
    ratio: float
    is_certain: bool


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """Bytes of one kind of memory, before and after; None on a side that does not need it or does not say."""

    name: str
    before: SnapshotMemory | None
    after: SnapshotMemory | None


@dataclass(frozen=True)
class Comparison:
    """One target before, one after: what moved, what is dangerous now, and what it costs."""

    before: Snapshot
    after: Snapshot
    matching: Matching

    @property
    def name(self) -> str:
        """The target, or both if they differ."""
        before, after = self.before.name, self.after.name
        return before if before == after else f"{before} → {after}"

    @property
    def changes(self) -> tuple[Change, ...]:
        """What got worse, then what got better."""
        return changes_of(self)

    @property
    def verdict(self) -> Verdict:
        """Whether the change is for the better or for the worse."""
        return verdict_of(self.changes)

    @cached_property
    def moved_to_cpu(self) -> tuple[OperatorPair, ...]:
        """The operators that ran on the NPU and run on the CPU now."""
        return self._moved(Unit.NPU, Unit.CPU)

    @cached_property
    def moved_to_npu(self) -> tuple[OperatorPair, ...]:
        """The operators that ran on the CPU and run on the NPU now."""
        return self._moved(Unit.CPU, Unit.NPU)

    @cached_property
    def became_unknown(self) -> tuple[OperatorPair, ...]:
        """The operators whose unit was known and is unknown now."""
        return self._moved(Unit.NPU, Unit.UNKNOWN) + self._moved(Unit.CPU, Unit.UNKNOWN)

    @cached_property
    def became_known(self) -> tuple[OperatorPair, ...]:
        """The operators whose unit was unknown and is known now."""
        return self._moved(Unit.UNKNOWN, Unit.NPU) + self._moved(Unit.UNKNOWN, Unit.CPU)

    def _moved(self, source: Unit, destination: Unit) -> tuple[OperatorPair, ...]:
        return tuple(
            pair for pair in self.matching.pairs if pair.before.unit is source and pair.after.unit is destination
        )

    @cached_property
    def hazards_gained(self) -> tuple[SnapshotHazard, ...]:
        """Hazards that are only after: another rule, operator or effect."""
        return _only_in(self.after.hazards, self._hazard_keys_after, self._hazard_keys_before)

    @cached_property
    def hazards_lost(self) -> tuple[SnapshotHazard, ...]:
        """Hazards that are only before."""
        return _only_in(self.before.hazards, self._hazard_keys_before, self._hazard_keys_after)

    @cached_property
    def _hazard_keys_before(self) -> list[Hashable]:
        return [(hazard.rule, hazard.effect, hazard.operators[0]) for hazard in self.before.hazards]

    @cached_property
    def _hazard_keys_after(self) -> list[Hashable]:
        formerly = {pair.after.id: pair.before.id for pair in self.matching.pairs}
        return [
            (hazard.rule, hazard.effect, formerly.get(hazard.operators[0], ("added", hazard.operators[0])))
            for hazard in self.after.hazards
        ]

    @cached_property
    def rules(self) -> tuple[RuleChange, ...]:
        """The rules that keep another number of operators off the NPU than before, the largest change first."""
        before, after = _by_rule(self.before), _by_rule(self.after)
        statements = _statements(self.before) | _statements(self.after)
        changes = [
            RuleChange(
                rule, statement, len(before.get(rule, ())), len(after.get(rule, ())), after.get(rule) or before[rule]
            )
            for rule, statement in statements.items()
        ]
        moved = [change for change in changes if change.before != change.after]
        return tuple(sorted(moved, key=lambda change: -abs(change.after - change.before)))

    @cached_property
    def time(self) -> TimeChange | None:
        """The predicted time before and after; None unless both are known."""
        before, after = self.before.time, self.after.time
        if before is None or after is None or not before.total_ms or after.total_ms is None:
            return None
        is_certain = _is_below(before, after) or _is_below(after, before)
        return TimeChange(before.total_ms, after.total_ms, after.total_ms / before.total_ms, is_certain)

    @cached_property
    def memory(self) -> tuple[MemoryChange, ...]:
        """Every kind of memory that either side names."""
        before = {use.name: use for use in self.before.memory}
        after = {use.name: use for use in self.after.memory}
        return tuple(MemoryChange(name, before.get(name), after.get(name)) for name in before | after)

    @cached_property
    def operator_times(self) -> tuple[OperatorPair, ...]:
        """The operators whose predicted time changed, the largest change first."""
        changed = [pair for pair in self.matching.pairs if _differ(pair)]
        return tuple(sorted(changed, key=lambda pair: -abs(difference_ms(pair) or 0.0)))


def _is_below(first: SnapshotTime, second: SnapshotTime) -> bool:
    """Return whether all of the first range lies below the second."""
    return first.high_ms is not None and second.low_ms is not None and first.high_ms < second.low_ms


def difference_ms(pair: OperatorPair) -> float | None:
    """Return how many milliseconds longer an operator takes than before; None if a time is unknown."""
    if pair.before.ms is None or pair.after.ms is None:
        return None
    return pair.after.ms - pair.before.ms


def _differ(pair: OperatorPair) -> bool:
    """Return whether an operator's time changed by more than the digits that a saved result leaves out."""
    before, after = pair.before.ms, pair.after.ms
    return before is not None and after is not None and not math.isclose(before, after, rel_tol=_SAVED_PRECISION)


def _only_in(
    hazards: Sequence[SnapshotHazard], keys: Sequence[Hashable], others: Sequence[Hashable]
) -> tuple[SnapshotHazard, ...]:
    """Return the hazards whose key is not among `others`; a key may occur several times."""
    left = Counter(others)
    found: list[SnapshotHazard] = []
    for hazard, key in zip(hazards, keys, strict=True):
        if left[key]:
            left[key] -= 1
        else:
            found.append(hazard)
    return tuple(found)


def _by_rule(snapshot: Snapshot) -> dict[str, tuple[OperatorId, ...]]:
    found: dict[str, list[OperatorId]] = {}
    for operator in snapshot.operators:
        if operator.reason is not None:
            found.setdefault(operator.reason.rule, []).append(operator.id)
    return {rule: tuple(operators) for rule, operators in found.items()}


def _statements(snapshot: Snapshot) -> dict[str, str]:
    return {entry.reason.rule: entry.reason.statement for entry in snapshot.operators if entry.reason is not None}
