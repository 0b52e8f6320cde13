"""Placement by Teflon's rules: decide each operator, cut the graph, look for hazards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.graph import Model, Subgraph, wire
from npufit.stacks.partitioning import describe_partition, partition_epochs
from npufit.stacks.placement import Hazard, OperatorPlacement, Partition, Unit
from npufit.stacks.rule import Evidence, Finding, Remedy, RemedyKind, RuleKind
from npufit.stacks.teflon import frontend
from npufit.stacks.teflon.drivers import Driver
from npufit.stacks.teflon.hazards import PlacedGraph, find_hazards
from npufit.stacks.teflon.node import Node
from npufit.stacks.teflon.release import Release


@dataclass(frozen=True, slots=True)
class Placed:
    """What Teflon of one release does with a model."""

    operators: tuple[OperatorPlacement, ...]
    partitions: tuple[Partition, ...]
    hazards: tuple[Hazard, ...]


def place_by_rules(model: Model, chip: str, driver: Driver, release: Release) -> Placed:
    """Return the placement of `model` by the rules of `release`, with the releases that lift each finding."""
    placed = _place(model, driver, release)
    later = [other for other in Release if other > release]
    operators = tuple(
        _with_lifting_release(operator, model, chip, driver, later) if operator.finding else operator
        for operator in placed.operators
    )
    hazards = placed.hazards
    if hazards:
        others = [(other, _place(model, driver, other)) for other in _offered(later)]
        hazards = tuple(_with_harmless_release(hazard, chip, others) for hazard in hazards)
    return replace(placed, operators=operators, hazards=hazards)


def decide(node: Node, driver: Driver, release: Release) -> Finding | None:
    """Return why the operator does not run on the NPU, None where it does."""
    for check in frontend.CHECKS:
        finding = check.apply(node, release)
        if finding is None:
            continue
        if finding.rule is frontend.UNMAPPED and release is Release.MAIN and driver.refuse(node, release) is None:
            unread = frontend.MAIN_UNREAD
            return Finding(unread, unread.limit, node.type, unread.remedies, unread.evidence, unread.source)
        return finding
    return driver.refuse(node, release)


def _place(model: Model, driver: Driver, release: Release) -> Placed:
    operators: list[OperatorPlacement] = []
    partitions: list[Partition] = []
    hazards: list[Hazard] = []
    for number, subgraph in enumerate(model.subgraphs):
        findings = [decide(Node(subgraph, index), driver, release) for index in range(len(subgraph.operators))]
        here = _partitions(subgraph, number, len(partitions), [finding is None for finding in findings])
        partition_of: list[int | None] = [None] * len(subgraph.operators)
        for partition in here:
            for index in partition.operators:
                partition_of[index] = partition.index
        operators += [
            _operator_placement(number, index, finding, partition_of[index], driver, release)
            for index, finding in enumerate(findings)
        ]
        graph = PlacedGraph(subgraph, number, wire(subgraph), tuple(partition_of), release)
        hazards += find_hazards(graph, driver.name)
        partitions += here
    return Placed(tuple(operators), tuple(partitions), tuple(hazards))


def _partitions(subgraph: Subgraph, number: int, first: int, supported: Sequence[bool]) -> list[Partition]:
    wiring = wire(subgraph)
    return [
        describe_partition(subgraph, wiring, number, first + offset, operators)
        for offset, operators in enumerate(partition_epochs(subgraph, supported))
    ]


def _operator_placement(
    number: int, index: int, finding: Finding | None, partition: int | None, driver: Driver, release: Release
) -> OperatorPlacement:
    if finding is None:
        evidence = Evidence.SOURCE if _was_read(driver, release) else Evidence.INFERRED
        return OperatorPlacement(number, index, Unit.NPU, evidence, partition)
    unit = Unit.UNKNOWN if finding.rule.kind is RuleKind.UNKNOWN else Unit.CPU
    return OperatorPlacement(number, index, unit, finding.evidence, None, finding)


def _was_read(driver: Driver, release: Release) -> bool:
    """Return whether acceptance was read in the source of both frontend and driver."""
    return release in frontend.READ and any(release in check.read_in for check in driver.checks)


def _with_lifting_release(
    operator: OperatorPlacement, model: Model, chip: str, driver: Driver, later: Sequence[Release]
) -> OperatorPlacement:
    """Return `operator` with the first later release that takes it as its first remedy."""
    finding = operator.finding
    assert finding is not None
    node = Node(model.subgraphs[operator.subgraph], operator.index)
    lifting = next((release for release in _offered(later) if decide(node, driver, release) is None), None)
    remedies = tuple(remedy for remedy in finding.remedies if remedy.kind is not RemedyKind.VERSION)
    if lifting is not None:
        remedies = (_version_remedy(chip, lifting, "takes it"), *remedies)
    return replace(operator, finding=replace(finding, remedies=remedies))


def _with_harmless_release(hazard: Hazard, chip: str, later: Sequence[tuple[Release, Placed]]) -> Hazard:
    """Return `hazard` with the first later release that does not have it as its first remedy."""
    remedies = tuple(remedy for remedy in hazard.remedies if remedy.kind is not RemedyKind.VERSION)
    for release, placed in later:
        if any(_is_same(hazard, other) for other in placed.hazards):
            continue
        on_npu = any(
            (operator.subgraph, operator.index, operator.unit) == (hazard.subgraph, hazard.operators[0], Unit.NPU)
            for operator in placed.operators
        )
        what = "does not have this hazard" if on_npu else "leaves the operator on the CPU"
        return replace(hazard, remedies=(_version_remedy(chip, release, what), *remedies))
    return replace(hazard, remedies=remedies)


def _offered(releases: Sequence[Release]) -> list[Release]:
    """Return the releases worth going to: 26.2.0 is left out, 26.2.2 followed it with fixes only."""
    return [release for release in releases if release is not Release.M26_2_0]


def _is_same(first: Hazard, second: Hazard) -> bool:
    return (first.rule.id, first.subgraph, first.operators[0]) == (
        second.rule.id,
        second.subgraph,
        second.operators[0],
    )


def _version_remedy(chip: str, release: Release, what: str) -> Remedy:
    name = "Mesa's main branch (unreleased)" if release is Release.MAIN else f"Mesa {release.label}"
    return Remedy(RemedyKind.VERSION, f"{name} {what}", f"{chip}/teflon@{release.label}")
