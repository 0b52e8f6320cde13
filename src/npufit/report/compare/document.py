"""The document of a comparison: what `npufit compare --json` prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.comparing import (
    Aspect,
    CompareResult,
    Comparison,
    MatchedBy,
    MemoryChange,
    OperatorPair,
    Snapshot,
    SnapshotHazard,
    SnapshotOperator,
    Verdict,
)
from npufit.graph import OperatorId
from npufit.report.check.document import GateEntry
from npufit.report.compare.headline import comparison_headline, result_headline
from npufit.report.compare.measured_forms import MeasuredComparisonEntry, measured_entry
from npufit.report.document import Count, Document, Factor, Milliseconds, rounded
from npufit.stacks import Effect, Unit


@dataclass(frozen=True, slots=True)
class TimeEntry(Document):
    """Predicted milliseconds of one inference; null stands for what cannot be predicted."""

    total_ms: Milliseconds | None
    low_ms: Milliseconds | None
    high_ms: Milliseconds | None
    npu_ms: Milliseconds | None
    cpu_ms: Milliseconds | None
    overhead_ms: Milliseconds | None
    cpu_only_ms: Milliseconds | None
    threads: Count


@dataclass(frozen=True, slots=True)
class SideEntry(Document):
    """One side of a comparison."""

    model: str
    target: str
    profile: str | None
    file: str | None
    """the saved result that it was read from; null for a check made now"""
    npufit_version: str
    """the version that made the check"""
    operators: Count
    npu: Count
    cpu: Count
    unknown: Count
    partitions: Count
    boundary_bytes: Count
    hazards: Count
    time: TimeEntry | None
    """null if there was nothing to predict it from"""


@dataclass(frozen=True, slots=True)
class PlacedEntry(Document):
    """An operator on one side, and where it runs."""

    subgraph: Count
    index: Count
    type: str
    outputs: tuple[str, ...]
    unit: Unit
    rule: str | None
    """the rule that keeps it off the NPU"""
    found: str | None
    """the value that the rule objects to"""
    ms: Milliseconds | None


@dataclass(frozen=True, slots=True)
class MovedEntry(Document):
    """An operator that runs on another unit than before."""

    before: PlacedEntry
    after: PlacedEntry
    matched_by: MatchedBy


@dataclass(frozen=True, slots=True)
class PlaceEntry(Document):
    """An operator of a subgraph."""

    subgraph: Count
    index: Count


@dataclass(frozen=True, slots=True)
class HazardEntry(Document):
    """A hazard that only one side has; `operators` has the one at fault first."""

    id: str
    effect: Effect
    certain: bool
    operators: tuple[PlaceEntry, ...]
    statement: str
    message: str


@dataclass(frozen=True, slots=True)
class RuleEntry(Document):
    """A rule that keeps another number of operators off the NPU than before."""

    id: str
    statement: str
    before: Count
    after: Count
    operators: tuple[PlaceEntry, ...]
    """those of after; of before if the rule no longer applies"""


@dataclass(frozen=True, slots=True)
class TimeChangeEntry(Document):
    """How the predicted time changed."""

    ratio: Factor
    """after over before"""
    certain: bool
    """true if the ranges of both predictions do not overlap"""


@dataclass(frozen=True, slots=True)
class MemoryChangeEntry(Document):
    """Bytes of one kind of memory; null on a side that does not name it."""

    memory: str
    before_bytes: Count | None
    after_bytes: Count | None
    limit_bytes: Count | None
    """what the chip has, after; null if unknown"""


@dataclass(frozen=True, slots=True)
class ChangeEntry(Document):
    """One aspect that got worse or better."""

    aspect: Aspect
    count: Count
    worse: bool


@dataclass(frozen=True, slots=True)
class ComparisonEntry(Document):
    """One target before, one after."""

    name: str
    verdict: Verdict
    headline: str
    changes: tuple[ChangeEntry, ...]
    before: SideEntry
    after: SideEntry
    identical_models: bool
    """both have the same operators, which write tensors of the same names"""
    matched: Count
    """operators that both sides have"""
    moved: tuple[MovedEntry, ...]
    removed: tuple[PlacedEntry, ...]
    """operators of before without a counterpart"""
    added: tuple[PlacedEntry, ...]
    """operators of after without a counterpart"""
    hazards_gained: tuple[HazardEntry, ...]
    hazards_lost: tuple[HazardEntry, ...]
    rules: tuple[RuleEntry, ...]
    time: TimeChangeEntry | None
    """null unless the times of both sides are known"""
    memory: tuple[MemoryChangeEntry, ...]


@dataclass(frozen=True, slots=True)
class CompareDocument(Document):
    """What moved between NPU and CPU, which hazards came and went, time and memory."""

    schema_version: Literal[1]
    npufit_version: str
    headline: str
    comparisons: tuple[ComparisonEntry, ...]
    only_before: tuple[str, ...]
    """targets of before without a counterpart"""
    only_after: tuple[str, ...]
    gates: tuple[GateEntry, ...]
    measured: MeasuredComparisonEntry | None = None
    """what changed between two measurements of npufit bench; `comparisons` is then empty"""


def compare_document(result: CompareResult) -> CompareDocument:
    """Return the document of a comparison."""
    return CompareDocument(
        schema_version=1,
        npufit_version=__version__,
        headline=result_headline(result),
        comparisons=tuple(map(_comparison, result.comparisons)),
        only_before=tuple(snapshot.name for snapshot in result.only_before),
        only_after=tuple(snapshot.name for snapshot in result.only_after),
        gates=tuple(GateEntry(gate.gate.text, gate.target, gate.found, gate.passed) for gate in result.gates),
        measured=None if result.measured is None else measured_entry(result.measured),
    )


def _comparison(comparison: Comparison) -> ComparisonEntry:
    time = comparison.time
    matching = comparison.matching
    return ComparisonEntry(
        name=comparison.name,
        verdict=comparison.verdict,
        headline=comparison_headline(comparison),
        changes=tuple(ChangeEntry(change.aspect, change.count, change.is_worse) for change in comparison.changes),
        before=_side(comparison.before),
        after=_side(comparison.after),
        identical_models=matching.is_identical,
        matched=len(matching.pairs),
        moved=tuple(_moved(pair) for pair in matching.pairs if pair.before.unit is not pair.after.unit),
        removed=tuple(map(_placed, matching.removed)),
        added=tuple(map(_placed, matching.added)),
        hazards_gained=tuple(map(_hazard, comparison.hazards_gained)),
        hazards_lost=tuple(map(_hazard, comparison.hazards_lost)),
        rules=tuple(
            RuleEntry(change.rule, change.statement, change.before, change.after, _places(change.operators))
            for change in comparison.rules
        ),
        time=None if time is None else TimeChangeEntry(rounded(time.ratio), time.is_certain),
        memory=tuple(map(_memory, comparison.memory)),
    )


def _side(snapshot: Snapshot) -> SideEntry:
    time = snapshot.time
    return SideEntry(
        model=snapshot.model,
        target=snapshot.target,
        profile=snapshot.profile or None,
        file=snapshot.file or None,
        npufit_version=snapshot.npufit_version,
        operators=len(snapshot.operators),
        npu=snapshot.count(Unit.NPU),
        cpu=snapshot.count(Unit.CPU),
        unknown=snapshot.count(Unit.UNKNOWN),
        partitions=snapshot.partitions,
        boundary_bytes=snapshot.boundary_bytes,
        hazards=len(snapshot.hazards),
        time=None
        if time is None
        else TimeEntry(
            total_ms=rounded(time.total_ms),
            low_ms=rounded(time.low_ms),
            high_ms=rounded(time.high_ms),
            npu_ms=rounded(time.npu_ms),
            cpu_ms=rounded(time.cpu_ms),
            overhead_ms=rounded(time.overhead_ms),
            cpu_only_ms=rounded(time.cpu_only_ms),
            threads=time.threads,
        ),
    )


def _moved(pair: OperatorPair) -> MovedEntry:
    return MovedEntry(_placed(pair.before), _placed(pair.after), pair.by)


def _placed(operator: SnapshotOperator) -> PlacedEntry:
    reason = operator.reason
    return PlacedEntry(
        *operator.id,
        type=operator.type,
        outputs=operator.outputs,
        unit=operator.unit,
        rule=None if reason is None else reason.rule,
        found=None if reason is None else reason.found,
        ms=rounded(operator.ms),
    )


def _hazard(hazard: SnapshotHazard) -> HazardEntry:
    return HazardEntry(
        hazard.rule, hazard.effect, hazard.certain, _places(hazard.operators), hazard.statement, hazard.message
    )


def _places(operators: Iterable[OperatorId]) -> tuple[PlaceEntry, ...]:
    return tuple(PlaceEntry(*place) for place in operators)


def _memory(change: MemoryChange) -> MemoryChangeEntry:
    return MemoryChangeEntry(
        memory=change.name,
        before_bytes=None if change.before is None else change.before.used_bytes,
        after_bytes=None if change.after is None else change.after.used_bytes,
        limit_bytes=None if change.after is None else change.after.limit_bytes,
    )
