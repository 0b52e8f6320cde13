"""What a hazard looks at, a placed graph, and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from npufit.graph import Subgraph, Tensor, Wiring
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import NO_REMEDY, Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.teflon.node import Node, four_dimensions
from npufit.stacks.teflon.release import Release, describe

_BRICK = 16


@dataclass(frozen=True, slots=True)
class PlacedGraph:
    """A subgraph with the partition of each operator (None: on the CPU), for one release."""

    subgraph: Subgraph
    number: int
    wiring: Wiring
    partition_of: tuple[int | None, ...]
    release: Release

    def accepted(self, *types: str) -> Iterator[Node]:
        """Yield the operators on the NPU, of the given types only if any are given."""
        for index, partition in enumerate(self.partition_of):
            if partition is not None and (not types or self.subgraph.operators[index].type in types):
                yield Node(self.subgraph, index)

    def readers_inside(self, producer: int, tensor: int) -> tuple[int, ...]:
        """Return the operators that read `tensor` in the same partition as operator `producer`."""
        partition = self.partition_of[producer]
        return tuple(reader for reader in self.wiring.consumers[tensor] if self.partition_of[reader] == partition)

    def leaves_partition(self, producer: int, tensor: int) -> str:
        """Return who takes `tensor` out of its partition, in words; empty where nobody does."""
        partition = self.partition_of[producer]
        outside = [reader for reader in self.wiring.consumers[tensor] if self.partition_of[reader] != partition]
        takers = [f"operator {reader} ({self.subgraph.operators[reader].name})" for reader in outside]
        if tensor in self.subgraph.outputs:
            takers.append("the model's output")
        return ", ".join(takers)

    def has_bricks(self, tensor: int) -> bool:
        """Return whether the driver keeps `tensor` in bricks of 16 channels (NHCWB16) inside its partition.

        It does where an operator of the partition makes it, another one reads it, and the channels are a multiple of
        16; from 26.2 on not where the first reader is a RESHAPE or a FULLY_CONNECTED over a flattened input.
        """
        producer = self.wiring.producer[tensor]
        if producer is None or self.partition_of[producer] is None:
            return False
        readers = self.readers_inside(producer, tensor)
        if not readers or four_dimensions(self.subgraph.tensors[tensor])[3] % _BRICK:
            return False
        return not (self.release >= Release.M26_2_0 and reads_flat(Node(self.subgraph, readers[0]), tensor))

    def bricks_matter(self, tensor: int) -> bool:
        """Return whether brick order differs from plain order: more than 16 channels and more than one column."""
        _, _, width, channels = four_dimensions(self.subgraph.tensors[tensor])
        return channels > _BRICK and width > 1

    def tensor(self, index: int) -> Tensor:
        """Return the tensor at `index`."""
        return self.subgraph.tensors[index]


Detector = Callable[[PlacedGraph], Iterator[Hazard]]


def reads_flat(node: Node, tensor: int) -> bool:
    """Return whether `node` reads `tensor` as one row of elements: RESHAPE, or FULLY_CONNECTED over several pixels."""
    if node.type == "RESHAPE":
        return True
    if node.type != "FULLY_CONNECTED" or node.operator.input(0) != tensor:
        return False
    _, height, width, _ = four_dimensions(node.subgraph.tensors[tensor])
    return height * width > 1


def hazard_rule(
    rule_id: str,
    statement: str,
    safe: str,
    why: str,
    example: str,
    releases: frozenset[Release],
    source: str,
    rewrite: str = "",
    fixed_in: str = "",
) -> Rule:
    """Return the rule of a hazard; `safe` says when there is none, `fixed_in` names the release that lifts it."""
    remedies: list[Remedy] = []
    if fixed_in:
        remedies.append(Remedy(RemedyKind.VERSION, f"Mesa {fixed_in} does it right", fixed_in))
    if rewrite:
        remedies.append(Remedy(RemedyKind.REWRITE, rewrite))
    return Rule(
        id=rule_id,
        kind=RuleKind.HAZARD,
        stage=Stage.EXECUTION,
        statement=statement,
        limit=safe,
        why=why,
        example=example,
        remedies=tuple(remedies) or (NO_REMEDY,),
        versions=describe(releases),
        evidence=Evidence.SOURCE,
        source=source,
    )


def report(
    graph: PlacedGraph,
    rule: Rule,
    operators: tuple[int, ...],
    tensors: tuple[int, ...],
    message: str,
    found: str,
    evidence: Evidence | None = None,
    remedies: tuple[Remedy, ...] | None = None,
) -> Hazard:
    """Return the hazard of `rule` at these operators and tensors."""
    return Hazard(
        rule=rule,
        subgraph=graph.number,
        operators=operators,
        tensors=tensors,
        message=message,
        found=found,
        remedies=remedies if remedies is not None else rule.remedies,
        evidence=evidence or rule.evidence,
    )
