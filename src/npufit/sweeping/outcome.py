"""What one point of a sweep found, in the form that workers send and stores keep: JSON of plain rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from npufit.checking import CheckResult, Summary
from npufit.cost import Estimate, Measured
from npufit.formatting import clean, shorten
from npufit.stacks import Effect, Evidence, NpuCount, Unit

FORM = 1
"""Version of the JSON; raise it when a field changes, so that kept points are computed anew."""

_NAME_WIDTH = 60
_VALUE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class PointOperator:
    """One operator: what it is, where it runs, and the rule and value that keep it off the NPU (empty on it).

    `ms` is its predicted time there, None if unknown.
    """

    subgraph: int
    index: int
    type: str
    name: str
    unit: Unit
    partition: int | None
    rule: str
    limit: str
    found: str
    evidence: Evidence
    ms: float | None


@dataclass(frozen=True, slots=True)
class PointHazard:
    """A hazard: its rule and effect, the operator at fault, and what happens in this graph."""

    rule: str
    effect: Effect
    certain: bool
    subgraph: int
    operator: int
    message: str
    found: str


@dataclass(frozen=True, slots=True)
class PointMemory:
    """Bytes in one memory of the NPU, and how many there are, None if unknown."""

    memory: str
    used_bytes: int
    limit_bytes: int | None

    @property
    def fits(self) -> bool:
        """Whether it is enough, as far as known."""
        return self.limit_bytes is None or self.used_bytes <= self.limit_bytes


@dataclass(frozen=True, slots=True)
class PointTimes:
    """Predicted milliseconds of one inference. `total_ms` is None if unknown; `low_ms` and `high_ms` may be known."""

    total_ms: float | None
    low_ms: float | None
    high_ms: float | None
    npu_ms: float | None
    cpu_ms: float | None
    overhead_ms: float | None
    cpu_only_ms: float
    cpu_only_low_ms: float
    cpu_only_high_ms: float
    threads: int
    assumption: str

    @property
    def speed_up(self) -> float | None:
        """How many times faster than the CPU alone, None if unknown."""
        return self.cpu_only_ms / self.total_ms if self.total_ms else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A network placed on a target: everything that a sweep compares, shows and gates.

    `counted` is what the tool itself says about operators on the NPU, of all, and calls; None if it says nothing.
    `times` is None without data to predict from. `reports` are texts and sources on what others observed of this
    network, `measured` their times at this size on this chip.
    """

    summary: Summary
    counted: tuple[int, int, int | None] | None
    operators: tuple[PointOperator, ...]
    hazards: tuple[PointHazard, ...]
    memory: tuple[PointMemory, ...]
    constant_bytes: int
    arena_bytes: int
    times: PointTimes | None
    reports: tuple[tuple[str, str], ...]
    measured: tuple[Measured, ...]

    @property
    def is_placed(self) -> bool:
        """Whether it is known how much runs on the NPU."""
        return not self.summary.unknown or self.counted is not None

    @property
    def npu_operators(self) -> tuple[int, int]:
        """How many operators are on the NPU, and of how many."""
        if self.summary.unknown and self.counted is not None:
            return self.counted[:2]
        return self.summary.npu, self.summary.operators

    @property
    def calls(self) -> int:
        """How many partitions the NPU executes at every inference."""
        counted = self.counted[2] if self.summary.unknown and self.counted is not None else None
        return self.summary.partitions if counted is None else counted

    @property
    def fits_memory(self) -> bool:
        """Whether every memory is large enough, as far as known."""
        return all(need.fits for need in self.memory)


def outcome_of(result: CheckResult) -> Outcome:
    """Return what a sweep keeps of a check."""
    estimate = result.estimate
    times = {entry.placement.id: entry.ms for entry in estimate.operators} if estimate is not None else {}
    operators: list[PointOperator] = []
    for placed in result.placement.operators:
        operator, finding = result.operator(placed), placed.finding
        name = result.model.subgraphs[placed.id.subgraph].operator_name(operator)
        operators.append(
            PointOperator(
                *placed.id,
                shorten(operator.name),
                shorten(name, _NAME_WIDTH),
                placed.unit,
                placed.partition,
                finding.rule.id if finding is not None else "",
                shorten(finding.limit, _VALUE_WIDTH) if finding is not None else "",
                shorten(finding.found, _VALUE_WIDTH) if finding is not None else "",
                placed.evidence,
                _rounded(times.get(placed.id)),
            )
        )
    return Outcome(
        summary=result.summary,
        counted=_counted(result.placement.npu_count),
        operators=tuple(operators),
        hazards=tuple(
            PointHazard(
                hazard.rule.id,
                hazard.effect,
                hazard.certain,
                *hazard.culprit,
                shorten(hazard.message, _VALUE_WIDTH),
                shorten(hazard.found, _VALUE_WIDTH),
            )
            for hazard in result.placement.hazards
        ),
        memory=tuple(PointMemory(use.memory, use.used_bytes, use.limit_bytes) for use in result.placement.memory),
        constant_bytes=estimate.memory.model_bytes if estimate is not None else 0,
        arena_bytes=estimate.memory.arena_bytes if estimate is not None else 0,
        times=_times(estimate) if estimate is not None else None,
        reports=tuple((report.text, report.source) for report in result.placement.reports),
        measured=estimate.measured if estimate is not None else (),
    )


def _times(estimate: Estimate) -> PointTimes:
    return PointTimes(
        total_ms=_rounded(estimate.total_ms),
        low_ms=_rounded(estimate.low_ms),
        high_ms=_rounded(estimate.high_ms),
        npu_ms=_rounded(estimate.npu_ms),
        cpu_ms=_rounded(estimate.cpu_ms),
        overhead_ms=_rounded(estimate.overhead_ms),
        cpu_only_ms=estimate.cpu_only_ms,
        cpu_only_low_ms=estimate.cpu_only_low_ms,
        cpu_only_high_ms=estimate.cpu_only_high_ms,
        threads=estimate.threads,
        assumption=shorten(estimate.assumption, 2 * _VALUE_WIDTH),
    )


def _counted(count: NpuCount | None) -> tuple[int, int, int | None] | None:
    is_own = count is not None and count.evidence is Evidence.EXECUTED
    return (count.operators, count.total, count.partitions) if count is not None and is_own else None


def outcome_text(outcome: Outcome) -> str:
    """Return an outcome as JSON text."""
    return clean(json.dumps({"outcome": _row(outcome)}, separators=(",", ":")))


def _row(entry: Any) -> Any:
    """Return dataclasses as rows of their fields, like `astuple`, which copies values and takes six times longer."""
    if isinstance(entry, tuple):
        return [_row(part) for part in cast("tuple[Any, ...]", entry)]
    if not is_dataclass(entry):
        return entry
    return [_row(getattr(entry, part.name)) for part in fields(entry)]


def read_outcome(text: str) -> Outcome:
    """Return the outcome that `outcome_text` wrote."""
    summary, counted, operators, hazards, memory, constants, arena, times, reports, measured = json.loads(text)[
        "outcome"
    ]
    return Outcome(
        Summary(*summary),
        None if counted is None else tuple(counted),
        tuple(_operator(*row) for row in operators),
        tuple(PointHazard(rule, Effect(effect), *rest) for rule, effect, *rest in hazards),
        tuple(PointMemory(*row) for row in memory),
        constants,
        arena,
        None if times is None else PointTimes(*times),
        tuple((text, source) for text, source in reports),
        tuple(Measured(Unit(unit), *rest) for unit, *rest in measured),
    )


def _operator(*row: Any) -> PointOperator:
    subgraph, index, kind, name, unit, partition, rule, limit, found, evidence, ms = row
    return PointOperator(subgraph, index, kind, name, Unit(unit), partition, rule, limit, found, Evidence(evidence), ms)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else float(f"{ms:.6g}")
