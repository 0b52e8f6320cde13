"""What a hazard looks at (a placed graph), and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from npufit.stacks.delegates import PlacedGraph, hazard_at
from npufit.stacks.hazard import hazard_rule
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule
from npufit.stacks.vx.releases import Bsp, Generation, describe
from npufit.stacks.vx.vx_operator import VxOperator

_SET_UP_WAS_RUN = ((6, 6, 3), (6, 6, 23), (6, 6, 36))
"""The BSPs whose graph building was run; 6.6.23 and 6.6.36 were run with the TIM-VX on which NXP's is based."""


@dataclass(frozen=True, slots=True)
class VxGraph(PlacedGraph[VxOperator, Bsp]):
    """A placed graph on one BSP."""

    def leaves(self, producer: VxOperator, tensor: int) -> bool:
        """Return whether `tensor`, which `producer` writes, is an output of its partition."""
        return bool(self.readers_outside(producer, tensor)) or tensor in self.subgraph.outputs

    def set_up_evidence(self, otherwise: Evidence) -> Evidence:
        """Return the evidence for what happens at the first Invoke: run for this BSP, or `otherwise`."""
        return Evidence.EXECUTED if self.release.number in _SET_UP_WAS_RUN else otherwise


Detector = Callable[[VxGraph], Iterator[Hazard]]


def vx_hazard(
    rule_id: str,
    statement: str,
    safe: str,
    why: str,
    example: str,
    generations: frozenset[Generation],
    source: str,
    effect: Effect,
    *,
    rewrite: str = "",
    experiment: str = "",
    evidence: Evidence = Evidence.SOURCE,
    versions: str = "",
) -> Rule:
    """Return the rule of a hazard; `safe` says when it does not apply, `versions` overrides `generations`."""
    remedies: list[Remedy] = []
    if rewrite:
        remedies.append(Remedy(RemedyKind.REWRITE, rewrite))
    if experiment:
        remedies.append(Remedy(RemedyKind.EXPERIMENT, experiment))
    return hazard_rule(
        rule_id,
        statement,
        safe,
        why,
        example,
        versions=versions or describe(generations),
        source=source,
        remedies=remedies,
        evidence=evidence,
        effects=(effect,),
    )


def report(
    graph: VxGraph,
    rule: Rule,
    site: VxOperator,
    message: str,
    found: str,
    *,
    others: Sequence[int] = (),
    tensor: int | None = None,
    evidence: Evidence | None = None,
) -> Hazard:
    """Return the hazard of `rule` at `site`, with other operators concerned; default tensor: the first output.

    On a BSP that was not read it is inferred, whatever `evidence` says.
    """
    if graph.release.evidence is Evidence.INFERRED:
        evidence = Evidence.INFERRED
    return hazard_at(graph, rule, site, message, found, others=others, tensor=tensor, evidence=evidence)
