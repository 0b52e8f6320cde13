"""What Teflon with one of its drivers does with an operator, release by release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npufit.graph import Subgraph
from npufit.stacks.delegates import DelegateGraph
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Evidence, Finding, Remedy, RemedyKind
from npufit.stacks.teflon import frontend
from npufit.stacks.teflon.drivers import Driver
from npufit.stacks.teflon.hazards import find_hazards, teflon_graph
from npufit.stacks.teflon.node import Node, nodes_of
from npufit.stacks.teflon.release import Release


@dataclass(frozen=True, slots=True)
class TeflonDelegate:
    """Mesa's Teflon delegate with the driver of a chip's NPU."""

    chip: str
    driver: Driver

    def read(self, subgraph: Subgraph) -> tuple[Node, ...]:
        """Return every operator of `subgraph` as Teflon's rules read it."""
        return nodes_of(subgraph)

    def refusals(self, graph: DelegateGraph[Node], release: Release) -> list[Finding | None]:
        """Return for each operator why it does not run on the NPU, None if it does."""
        return [decide(node, self.driver, release) for node in graph.operators]

    def hazards(
        self, graph: DelegateGraph[Node], partition_of: Sequence[int | None], release: Release
    ) -> Iterator[Hazard]:
        """Return the hazards of the graph, cut into partitions."""
        return find_hazards(teflon_graph(graph, partition_of, self.driver.name, release))

    def later(self, release: Release) -> list[Release]:
        """Return the later releases worth moving to, without 26.2.0, because 26.2.2 added only fixes to it."""
        return [other for other in Release if other > release and other is not Release.M26_2_0]

    def acceptance(self, release: Release) -> Evidence:
        """Return whether acceptance was read in the source of both frontend and driver."""
        was_read = release in frontend.READ and any(release in check.read_in for check in self.driver.checks)
        return Evidence.SOURCE if was_read else Evidence.INFERRED

    def note(self, operator: Node) -> str:
        """Return nothing: every accepted operator runs on the NPU's own units."""
        return ""

    def version_remedy(self, release: Release, what: str) -> Remedy:
        """Return `release` as a way out; `what` says how it is better."""
        name = f"Mesa {release.label}"
        if release is Release.MAIN:
            name = "Mesa's main branch (unreleased; its frontend was not read)"
        return Remedy(RemedyKind.VERSION, f"{name} {what}", f"{self.chip}/teflon@{release.label}")


def decide(node: Node, driver: Driver, release: Release) -> Finding | None:
    """Return why the operator does not run on the NPU, None if it does."""
    for check in frontend.CHECKS:
        finding = check.apply(node, release)
        if finding is None:
            continue
        if finding.rule is frontend.UNMAPPED and release is Release.MAIN and driver.implements(node, release):
            # Whatever main's frontend does, what its driver refuses stays on the CPU.
            return driver.refuse(node, release) or frontend.MAIN_UNREAD.finding(node.type)
        return finding
    return driver.refuse(node, release)
