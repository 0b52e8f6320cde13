"""Placement by Teflon's rules: decide each operator, cut the graph, look for hazards.

All later releases are decided as well, because each finding and hazard names the release that removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.graph import Model, OperatorId, Subgraph, Wiring, wire
from npufit.stacks.partitioning import describe_partition, partition_epochs
from npufit.stacks.placement import Hazard, OperatorPlacement, Partition, Unit
from npufit.stacks.rule import NO_REMEDY, Evidence, Finding, Remedy, RemedyKind, RuleKind
from npufit.stacks.teflon import frontend
from npufit.stacks.teflon.drivers import Driver
from npufit.stacks.teflon.hazards import find_hazards, place_graph
from npufit.stacks.teflon.node import Node, nodes_of
from npufit.stacks.teflon.release import Release


@dataclass(frozen=True, slots=True)
class Placed:
    """What Teflon of one release does with a model; `accepted` are the operators on the NPU."""

    operators: tuple[OperatorPlacement, ...]
    partitions: tuple[Partition, ...]
    hazards: tuple[Hazard, ...]
    accepted: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _Graph:
    """The parts that do not depend on the release: a subgraph, its wiring and its operators."""

    number: int
    subgraph: Subgraph
    wiring: Wiring
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one release does with every operator, in the order of subgraphs and operators."""

    release: Release
    findings: tuple[Finding | None, ...]
    cuts: tuple[tuple[list[int], ...], ...]
    """The partitions of each subgraph, as operator indices."""
    hazards: tuple[Hazard, ...]
    hazards_of: dict[OperatorId, tuple[str, ...]]
    """The hazards' rules by the operator at fault."""


def place_by_rules(model: Model, chip: str, driver: Driver, release: Release) -> Placed:
    """Return the placement of `model` by the rules of `release`, with the releases that remove each finding."""
    graphs = [
        _Graph(number, subgraph, wire(subgraph), nodes_of(subgraph)) for number, subgraph in enumerate(model.subgraphs)
    ]
    outcome = _decide_all(graphs, driver, release)
    partitions = _describe(graphs, outcome)
    later: list[_Outcome] = []
    if outcome.hazards or any(outcome.findings):
        later = [_decide_all(graphs, driver, other) for other in _offered(release)]
    partition_of = {
        OperatorId(partition.subgraph, index): partition.index
        for partition in partitions
        for index in partition.operators
    }
    places = [OperatorId(graph.number, node.index) for graph in graphs for node in graph.nodes]
    position_of = {place: position for position, place in enumerate(places)}
    accepted = Evidence.SOURCE if _was_read(driver, release) else Evidence.INFERRED
    operators: list[OperatorPlacement] = []
    for position, (place, finding) in enumerate(zip(places, outcome.findings, strict=True)):
        if finding is None:
            operators.append(OperatorPlacement(place, Unit.NPU, accepted, partition_of.get(place)))
            continue
        unit = Unit.UNKNOWN if finding.rule.kind is RuleKind.UNKNOWN else Unit.CPU
        finding = replace(finding, remedies=_with_version(_lifting(chip, place, position, later), finding.remedies))
        operators.append(OperatorPlacement(place, unit, finding.evidence, None, finding))
    hazards = [
        replace(hazard, remedies=_with_version(_harmless(chip, hazard, position_of, later), hazard.remedies))
        for hazard in outcome.hazards
    ]
    nodes = (node for graph in graphs for node in graph.nodes)
    taken = tuple(node for node, finding in zip(nodes, outcome.findings, strict=True) if finding is None)
    return Placed(tuple(operators), tuple(partitions), tuple(hazards), taken)


def decide(node: Node, driver: Driver, release: Release) -> Finding | None:
    """Return why the operator does not run on the NPU, None if it does."""
    for check in frontend.CHECKS:
        finding = check.apply(node, release)
        if finding is None:
            continue
        if finding.rule is frontend.UNMAPPED and release is Release.MAIN and driver.implements(node, release):
            # Whatever main's frontend does, what its driver refuses stays on the CPU.
            unread = frontend.MAIN_UNREAD
            return driver.refuse(node, release) or Finding(
                unread, unread.limit, node.type, unread.remedies, unread.evidence, unread.source
            )
        return finding
    return driver.refuse(node, release)


def _decide_all(graphs: Sequence[_Graph], driver: Driver, release: Release) -> _Outcome:
    findings: list[Finding | None] = []
    cuts: list[tuple[list[int], ...]] = []
    hazards: list[Hazard] = []
    for graph in graphs:
        here = [decide(node, driver, release) for node in graph.nodes]
        cut = tuple(partition_epochs(graph.subgraph, [finding is None for finding in here]))
        partition_of: list[int | None] = [None] * len(here)
        for number, operators in enumerate(cut):
            for index in operators:
                partition_of[index] = number
        placed = place_graph(
            graph.subgraph, graph.number, graph.wiring, graph.nodes, partition_of, driver.name, release
        )
        hazards += find_hazards(placed)
        findings += here
        cuts.append(cut)
    hazards_of: dict[OperatorId, tuple[str, ...]] = {}
    for hazard in hazards:
        hazards_of[hazard.culprit] = (*hazards_of.get(hazard.culprit, ()), hazard.rule.id)
    return _Outcome(release, tuple(findings), tuple(cuts), tuple(hazards), hazards_of)


def _describe(graphs: Sequence[_Graph], outcome: _Outcome) -> list[Partition]:
    partitions: list[Partition] = []
    for graph, cut in zip(graphs, outcome.cuts, strict=True):
        for operators in cut:
            partitions.append(
                describe_partition(graph.subgraph, graph.wiring, graph.number, len(partitions), operators)
            )
    return partitions


def _was_read(driver: Driver, release: Release) -> bool:
    """Return whether acceptance was read in the source of both frontend and driver."""
    return release in frontend.READ and any(release in check.read_in for check in driver.checks)


def _offered(release: Release) -> list[Release]:
    """Return the later releases worth moving to, without 26.2.0, because 26.2.2 added only fixes to it."""
    return [other for other in Release if other > release and other is not Release.M26_2_0]


def _lifting(chip: str, place: OperatorId, position: int, later: Sequence[_Outcome]) -> Remedy | None:
    """Return the first later release that takes the operator, preferring one without a hazard there."""
    taking = [outcome for outcome in later if outcome.findings[position] is None]
    if not taking:
        return None
    best = next((outcome for outcome in taking if place not in outcome.hazards_of), taking[0])
    rules = dict.fromkeys(best.hazards_of.get(place, ()))
    return _version_remedy(chip, best.release, f"takes it, but see {', '.join(rules)} there" if rules else "takes it")


def _harmless(
    chip: str, hazard: Hazard, position_of: dict[OperatorId, int], later: Sequence[_Outcome]
) -> Remedy | None:
    """Return the first later release that does not have the hazard."""
    for outcome in later:
        if hazard.rule.id in outcome.hazards_of.get(hazard.culprit, ()):
            continue
        finding = outcome.findings[position_of[hazard.culprit]]
        if finding is not None and finding.rule.kind is RuleKind.UNKNOWN:
            continue
        what = "does not have this hazard" if finding is None else "leaves the operator on the CPU"
        return _version_remedy(chip, outcome.release, what)
    return None


def _with_version(version: Remedy | None, remedies: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    """Return `remedies` with `version` in place of the rule's general version remedy."""
    others = tuple(remedy for remedy in remedies if remedy.kind is not RemedyKind.VERSION)
    if version is None:
        return others or (NO_REMEDY,)
    return (version, *(remedy for remedy in others if remedy.kind is not RemedyKind.NONE))


def _version_remedy(chip: str, release: Release, what: str) -> Remedy:
    name = f"Mesa {release.label}"
    if release is Release.MAIN:
        name = "Mesa's main branch (unreleased; its frontend was not read)"
    return Remedy(RemedyKind.VERSION, f"{name} {what}", f"{chip}/teflon@{release.label}")
