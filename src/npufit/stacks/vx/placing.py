"""Placement by the delegate's rules: decide each operator, let TensorFlow Lite cut the graph, look for hazards.

All later generations are decided as well, because each finding and hazard names the release that removes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from npufit.graph import Model, OperatorId, Subgraph, Wiring, wire
from npufit.stacks.partitioning import describe_partition, partition_epochs
from npufit.stacks.placement import Hazard, OperatorPlacement, Partition, Unit
from npufit.stacks.rule import NO_REMEDY, Evidence, Finding, Remedy, RemedyKind
from npufit.stacks.vx.check import finding_of
from npufit.stacks.vx.engines import engine_note
from npufit.stacks.vx.hazards import PlacedGraph, find_hazards
from npufit.stacks.vx.releases import BSPS, Bsp, Generation, first_of
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
    """The parts that do not depend on the release: a subgraph, its wiring and its operators."""

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
    """The partitions of each subgraph, as operator indices."""
    hazards: tuple[Hazard, ...]
    hazards_of: dict[OperatorId, tuple[str, ...]]
    """The hazards' rules by the operator at fault."""


def place_by_rules(model: Model, bsp: Bsp) -> Placed:
    """Return the placement of `model` by the rules of `bsp`, with the releases that remove each finding."""
    graphs = [
        _Graph(number, subgraph, wire(subgraph), sites_of(subgraph)) for number, subgraph in enumerate(model.subgraphs)
    ]
    outcome = _decide_all(graphs, bsp)
    partitions = _describe(graphs, outcome)
    partition_of = {OperatorId(cut.subgraph, index): cut.index for cut in partitions for index in cut.operators}
    later: list[_Outcome] = []
    if outcome.hazards or any(outcome.findings):
        later = [_decide_all(graphs, other) for other in _offered(bsp)]
    accepted = Evidence.INFERRED if bsp.evidence is Evidence.INFERRED else Evidence.SOURCE
    operators: list[OperatorPlacement] = []
    sites = [(graph.number, site) for graph in graphs for site in graph.sites]
    for position, ((number, site), finding) in enumerate(zip(sites, outcome.findings, strict=True)):
        place = OperatorId(number, site.index)
        if finding is None:
            note = engine_note(site)
            operators.append(OperatorPlacement(place, Unit.NPU, accepted, partition_of.get(place), note=note))
            continue
        finding = replace(finding, remedies=_with_version(_lifting(place, position, later), finding.remedies))
        operators.append(OperatorPlacement(place, Unit.CPU, finding.evidence, None, finding))
    position_of = {OperatorId(number, site.index): position for position, (number, site) in enumerate(sites)}
    hazards = [
        replace(hazard, remedies=_with_version(_harmless(hazard, position_of, later), hazard.remedies))
        for hazard in outcome.hazards
    ]
    return Placed(tuple(operators), tuple(partitions), tuple(hazards))


def refusals(subgraph: Subgraph, bsp: Bsp) -> list[tuple[Finding, str] | None]:
    """Return for each operator why it is refused and the line of its check, None if it is accepted."""
    dynamic = find_dynamic(subgraph) if bsp.generation in STATIC_ONLY else None
    if dynamic is not None:
        return [(finding_of(DYNAMIC_GRAPH, dynamic, bsp, executed=False), "") for _ in subgraph.operators]
    return [decide(site, bsp) for site in sites_of(subgraph)]


def _offered(bsp: Bsp) -> list[Bsp]:
    """Return the first BSP of each later generation, and the first one after those that were read."""
    later = [first_of(generation) for generation in Generation if generation > bsp.generation]
    unread = next(other for other in BSPS if other.evidence is Evidence.INFERRED)
    return [*later, unread] if bsp.number < unread.number else later


def _decide_all(graphs: Sequence[_Graph], bsp: Bsp) -> _Outcome:
    findings: list[Finding | None] = []
    cuts: list[tuple[list[int], ...]] = []
    hazards: list[Hazard] = []
    for graph in graphs:
        here = [None if refused is None else refused[0] for refused in refusals(graph.subgraph, bsp)]
        cut = tuple(partition_epochs(graph.subgraph, [finding is None for finding in here]))
        partition_of: list[int | None] = [None] * len(here)
        for number, operators in enumerate(cut):
            for index in operators:
                partition_of[index] = number
        hazards += find_hazards(PlacedGraph(graph.subgraph, graph.number, graph.wiring, graph.sites, partition_of, bsp))
        cuts.append(cut)
        findings += here
    hazards_of: dict[OperatorId, tuple[str, ...]] = {}
    for hazard in hazards:
        hazards_of[hazard.culprit] = (*hazards_of.get(hazard.culprit, ()), hazard.rule.id)
    return _Outcome(bsp, tuple(findings), tuple(cuts), tuple(hazards), hazards_of)


def _describe(graphs: Sequence[_Graph], outcome: _Outcome) -> list[Partition]:
    partitions: list[Partition] = []
    for graph, cut in zip(graphs, outcome.cuts, strict=True):
        for operators in cut:
            partitions.append(
                describe_partition(graph.subgraph, graph.wiring, graph.number, len(partitions), operators)
            )
    return partitions


def _lifting(place: OperatorId, position: int, later: Sequence[_Outcome]) -> Remedy | None:
    """Return the first later release that takes the operator, preferring one without a hazard there."""
    taking = [outcome for outcome in later if outcome.findings[position] is None]
    if not taking:
        return None
    best = next((outcome for outcome in taking if place not in outcome.hazards_of), taking[0])
    rules = best.hazards_of.get(place, ())
    return version_remedy(best.bsp, f"takes it, but see {', '.join(rules)} there" if rules else "takes it")


def _harmless(hazard: Hazard, position_of: Mapping[OperatorId, int], later: Sequence[_Outcome]) -> Remedy | None:
    """Return the first later release that does not have the hazard."""
    for outcome in later:
        if hazard.rule.id not in outcome.hazards_of.get(hazard.culprit, ()):
            refused = outcome.findings[position_of[hazard.culprit]] is not None
            what = "leaves the operator on the CPU" if refused else "does not have this hazard"
            return version_remedy(outcome.bsp, what)
    return None


def version_remedy(bsp: Bsp, what: str) -> Remedy:
    """Return a BSP as the way out; `what` says how it is better."""
    return Remedy(RemedyKind.VERSION, f"BSP {bsp.label} {what}", f"{_CHIP}/vx@{bsp.label}")


def _with_version(version: Remedy | None, remedies: tuple[Remedy, ...]) -> tuple[Remedy, ...]:
    if version is None:
        return remedies or (NO_REMEDY,)
    return (version, *(remedy for remedy in remedies if remedy.kind is not RemedyKind.NONE))
