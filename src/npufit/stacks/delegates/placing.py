"""Placement by a delegate's rules: decide each operator, let TensorFlow Lite cut the graph, look for hazards.

All later releases are decided as well, because each finding and hazard names the release that removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol

from npufit.graph import Latest, Model, OperatorId, Subgraph, wire
from npufit.stacks.delegates.partitioning import describe_partition, partition_epochs
from npufit.stacks.delegates.placed_graph import DelegateGraph, OperatorT, ReleaseT
from npufit.stacks.placement import Hazard, OperatorPlacement, Partition, Placement, Unit
from npufit.stacks.rule import NO_REMEDY, Evidence, Finding, Remedy, RemedyKind, RuleKind
from npufit.stacks.target import Target


class DelegateRules(Protocol[OperatorT, ReleaseT]):
    """The rules of a delegate, release by release."""

    def read(self, subgraph: Subgraph) -> tuple[OperatorT, ...]:
        """Return every operator of `subgraph` as the rules read it, in order."""
        ...

    def refusals(self, graph: DelegateGraph[OperatorT], release: ReleaseT) -> Sequence[Finding | None]:
        """Return for each operator why it does not run on the NPU, None if it does."""
        ...

    def hazards(
        self, graph: DelegateGraph[OperatorT], partition_of: Sequence[int | None], release: ReleaseT
    ) -> Iterable[Hazard]:
        """Return the hazards of the graph; `partition_of` has each operator's partition, None on the CPU."""
        ...

    def later(self, release: ReleaseT) -> Sequence[ReleaseT]:
        """Return the releases after `release` that are worth moving to, in order."""
        ...

    def acceptance(self, release: ReleaseT) -> Evidence:
        """Return the evidence that an operator without a finding is accepted."""
        ...

    def note(self, operator: OperatorT) -> str:
        """Return a remark about an operator on the NPU, empty if there is none."""
        ...

    def version_remedy(self, release: ReleaseT, what: str) -> Remedy:
        """Return `release` as a way out; `what` says how it is better."""
        ...


@dataclass(frozen=True, slots=True)
class _Decision(Generic[ReleaseT]):
    """What one release does with every operator."""

    release: ReleaseT
    findings: Mapping[OperatorId, Finding | None]
    cuts: tuple[tuple[list[int], ...], ...]
    """The partitions of each subgraph, as operator indices."""
    hazards: tuple[Hazard, ...]
    hazards_of: Mapping[OperatorId, tuple[str, ...]]
    """The hazards' rules by the operator at fault."""


class _Decisions(Generic[OperatorT, ReleaseT]):
    """What each release does with a model, each decided once: a check of several releases asks for most of them."""

    def __init__(self, model: Model, delegate: DelegateRules[OperatorT, ReleaseT]) -> None:
        self._delegate = delegate
        self.graphs = [
            DelegateGraph(number, subgraph, wire(subgraph), delegate.read(subgraph))
            for number, subgraph in enumerate(model.subgraphs)
        ]
        self._decided: dict[ReleaseT, _Decision[ReleaseT]] = {}

    def of(self, release: ReleaseT) -> _Decision[ReleaseT]:
        """Return what `release` does with every operator."""
        if release not in self._decided:
            self._decided[release] = _decide(self.graphs, self._delegate, release)
        return self._decided[release]


_LATEST: Latest[object, Any] = Latest()
"""The decisions about the model that was placed last, by delegate."""


def place_by_rules(
    model: Model, target: Target, delegate: DelegateRules[OperatorT, ReleaseT], release: ReleaseT
) -> Placement:
    """Return the placement of `model` by the rules of `release`, with the releases that remove each finding."""
    decisions: _Decisions[OperatorT, ReleaseT] = _LATEST.of(model, delegate, lambda: _Decisions(model, delegate))
    graphs, decision = decisions.graphs, decisions.of(release)
    partitions = tuple(_partitions(graphs, decision.cuts))
    later: list[_Decision[ReleaseT]] = []
    if decision.hazards or any(decision.findings.values()):
        later = [decisions.of(other) for other in delegate.later(release)]
    return Placement(
        target=target,
        operators=tuple(_placements(graphs, delegate, decision, partitions, later)),
        partitions=partitions,
        hazards=tuple(
            replace(hazard, remedies=_with_version(_harmless(delegate, hazard, later), hazard.remedies))
            for hazard in decision.hazards
        ),
    )


def _decide(
    graphs: Sequence[DelegateGraph[OperatorT]], delegate: DelegateRules[OperatorT, ReleaseT], release: ReleaseT
) -> _Decision[ReleaseT]:
    findings: dict[OperatorId, Finding | None] = {}
    cuts: list[tuple[list[int], ...]] = []
    hazards: list[Hazard] = []
    for graph in graphs:
        here = delegate.refusals(graph, release)
        cut = tuple(partition_epochs(graph.subgraph, [finding is None for finding in here]))
        partition_of: list[int | None] = [None] * len(here)
        for number, operators in enumerate(cut):
            for index in operators:
                partition_of[index] = number
        hazards += delegate.hazards(graph, partition_of, release)
        findings.update((OperatorId(graph.number, index), finding) for index, finding in enumerate(here))
        cuts.append(cut)
    hazards_of: dict[OperatorId, tuple[str, ...]] = {}
    for hazard in hazards:
        hazards_of[hazard.culprit] = (*hazards_of.get(hazard.culprit, ()), hazard.rule.id)
    return _Decision(release, findings, tuple(cuts), tuple(hazards), hazards_of)


def _partitions(
    graphs: Sequence[DelegateGraph[OperatorT]], cuts: Sequence[Sequence[Sequence[int]]]
) -> Iterable[Partition]:
    numbered = ((graph, operators) for graph, cut in zip(graphs, cuts, strict=True) for operators in cut)
    for index, (graph, operators) in enumerate(numbered):
        yield describe_partition(graph.subgraph, graph.wiring, graph.number, index, operators)


def _placements(
    graphs: Sequence[DelegateGraph[OperatorT]],
    delegate: DelegateRules[OperatorT, ReleaseT],
    decision: _Decision[ReleaseT],
    partitions: Sequence[Partition],
    later: Sequence[_Decision[ReleaseT]],
) -> Iterable[OperatorPlacement]:
    partition_of = {OperatorId(cut.subgraph, index): cut.index for cut in partitions for index in cut.operators}
    accepted = delegate.acceptance(decision.release)
    operators = (operator for graph in graphs for operator in graph.operators)
    for (place, finding), operator in zip(decision.findings.items(), operators, strict=True):
        if finding is None:
            note = delegate.note(operator)
            yield OperatorPlacement(place, Unit.NPU, accepted, partition_of.get(place), note=note)
            continue
        unit = Unit.UNKNOWN if finding.rule.kind is RuleKind.UNKNOWN else Unit.CPU
        finding = replace(finding, remedies=_with_version(_lifting(delegate, place, later), finding.remedies))
        yield OperatorPlacement(place, unit, finding.evidence, None, finding)


def _lifting(
    delegate: DelegateRules[OperatorT, ReleaseT], place: OperatorId, later: Sequence[_Decision[ReleaseT]]
) -> Remedy | None:
    """Return the first later release that takes the operator, preferring one without a hazard there."""
    taking = [decision for decision in later if decision.findings[place] is None]
    if not taking:
        return None
    best = next((decision for decision in taking if place not in decision.hazards_of), taking[0])
    rules = dict.fromkeys(best.hazards_of.get(place, ()))
    return delegate.version_remedy(best.release, f"takes it, but see {', '.join(rules)} there" if rules else "takes it")


def _harmless(
    delegate: DelegateRules[OperatorT, ReleaseT], hazard: Hazard, later: Sequence[_Decision[ReleaseT]]
) -> Remedy | None:
    """Return the first later release that does not have the hazard."""
    for decision in later:
        if hazard.rule.id in decision.hazards_of.get(hazard.culprit, ()):
            continue
        finding = decision.findings[hazard.culprit]
        if finding is not None and finding.rule.kind is RuleKind.UNKNOWN:
            continue
        what = "does not have this hazard" if finding is None else "leaves the operator on the CPU"
        return delegate.version_remedy(decision.release, what)
    return None


def _with_version(version: Remedy | None, remedies: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    """Return `remedies` with `version` in place of the rule's general version remedy."""
    others = tuple(remedy for remedy in remedies if remedy.kind is not RemedyKind.VERSION)
    if version is None:
        return others or (NO_REMEDY,)
    return (version, *(remedy for remedy in others if remedy.kind is not RemedyKind.NONE))
