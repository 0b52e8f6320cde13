"""The document of a sweep: what `npufit sweep --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npufit._version import __version__
from npufit.checking import GateResult
from npufit.report.document import Count, Document, Factor, Milliseconds, Share, rounded
from npufit.stacks import Effect, load_stack
from npufit.sweeping import (
    Affordable,
    Cliff,
    CliffKind,
    Culprit,
    Point,
    PointStatus,
    Series,
    SweepResult,
    Verdict,
    size_words,
)


@dataclass(frozen=True, slots=True)
class ReportEntry(Document):
    """What others observed of a network, and where they say so."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class SeriesEntry(Document):
    """Points that differ only in size: a network in one number format on one setup."""

    network: str
    precision: str
    """float32, int8 (per channel), int8-per-tensor, uint8 or another type"""
    target: str
    setup: str
    """the target with its settings, threads and kernels as far as they were given"""
    settings: tuple[tuple[str, str], ...]
    """settings of the compiler that differ from the chip's profile: name and value"""
    threads: Count | None
    """threads of the CPU's share; null: all cores"""
    kernels: str | None
    reports: tuple[ReportEntry, ...]
    """what others observed of this network"""


@dataclass(frozen=True, slots=True)
class PointHazardEntry(Document):
    """A hazard of a point: the rule, the worst that it does, and how many places have it."""

    id: str
    effect: Effect
    count: Count


@dataclass(frozen=True, slots=True)
class PointMemoryEntry(Document):
    """Bytes in one memory of the NPU."""

    memory: str
    used_bytes: Count
    limit_bytes: Count | None
    """what the chip has; null if unknown or unlimited"""


@dataclass(frozen=True, slots=True)
class PointEntry(Document):
    """A network at one size on one setup. What is unknown is null."""

    series: Count
    """index in `series`"""
    size: str
    """HEIGHTxWIDTH in pixels, or `fixed shape`"""
    height: Count | None
    width: Count | None
    model: str
    """what to give to `npufit check` to see this point; for a file, resize it first"""
    status: PointStatus
    """predicted, unknown, observed (a public measurement), impossible (the network has no such size) or failed"""
    reason: str
    """why it is unknown, impossible or failed; empty otherwise"""
    in_grid: bool
    """false if only the search for a cliff, or an observation, added this size"""
    ms: Milliseconds | None
    """one inference with the NPU: predicted, or measured if `status` is observed"""
    low_ms: Milliseconds | None
    high_ms: Milliseconds | None
    npu_ms: Milliseconds | None
    cpu_ms: Milliseconds | None
    overhead_ms: Milliseconds | None
    cpu_only_ms: Milliseconds | None
    """the same network on the CPU alone"""
    speed_up: Factor | None
    npu_operators: Count | None
    operators: Count | None
    """how many operators there are, by the count of whoever counted those on the NPU"""
    unknown_operators: Count | None
    """how many operators run nobody knows where"""
    npu_macs_share: Share | None
    macs: Count | None
    partitions: Count | None
    boundary_bytes: Count | None
    hazards: tuple[PointHazardEntry, ...]
    memory: tuple[PointMemoryEntry, ...]
    constant_bytes: Count | None
    arena_bytes: Count | None
    version: str
    """the software that was measured, by its source's words; empty if `status` is not observed"""
    source: str
    """who measured; empty if `status` is not observed"""
    caution: str
    """what speaks against comparing the measurement; empty if nothing does"""


@dataclass(frozen=True, slots=True)
class CulpritEntry(Document):
    """What is to blame for a cliff: usually the first operator that differs."""

    subgraph: Count | None
    """null if no operator is to blame, but a memory or a tool; index, type and name are too"""
    index: Count | None
    type: str | None
    name: str | None
    rule: str | None
    reason: str | None
    """the rule's statement"""
    limit: str | None
    """what would pass"""
    before: str
    """what is true of it at the smaller size, with the value found"""
    after: str


@dataclass(frozen=True, slots=True)
class CliffEntry(Document):
    """Two sizes of a series between which more changes than the size explains; `before` is the smaller one."""

    series: Count
    """index in `series`"""
    kinds: tuple[CliffKind, ...]
    """the most severe first"""
    exact: bool
    """true: the network has no size between the two; false: the change is somewhere between"""
    observed: bool
    """true if both sides are public measurements"""
    before: str
    after: str
    before_ms: Milliseconds | None
    after_ms: Milliseconds | None
    time_ratio: Factor | None
    macs_ratio: Factor | None
    """ratio of multiply-accumulates; that of pixels if they are unknown"""
    before_npu_operators: Count | None
    before_operators: Count | None
    after_npu_operators: Count | None
    after_operators: Count | None
    before_partitions: Count | None
    after_partitions: Count | None
    hazards_gained: tuple[str, ...]
    """hazards that only the larger size has"""
    hazards_lost: tuple[str, ...]
    culprit: CulpritEntry | None


@dataclass(frozen=True, slots=True)
class RequirementEntry(Document):
    """Whether a requirement holds; `found` is in the requirement's unit, null if unknown."""

    requirement: str
    quantity: str
    found: float | None
    holds: bool


@dataclass(frozen=True, slots=True)
class JudgedEntry(Document):
    """A size, and whether it meets each requirement."""

    size: str
    ms: Milliseconds | None
    status: PointStatus
    requirements: tuple[RequirementEntry, ...]


@dataclass(frozen=True, slots=True)
class AffordableEntry(Document):
    """The largest size of a series that meets every requirement, and the next one, which does not."""

    series: Count
    """index in `series`"""
    largest: JudgedEntry | None
    """null if no size meets them"""
    following: JudgedEntry | None
    """null if the largest size that was looked at meets them"""
    exact: bool
    """true if the network has no size between the two"""


@dataclass(frozen=True, slots=True)
class SweepDocument(Document):
    """Every point of a sweep, where more changes between two sizes than they explain, and what is affordable."""

    schema_version: Literal[1]
    npufit_version: str
    series: tuple[SeriesEntry, ...]
    points: tuple[PointEntry, ...]
    """by series, smallest first; the observations of a series follow its predictions"""
    cliffs: tuple[CliffEntry, ...]
    cliff_step: Count
    """sizes between two points of the grid were looked at if they are multiples of this; 0: none were"""
    requirements: tuple[str, ...]
    affordable: tuple[AffordableEntry, ...]
    """one for each series, if there are requirements"""
    best: Count | None
    """the entry of `affordable` with the largest size, the fastest of several"""
    kept: Count
    """how many points were read from the results of earlier sweeps"""


def sweep_document(result: SweepResult) -> SweepDocument:
    """Return the document of a sweep."""
    number = {series: index for index, series in enumerate(result.series)}
    return SweepDocument(
        schema_version=1,
        npufit_version=__version__,
        series=tuple(_series(series, result) for series in result.series),
        points=tuple(_point(point, number[point.series]) for point in result.points),
        cliffs=tuple(_cliff(cliff, number[cliff.series]) for cliff in result.cliffs),
        cliff_step=result.cliff_step,
        requirements=tuple(gate.text for gate in result.gates),
        affordable=tuple(_affordable(answer, number[answer.series]) for answer in result.affordable),
        best=None if result.best is None else result.affordable.index(result.best),
        kept=result.kept,
    )


def _series(series: Series, result: SweepResult) -> SeriesEntry:
    setup = series.setup
    reports = dict.fromkeys(
        report for point in result.of(series) if point.outcome is not None for report in point.outcome.reports
    )
    return SeriesEntry(
        network=series.network.name,
        precision=series.network.precision,
        target=str(setup.target),
        setup=str(setup),
        settings=setup.settings,
        threads=setup.threads,
        kernels=setup.kernels,
        reports=tuple(ReportEntry(*report) for report in reports),
    )


def _point(point: Point, series: int) -> PointEntry:
    outcome, sighting = point.outcome, point.sighting
    times = outcome.times if outcome is not None and sighting is None else None
    summary = outcome.summary if outcome is not None and outcome.is_placed and sighting is None else None
    placed = outcome if summary is not None else None
    cpu_only_ms = sighting.cpu_only_ms if sighting is not None else times.cpu_only_ms if times is not None else None
    npu_operators, operators = point.npu_operators or (None, None)
    return PointEntry(
        series=series,
        size=size_words(point.size),
        height=point.size[0] if point.size is not None else None,
        width=point.size[1] if point.size is not None else None,
        model=point.series.network.title(point.size),
        status=point.status,
        reason=point.reason,
        in_grid=point.in_grid,
        ms=rounded(point.ms),
        low_ms=times.low_ms if times is not None else None,
        high_ms=times.high_ms if times is not None else None,
        npu_ms=times.npu_ms if times is not None else None,
        cpu_ms=times.cpu_ms if times is not None else None,
        overhead_ms=times.overhead_ms if times is not None else None,
        cpu_only_ms=rounded(cpu_only_ms),
        speed_up=rounded(cpu_only_ms / point.ms) if cpu_only_ms is not None and point.ms else None,
        npu_operators=npu_operators,
        operators=operators,
        unknown_operators=outcome.summary.unknown if outcome is not None and sighting is None else None,
        npu_macs_share=summary.npu_macs_share if summary is not None else None,
        macs=point.macs,
        partitions=placed.calls if placed is not None else None,
        boundary_bytes=summary.boundary_bytes if summary is not None else None,
        hazards=_hazards(point) if sighting is None else (),
        memory=tuple(PointMemoryEntry(use.memory, use.used_bytes, use.limit_bytes) for use in placed.memory)
        if placed is not None
        else (),
        constant_bytes=outcome.constant_bytes if outcome is not None else None,
        arena_bytes=outcome.arena_bytes if outcome is not None else None,
        version=sighting.version if sighting is not None else "",
        source=sighting.source if sighting is not None else "",
        caution=sighting.caution if sighting is not None else "",
    )


def _hazards(point: Point) -> tuple[PointHazardEntry, ...]:
    counts: dict[tuple[str, Effect], int] = {}
    for hazard in point.outcome.hazards if point.outcome is not None else ():
        place = hazard.rule, hazard.effect
        counts[place] = counts.get(place, 0) + 1
    ordered = sorted(counts.items(), key=lambda entry: entry[0][1].severity)
    return tuple(PointHazardEntry(rule, effect, count) for (rule, effect), count in ordered)


def _cliff(cliff: Cliff, series: int) -> CliffEntry:
    before, after = cliff.before, cliff.after
    before_npu, before_all = before.npu_operators or (None, None)
    after_npu, after_all = after.npu_operators or (None, None)
    return CliffEntry(
        series=series,
        kinds=cliff.kinds,
        exact=cliff.is_exact,
        observed=before.sighting is not None,
        before=size_words(before.size),
        after=size_words(after.size),
        before_ms=rounded(before.ms),
        after_ms=rounded(after.ms),
        time_ratio=rounded(cliff.time_ratio),
        macs_ratio=rounded(cliff.macs_ratio),
        before_npu_operators=before_npu,
        before_operators=before_all,
        after_npu_operators=after_npu,
        after_operators=after_all,
        before_partitions=_calls(before),
        after_partitions=_calls(after),
        hazards_gained=_new_hazards(before, after),
        hazards_lost=_new_hazards(after, before),
        culprit=None if cliff.culprit is None else _culprit(cliff.culprit, cliff.series.setup.deciding_stack),
    )


def _calls(point: Point) -> int | None:
    is_known = point.outcome is not None and point.outcome.is_placed and point.sighting is None
    return point.outcome.calls if point.outcome is not None and is_known else None


def _new_hazards(before: Point, after: Point) -> tuple[str, ...]:
    """Return the hazards that only `after` has; observations say nothing about them."""
    if before.sighting is not None or before.outcome is None or after.outcome is None:
        return ()
    known = {hazard.rule for hazard in before.outcome.hazards}
    return tuple(dict.fromkeys(hazard.rule for hazard in after.outcome.hazards if hazard.rule not in known))


def _culprit(culprit: Culprit, stack: str) -> CulpritEntry:
    is_operator = culprit.index >= 0
    rules = load_stack(stack).rules() if culprit.rule else ()
    return CulpritEntry(
        subgraph=culprit.subgraph if is_operator else None,
        index=culprit.index if is_operator else None,
        type=culprit.type if is_operator else None,
        name=culprit.name if is_operator else None,
        rule=culprit.rule or None,
        reason=next((rule.statement for rule in rules if rule.id == culprit.rule), None),
        limit=culprit.limit or None,
        before=culprit.before,
        after=culprit.after,
    )


def _affordable(answer: Affordable, series: int) -> AffordableEntry:
    return AffordableEntry(
        series=series,
        largest=None if answer.largest is None else _judged(answer.largest),
        following=None if answer.following is None else _judged(answer.following),
        exact=answer.is_exact,
    )


def _judged(verdict: Verdict) -> JudgedEntry:
    point = verdict.point
    return JudgedEntry(size_words(point.size), rounded(point.ms), point.status, tuple(map(_requirement, verdict.gates)))


def _requirement(result: GateResult) -> RequirementEntry:
    return RequirementEntry(result.gate.text, result.gate.quantity, rounded(result.found), result.passed)
