"""The part of a check's document that says where operators run, why, and what is dangerous."""

from __future__ import annotations

from dataclasses import dataclass

from npufit.checking import CheckResult
from npufit.report.document import Count, Document
from npufit.report.remedy_document import RemedyEntry, remedy_entries
from npufit.rewrite import cures_of
from npufit.stacks import Difference, Effect, Evidence, Hazard, OperatorPlacement, Partition, Rule, Stage, Unit


@dataclass(frozen=True, slots=True)
class OperatorEntry(Document):
    """Where one operator runs. From `rule` to `found` all is null unless a rule keeps it off the NPU."""

    subgraph: Count
    index: Count
    type: str
    outputs: tuple[str, ...]
    """names of the tensors that it writes"""
    unit: Unit
    partition: Count | None
    rule: str | None
    stage: Stage | None
    reason: str | None
    """the rule's statement"""
    limit: str | None
    """what would pass"""
    found: str | None
    evidence: Evidence
    source: str | None
    remedies: tuple[RemedyEntry, ...]
    passes: tuple[str, ...]
    """passes of `npufit fit` that cure it"""
    macs: Count | None
    note: str


@dataclass(frozen=True, slots=True)
class TensorEntry(Document):
    """A tensor that crosses the boundary of a partition."""

    tensor: Count
    name: str
    bytes: Count


@dataclass(frozen=True, slots=True)
class PartitionEntry(Document):
    """Operators that one call of the NPU executes."""

    index: Count
    subgraph: Count
    operators: tuple[Count, ...]
    inputs: tuple[TensorEntry, ...]
    outputs: tuple[TensorEntry, ...]
    boundary_bytes: Count


@dataclass(frozen=True, slots=True)
class HazardEntry(Document):
    """An operator that is accepted, but crashes the process, stops the inference or may give a wrong answer."""

    id: str
    effect: Effect
    """crash: the process dies; fails: an error instead of an answer; wrong: the answer is or may be wrong"""
    certain: bool
    """false if a milder effect is possible, depending on the content of memory or on a release that was not read"""
    subgraph: Count
    operators: tuple[Count, ...]
    """the one at fault first"""
    tensors: tuple[str, ...]
    statement: str
    message: str
    """what happens in this graph"""
    found: str
    evidence: Evidence
    source: str
    remedies: tuple[RemedyEntry, ...]
    passes: tuple[str, ...]
    """passes of `npufit fit` that cure it"""


@dataclass(frozen=True, slots=True)
class DifferenceEntry(Document):
    """Where a log or a compiled file contradicts the rules; `operator` is null for totals."""

    subgraph: Count
    operator: Count | None
    what: str
    predicted: str
    observed: str


def operator_entry(result: CheckResult, placed: OperatorPlacement) -> OperatorEntry:
    """Return the entry of one operator."""
    finding = placed.finding
    return OperatorEntry(
        subgraph=placed.id.subgraph,
        index=placed.id.index,
        type=result.operator(placed).name,
        outputs=result.output_names(placed),
        unit=placed.unit,
        partition=placed.partition,
        rule=finding.rule.id if finding else None,
        stage=finding.rule.stage if finding else None,
        reason=finding.rule.statement if finding else None,
        limit=finding.limit if finding else None,
        found=finding.found if finding else None,
        evidence=placed.evidence,
        source=finding.source if finding else None,
        remedies=remedy_entries(finding.remedies if finding else ()),
        passes=_pass_names(finding.rule) if finding else (),
        macs=result.macs[placed.id],
        note=placed.note,
    )


def partition_entry(result: CheckResult, partition: Partition) -> PartitionEntry:
    """Return the entry of one partition."""
    tensors = result.model.subgraphs[partition.subgraph].tensors

    def boundary(indices: tuple[int, ...]) -> tuple[TensorEntry, ...]:
        return tuple(TensorEntry(index, tensors[index].name, tensors[index].size_bytes) for index in indices)

    return PartitionEntry(
        index=partition.index,
        subgraph=partition.subgraph,
        operators=partition.operators,
        inputs=boundary(partition.inputs),
        outputs=boundary(partition.outputs),
        boundary_bytes=partition.traffic.total_bytes,
    )


def hazard_entry(result: CheckResult, hazard: Hazard) -> HazardEntry:
    """Return the entry of one hazard."""
    tensors = result.model.subgraphs[hazard.subgraph].tensors
    return HazardEntry(
        id=hazard.rule.id,
        effect=hazard.effect,
        certain=hazard.certain,
        subgraph=hazard.subgraph,
        operators=hazard.operators,
        tensors=tuple(tensors[index].name for index in hazard.tensors),
        statement=hazard.rule.statement,
        message=hazard.message,
        found=hazard.found,
        evidence=hazard.evidence,
        source=hazard.rule.source,
        remedies=remedy_entries(hazard.remedies),
        passes=_pass_names(hazard.rule),
    )


def difference_entry(difference: Difference) -> DifferenceEntry:
    """Return the entry of one difference."""
    operator = difference.operator
    return DifferenceEntry(
        subgraph=0 if operator is None else operator.subgraph,
        operator=None if operator is None else operator.index,
        what=difference.what,
        predicted=difference.predicted,
        observed=difference.observed,
    )


def _pass_names(rule: Rule) -> tuple[str, ...]:
    return tuple(cure.pass_name for cure in cures_of(rule.id))
