"""What the page shows on a network: for each operator where it runs, why, for how long, and what is dangerous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from npufit.checking import CheckResult
from npufit.cost import Bound, OperatorEstimate, PartitionCost
from npufit.graph import Model
from npufit.report.document import Count, Document, Milliseconds, rounded
from npufit.report.page.network_document import Network, network
from npufit.report.remedy_document import RemedyEntry, remedy_entries
from npufit.rewrite import cures_of
from npufit.stacks import Effect, Evidence, Finding, Hazard, OperatorPlacement, Rule, Unit


@dataclass(frozen=True, slots=True)
class ViewFinding(Document):
    """Why operators are off the NPU."""

    rule: str
    statement: str
    limit: str
    found: str
    evidence: Evidence
    source: str
    remedies: tuple[RemedyEntry, ...]
    passes: tuple[str, ...]
    """options of `npufit fit`"""


@dataclass(frozen=True, slots=True)
class ViewHazard(Document):
    """An accepted operator whose answer may be wrong, or missing."""

    rule: str
    effect: Effect
    certain: bool
    subgraph: Count
    operators: tuple[Count, ...]
    """the one at fault first"""
    statement: str
    message: str
    found: str
    limit: str
    evidence: Evidence
    source: str
    remedies: tuple[RemedyEntry, ...]
    passes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewOperator(Document):
    """One operator on a target; a field that is left out is empty or unknown."""

    unit: Unit
    evidence: Evidence
    partition: Count | None = None
    finding: Count | None = None
    """an index into the findings of the view"""
    note: str = ""
    ms: Milliseconds | None = None
    cpu_ms: Milliseconds | None = None
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class ViewPartition(Document):
    """One call of the NPU."""

    index: Count
    subgraph: Count
    operators: tuple[Count, ...]
    inputs: tuple[Count, ...]
    outputs: tuple[Count, ...]
    boundary_bytes: Count
    npu_ms: Milliseconds | None
    call_ms: Milliseconds | None
    copy_ms: Milliseconds | None


Look = Literal["calm", "fresh", "warm", "alarm", "none"]
"""How a group of operators looks; the looks differ by colour and by pattern."""


@dataclass(frozen=True, slots=True)
class ViewGroup(Document):
    """A group of operators in a colouring that a verb adds."""

    label: str
    look: Look


@dataclass(frozen=True, slots=True)
class ViewColouring(Document):
    """A way to colour operators besides those that every page has, such as by what a fit changed."""

    label: str
    about: str
    groups: tuple[ViewGroup, ...]
    members: tuple[Count, ...]
    """for each operator of the view the index of its group"""
    remarks: tuple[str, ...]
    """for each operator a sentence for its details, empty without one"""
    is_first: bool = False
    """true if the page opens with it"""


@dataclass(frozen=True, slots=True)
class View(Document):
    """One answer about one network: its operators in the order of subgraphs and execution."""

    title: str
    network: Count
    """an index into the networks of the payload"""
    has_placement: bool
    """false if nothing is said of where operators run"""
    has_times: bool
    operators: tuple[ViewOperator, ...]
    findings: tuple[ViewFinding, ...]
    hazards: tuple[ViewHazard, ...]
    partitions: tuple[ViewPartition, ...]
    colouring: ViewColouring | None = None
    """a colouring of the verb; shown first if there is no placement"""


@dataclass(frozen=True, slots=True)
class GraphPayload(Document):
    """What the script of the graph reads."""

    networks: tuple[Network, ...]
    views: tuple[View, ...]


def graph_payload(models: Sequence[Model], views: Sequence[View]) -> GraphPayload:
    """Return the data of a graph; each view names its network by the position in `models`."""
    return GraphPayload(tuple(map(network, models)), tuple(views))


def check_view(result: CheckResult, network: int = 0, title: str = "", colouring: ViewColouring | None = None) -> View:
    """Return the view of one target; `network` is the position of its model among those of the payload."""
    findings: dict[Finding, int] = {}
    costs = {} if result.estimate is None else {entry.placement.id: entry for entry in result.estimate.operators}
    operators = tuple(_operator(placed, costs.get(placed.id), findings) for placed in result.placement.operators)
    return View(
        title=title or result.name,
        network=network,
        has_placement=True,
        has_times=result.estimate is not None,
        operators=operators,
        findings=tuple(map(_finding, findings)),
        hazards=tuple(map(_hazard, result.placement.hazards)),
        partitions=_partitions(result),
        colouring=colouring,
    )


def bare_view(model: Model, title: str, colouring: ViewColouring) -> View:
    """Return a view that only colours the operators of `model`, without a placement."""
    operators = tuple(ViewOperator(Unit.UNKNOWN, Evidence.INFERRED) for _ in model.operators())
    return View(
        title, 0, has_placement=False, has_times=False, operators=operators, findings=(), hazards=(), partitions=(),
        colouring=colouring,
    )  # fmt: skip


def _operator(placed: OperatorPlacement, cost: OperatorEstimate | None, findings: dict[Finding, int]) -> ViewOperator:
    return ViewOperator(
        unit=placed.unit,
        evidence=placed.evidence,
        partition=placed.partition,
        finding=None if placed.finding is None else findings.setdefault(placed.finding, len(findings)),
        note=placed.note,
        ms=None if cost is None else rounded(cost.ms),
        cpu_ms=None if cost is None else rounded(cost.cpu_ms),
        bound=None if cost is None else cost.bound,
    )


def _finding(finding: Finding) -> ViewFinding:
    return ViewFinding(
        rule=finding.rule.id,
        statement=finding.rule.statement,
        limit=finding.limit,
        found=finding.found,
        evidence=finding.evidence,
        source=finding.source,
        remedies=remedy_entries(finding.remedies),
        passes=_passes(finding.rule),
    )


def _hazard(hazard: Hazard) -> ViewHazard:
    return ViewHazard(
        rule=hazard.rule.id,
        effect=hazard.effect,
        certain=hazard.certain,
        subgraph=hazard.subgraph,
        operators=hazard.operators,
        statement=hazard.rule.statement,
        message=hazard.message,
        found=hazard.found,
        limit=hazard.rule.limit,
        evidence=hazard.evidence,
        source=hazard.rule.source,
        remedies=remedy_entries(hazard.remedies),
        passes=_passes(hazard.rule),
    )


def _passes(rule: Rule) -> tuple[str, ...]:
    return tuple(cure.fit_options for cure in cures_of(rule.id))


def _partitions(result: CheckResult) -> tuple[ViewPartition, ...]:
    costs: Mapping[int, PartitionCost] = {} if result.estimate is None else result.estimate.partitions
    entries: list[ViewPartition] = []
    for partition in result.placement.partitions:
        cost = costs.get(partition.index)
        entries.append(
            ViewPartition(
                index=partition.index,
                subgraph=partition.subgraph,
                operators=partition.operators,
                inputs=partition.inputs,
                outputs=partition.outputs,
                boundary_bytes=partition.traffic.total_bytes,
                npu_ms=None if cost is None else rounded(cost.npu_ms),
                call_ms=None if cost is None else rounded(cost.call_ms),
                copy_ms=None if cost is None else rounded(cost.copy_ms),
            )
        )
    return tuple(entries)
