"""What a hazard looks at (a placed graph), and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, Subgraph, Tensor, Wiring
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import NO_REMEDY, Effect, Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.vx.releases import Bsp, Generation, describe
from npufit.stacks.vx.site import Site

_SET_UP_WAS_RUN = ((6, 6, 3), (6, 6, 23), (6, 6, 36))
"""The BSPs whose graph building was run; 6.6.23 and 6.6.36 were run with the TIM-VX on which NXP's is based."""


@dataclass(frozen=True, slots=True)
class PlacedGraph:
    """A subgraph with the partition of each operator (None: on the CPU) on one BSP."""

    subgraph: Subgraph
    number: int
    wiring: Wiring
    sites: Sequence[Site]
    partition_of: Sequence[int | None]
    bsp: Bsp

    def accepted(self, *types: str) -> Iterator[Site]:
        """Yield the operators on the NPU, of the given types only if any are given."""
        for site in self.sites:
            if self.partition_of[site.index] is not None and (not types or site.type in types):
                yield site

    def producer_inside(self, site: Site, tensor: int) -> Site | None:
        """Return the operator of the same partition that computes `tensor`, None if it comes from outside."""
        producer = None if tensor == NO_TENSOR else self.wiring.producer[tensor]
        if producer is None or self.partition_of[producer] != self.partition_of[site.index]:
            return None
        return self.sites[producer]

    def readers_inside(self, site: Site, tensor: int) -> tuple[Site, ...]:
        """Return the operators of the same partition that read `tensor`, which `site` writes."""
        partition = self.partition_of[site.index]
        return tuple(self.sites[one] for one in self.wiring.consumers[tensor] if self.partition_of[one] == partition)

    def leaves(self, site: Site, tensor: int) -> bool:
        """Return whether `tensor`, which `site` writes, is an output of its partition."""
        partition = self.partition_of[site.index]
        outside = any(self.partition_of[reader] != partition for reader in self.wiring.consumers[tensor])
        return outside or tensor in self.subgraph.outputs

    def set_up_evidence(self, otherwise: Evidence) -> Evidence:
        """Return the evidence for what happens at the first Invoke: run for this BSP, or `otherwise`."""
        return Evidence.EXECUTED if self.bsp.number in _SET_UP_WAS_RUN else otherwise

    def tensor(self, index: int) -> Tensor:
        """Return the tensor at `index`."""
        return self.subgraph.tensors[index]


Detector = Callable[[PlacedGraph], Iterator[Hazard]]


def hazard_rule(
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
    return Rule(
        id=rule_id,
        kind=RuleKind.HAZARD,
        stage=Stage.EXECUTION,
        statement=statement,
        limit=safe,
        why=why,
        example=example,
        remedies=tuple(remedies) or (NO_REMEDY,),
        versions=versions or describe(generations),
        evidence=evidence,
        source=source,
        effects=(effect,),
    )


def report(
    graph: PlacedGraph,
    rule: Rule,
    site: Site,
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
    index = site.output_index if tensor is None else tensor
    known = evidence or rule.evidence
    return Hazard(
        rule=rule,
        subgraph=graph.number,
        operators=(site.index, *others),
        tensors=() if index == NO_TENSOR else (index,),
        message=message,
        found=found,
        remedies=rule.remedies,
        evidence=Evidence.INFERRED if graph.bsp.evidence is Evidence.INFERRED else known,
        effect=rule.effects[0],
    )


def name_of(site: Site) -> str:
    """Return an operator's index and type for a message."""
    return f"operator {site.index} ({shorten(site.operator.name)})"
