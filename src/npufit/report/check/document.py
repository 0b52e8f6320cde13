"""The document of a check: what `npufit check --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from npufit._version import __version__
from npufit.checking import CheckResult, GateResult
from npufit.graph import Model
from npufit.report.check.estimate_document import EstimateEntry, estimate_entry
from npufit.report.check.other_stacks import OtherStackEntry, other_stack_entry
from npufit.report.check.own_document import OwnMeasurementEntry, own_measurement_entries
from npufit.report.check.placement_document import (
    DifferenceEntry,
    HazardEntry,
    OperatorEntry,
    PartitionEntry,
    difference_entry,
    hazard_entry,
    operator_entry,
    partition_entry,
)
from npufit.report.document import Count, Document, Share
from npufit.stacks import LibraryRun, MemoryUse, Note, Setting, Status


@dataclass(frozen=True, slots=True)
class ModelEntry(Document):
    """The model that was checked."""

    name: str
    subgraphs: Count
    operators: Count


@dataclass(frozen=True, slots=True)
class SummaryEntry(Document):
    """Totals over all subgraphs."""

    operators: Count
    npu: Count
    cpu: Count
    unknown: Count
    macs: Count
    macs_unknown: Count
    """operators whose MACs the file does not reveal; `macs` are those of the others"""
    npu_macs: Count
    npu_macs_share: Share | None
    """null if the model has no MACs, or if the number or the unit of some is unknown"""
    partitions: Count
    boundary_bytes: Count
    """bytes that cross the boundaries of partitions at every inference"""
    hazards: Count
    crashes: Count
    """hazards that crash the process; `hazards` includes them"""


@dataclass(frozen=True, slots=True)
class ResultEntry(Document):
    """The answer for one target."""

    target: str
    """CHIP/STACK@VERSION, with the version whose rules were used"""
    profile: str | None
    """the board profile that was given as the target"""
    status: Status
    log: str | None
    """the kind of log that decided; null without one"""
    log_totals: str
    """the totals of the log in words; empty if it gives none"""
    library: LibraryRun | None
    """the real library that decided on a virtual NPU; null without one"""
    refusal: str
    """what the target's driver does not run although it is placed on the NPU; empty if there is nothing"""
    summary: SummaryEntry
    operators: tuple[OperatorEntry, ...]
    partitions: tuple[PartitionEntry, ...]
    hazards: tuple[HazardEntry, ...]
    differences: tuple[DifferenceEntry, ...]
    memory: tuple[MemoryUse, ...]
    settings: tuple[Setting, ...]
    notes: tuple[Note, ...]
    estimate: EstimateEntry | None
    """null if there is no data to predict times from"""
    others: tuple[OtherStackEntry, ...]
    """stacks of the chip that use the same kernel driver; empty if there are none"""
    own_measurements: tuple[OwnMeasurementEntry, ...] = ()
    """the user's own measurements of the model on the target's chip, those of its stack first"""
    measurements_not_read: tuple[str, ...] = ()
    """files that seem to be of the model, and why they were refused"""


@dataclass(frozen=True, slots=True)
class GateEntry(Document):
    """Whether a `--require` held on one target."""

    gate: str
    target: str
    found: float | None
    """the value in the gate's unit; null if it is unknown"""
    passed: bool


@dataclass(frozen=True, slots=True)
class CheckDocument(Document):
    """Where every operator of a model runs on each target, why, and how long that takes."""

    schema_version: Literal[2]
    npufit_version: str
    model: ModelEntry
    results: tuple[ResultEntry, ...]
    gates: tuple[GateEntry, ...]


def check_document(model: Model, results: Sequence[CheckResult], gates: Sequence[GateResult] = ()) -> CheckDocument:
    """Return the document of a check."""
    operators = sum(len(subgraph.operators) for subgraph in model.subgraphs)
    return CheckDocument(
        schema_version=2,
        npufit_version=__version__,
        model=ModelEntry(model.name, len(model.subgraphs), operators),
        results=tuple(result_entry(result) for result in results),
        gates=tuple(GateEntry(gate.gate.text, gate.target, gate.found, gate.passed) for gate in gates),
    )


def result_entry(result: CheckResult) -> ResultEntry:
    """Return the entry of one target."""
    placement = result.placement
    return ResultEntry(
        target=str(result.target),
        profile=result.profile or None,
        status=placement.status,
        log=placement.log,
        log_totals=placement.log_totals,
        library=placement.library,
        refusal=placement.refusal,
        summary=summary_entry(result),
        operators=tuple(operator_entry(result, placed) for placed in placement.operators),
        partitions=tuple(partition_entry(result, partition) for partition in placement.partitions),
        hazards=tuple(hazard_entry(result, hazard) for hazard in placement.hazards),
        differences=tuple(difference_entry(difference) for difference in placement.differences),
        memory=placement.memory,
        settings=placement.settings,
        notes=placement.notes,
        estimate=None if result.estimate is None else estimate_entry(result.estimate),
        others=tuple(other_stack_entry(result, other) for other in result.others),
        own_measurements=own_measurement_entries(result),
        measurements_not_read=() if result.own is None else result.own.refused,
    )


def summary_entry(result: CheckResult) -> SummaryEntry:
    """Return the totals of one target."""
    return SummaryEntry(**asdict(result.summary))
