"""What the delegate of a BSP does with an operator, release by release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.graph import Subgraph
from npufit.stacks.delegates import DelegateGraph
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Evidence, Finding, Remedy, RemedyKind
from npufit.stacks.vx.check import finding_of
from npufit.stacks.vx.engines import engine_note
from npufit.stacks.vx.hazards import VxGraph, find_hazards
from npufit.stacks.vx.releases import BSPS, Bsp, Generation, first_of
from npufit.stacks.vx.rules import decide
from npufit.stacks.vx.rules.dynamic import DYNAMIC_GRAPH, STATIC_ONLY, find_dynamic
from npufit.stacks.vx.vx_operator import VxOperator, vx_operators


@dataclass(frozen=True, slots=True)
class VxDelegate:
    """VeriSilicon's VX delegate as NXP ships it for a chip."""

    chip: str

    def read(self, subgraph: Subgraph) -> tuple[VxOperator, ...]:
        """Return every operator of `subgraph` as the delegate's rules read it."""
        return vx_operators(subgraph)

    def refusals(self, graph: DelegateGraph[VxOperator], release: Bsp) -> list[Finding | None]:
        """Return for each operator why it does not run on the NPU, None if it does."""
        return [None if refused is None else refused[0] for refused in refusals(graph.subgraph, release)]

    def hazards(
        self, graph: DelegateGraph[VxOperator], partition_of: Sequence[int | None], release: Bsp
    ) -> Iterator[Hazard]:
        """Return the hazards of the graph, cut into partitions."""
        return find_hazards(VxGraph(graph.number, graph.subgraph, graph.wiring, graph.operators, partition_of, release))

    def later(self, release: Bsp) -> list[Bsp]:
        """Return the first BSP of each later generation, and the first one after those that were read."""
        later = [first_of(generation) for generation in Generation if generation > release.generation]
        unread = next(other for other in BSPS if other.evidence is Evidence.INFERRED)
        return [*later, unread] if release.number < unread.number else later

    def acceptance(self, release: Bsp) -> Evidence:
        """Return whether acceptance was read in the source of `release`."""
        return Evidence.INFERRED if release.evidence is Evidence.INFERRED else Evidence.SOURCE

    def note(self, operator: VxOperator) -> str:
        """Return which of the NPU's engines the operator runs on, empty for its arithmetic units."""
        return engine_note(operator)

    def version_remedy(self, release: Bsp, what: str) -> Remedy:
        """Return a BSP as the way out; `what` says how it is better."""
        return Remedy(RemedyKind.VERSION, f"BSP {release.label} {what}", f"{self.chip}/vx@{release.label}")


def refusals(subgraph: Subgraph, bsp: Bsp) -> list[tuple[Finding, str] | None]:
    """Return for each operator why it is refused and the line of its check, None if it is accepted."""
    dynamic = find_dynamic(subgraph) if bsp.generation in STATIC_ONLY else None
    if dynamic is not None:
        return [(finding_of(DYNAMIC_GRAPH, dynamic, bsp, executed=False), "") for _ in subgraph.operators]
    return [decide(site, bsp) for site in vx_operators(subgraph)]
