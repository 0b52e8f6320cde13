"""Placement by the delegate's rules: decide each operator, let TensorFlow Lite cut the graph, look for hazards.

All later generations are decided as well, because each finding and hazard names the release that lifts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.graph import Model, Subgraph, Wiring, wire
from npufit.stacks.partitioning import describe_partition, partition_epochs
from npufit.stacks.placement import Hazard, OperatorPlacement, Partition, Unit
from npufit.stacks.rule import NO_REMEDY, Evidence, Finding, Remedy, RemedyKind
from npufit.stacks.vx.check import finding_of
from npufit.stacks.vx.engines import engine_note
from npufit.stacks.vx.releases import Bsp, Generation, first_of
from npufit.stacks.vx.rules import decide
from npufit.stacks.vx.rules.dynamic import DYNAMIC_GRAPH, STATIC_ONLY, find_dynamic
from npufit.stacks.vx.site import Site, sites_of

_CHIP = "imx8mp"


@dataclass(frozen=True, slots=True)
class Placed:
    """What the delegate of one BSP does with a model."""

    operators: tuple[OperatorPlacement, ...]
    partitions: tuple[Partition, ...]
    hazards: tuple[Hazard, ...]


@dataclass(frozen=True, slots=True)
class _Graph:
    """What does not depend on the release: a subgraph, its wiring and its operators."""

    number: int
    subgraph: Subgraph
    wiring: Wiring
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one BSP does with every operator, in the order of subgraphs and operators."""

    bsp: Bsp
    findings: tuple[Finding | None, ...]
    cuts: tuple[tuple[list[int], ...], ...]
    hazards: tuple[Hazard, ...]


def place_by_rules(model: Model, bsp: Bsp) -> Placed:
    """Return the placement of `model` by the rules of `bsp`, with the releases that lift each finding."""
    graphs = [
        _Graph(number, subgraph, wire(subgraph), sites_of(subgraph)) for number, subgraph in enumerate(model.subgraphs)
    ]
    outcome = _decide_all(graphs, bsp)
    partitions = _describe(graphs, outcome)
    partition_of = {(cut.subgraph, index): cut.index for cut in partitions for index in cut.operators}
    later: list[_Outcome] = []
    if outcome.hazards or any(outcome.findings):
        later = [_decide_all(graphs, first_of(other)) for other in Generation if other > bsp.generation]
    accepted = Evidence.INFERRED if bsp.evidence is Evidence.INFERRED else Evidence.SOURCE
    operators: list[OperatorPlacement] = []
    sites = [(graph.number, site) for graph in graphs for site in graph.sites]
    for position, ((number, site), finding) in enumerate(zip(sites, outcome.findings, strict=True)):
        place = number, site.index
        if finding is None:
            note = engine_note(site)
            operators.append(OperatorPlacement(*place, Unit.NPU, accepted, partition_of.get(place), note=note))
            continue
        finding = replace(finding, remedies=_with_version(_lifting(position, later), finding.remedies))
        operators.append(OperatorPlacement(*place, Unit.CPU, finding.evidence, None, finding))
    return Placed(tuple(operators), tuple(partitions), outcome.hazards)


def refusals(subgraph: Subgraph, bsp: Bsp) -> list[tuple[Finding, str] | None]:
    """Return for each operator why it is refused and the line of its check, None for those that are taken."""
    dynamic = find_dynamic(subgraph) if bsp.generation in STATIC_ONLY else None
    if dynamic is not None:
        return [(finding_of(DYNAMIC_GRAPH, dynamic, bsp, executed=False), "") for _ in subgraph.operators]
    return [decide(site, bsp) for site in sites_of(subgraph)]


def _decide_all(graphs: Sequence[_Graph], bsp: Bsp) -> _Outcome:
    findings: list[Finding | None] = []
    cuts: list[tuple[list[int], ...]] = []
    for graph in graphs:
        here = [None if refused is None else refused[0] for refused in refusals(graph.subgraph, bsp)]
        cuts.append(tuple(partition_epochs(graph.subgraph, [finding is None for finding in here])))
        findings += here
    return _Outcome(bsp, tuple(findings), tuple(cuts), ())


def _describe(graphs: Sequence[_Graph], outcome: _Outcome) -> list[Partition]:
    partitions: list[Partition] = []
    for graph, cut in zip(graphs, outcome.cuts, strict=True):
        for operators in cut:
            partitions.append(
                describe_partition(graph.subgraph, graph.wiring, graph.number, len(partitions), operators)
            )
    return partitions


def _lifting(position: int, later: Sequence[_Outcome]) -> Remedy | None:
    """Return the first later release that takes the operator."""
    taking = next((outcome.bsp for outcome in later if outcome.findings[position] is None), None)
    return None if taking is None else version_remedy(taking, "takes it")


def version_remedy(bsp: Bsp, what: str) -> Remedy:
    """Return a BSP as the way out; `what` says what it does better."""
    return Remedy(RemedyKind.VERSION, f"BSP {bsp.label} {what}", f"{_CHIP}/vx@{bsp.label}")


def _with_version(version: Remedy | None, remedies: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    if version is None:
        return remedies or (NO_REMEDY,)
    return (version, *(remedy for remedy in remedies if remedy.kind is not RemedyKind.NONE))
