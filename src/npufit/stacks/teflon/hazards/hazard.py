"""What a hazard looks at (a placed graph), and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from npufit.graph import NO_TENSOR, Wiring
from npufit.stacks.delegates import DelegateGraph, PlacedGraph
from npufit.stacks.hazard import hazard_rule
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule
from npufit.stacks.teflon.node import Node, flattens_input, four_dimensions
from npufit.stacks.teflon.release import Release, describe

_BRICK = 16
_MOST_TAKERS_NAMED = 3


@dataclass(frozen=True, slots=True)
class TeflonGraph(PlacedGraph[Node, Release]):
    """A placed graph under one driver.

    `accepted_nodes` are the operators on the NPU, by type and in order; `bricks` are the tensors that the ethosu driver
    keeps in bricks of 16 channels (NHCWB16) inside their partition.
    """

    driver: str
    accepted_nodes: Mapping[str, Sequence[Node]]
    bricks: frozenset[int]
    outputs: frozenset[int]

    def accepted(self, *types: str) -> Iterator[Node]:
        """Yield the operators on the NPU, of the given types only if any are given."""
        for operator_type in types or self.accepted_nodes:
            yield from self.accepted_nodes.get(operator_type, ())

    def leaves_partition(self, producer: Node, tensor: int) -> str:
        """Return what takes `tensor` out of its partition, in words; empty if nothing does."""
        outside = self.readers_outside(producer, tensor)
        takers = [reader.words for reader in outside[:_MOST_TAKERS_NAMED]]
        if len(outside) > len(takers):
            takers.append(f"{len(outside) - len(takers)} more operators")
        if tensor in self.outputs:
            takers.append("the model's output")
        return ", ".join(takers)

    def is_alone(self, node: Node) -> bool:
        """Return whether all operators in the partition of `node` have its type."""
        partition = self.partition_of[node.index]
        count = sum(self.partition_of[other.index] == partition for other in self.accepted(node.type))
        return count == sum(one == partition for one in self.partition_of)

    def bricks_matter(self, tensor: int) -> bool:
        """Return whether brick order differs from plain order: more than 16 channels and more than one column."""
        _, _, width, channels = four_dimensions(self.subgraph.tensors[tensor])
        return channels > _BRICK and width > 1


Detector = Callable[[TeflonGraph], Iterator[Hazard]]


def teflon_graph(
    graph: DelegateGraph[Node], partition_of: Sequence[int | None], driver: str, release: Release
) -> TeflonGraph:
    """Return what the hazards of `release` look at."""
    accepted: dict[str, list[Node]] = {}
    for node in graph.operators:
        if partition_of[node.index] is not None:
            accepted.setdefault(node.type, []).append(node)
    return TeflonGraph(
        graph.number,
        graph.subgraph,
        graph.wiring,
        graph.operators,
        partition_of,
        release,
        driver,
        accepted,
        bricks=_find_bricks(graph.wiring, graph.operators, partition_of) if driver == "ethosu" else frozenset(),
        outputs=frozenset(graph.subgraph.outputs),
    )


def _find_bricks(wiring: Wiring, nodes: Sequence[Node], partition_of: Sequence[int | None]) -> frozenset[int]:
    """Return the tensors in bricks: produced and read in one partition, with channels that are a multiple of 16.

    Excluded are tensors whose first reader is a RESHAPE or that a FULLY_CONNECTED flattens. A RESHAPE is an alias, so
    its output has the layout of its input. Both types are on the NPU only from 26.2 on. Source: `register_tensors` and
    `ethosu_lower_reshape` of `ethosu_lower.c` (pop-os/mesa @aee40d4a5b8c).
    """
    bricks: set[int] = set()
    for node in nodes:
        partition = partition_of[node.index]
        if partition is None:
            continue
        for tensor in node.operator.outputs:
            if tensor == NO_TENSOR:
                continue
            if node.type == "RESHAPE":
                source = node.operator.input(0)
                producer = None if source == NO_TENSOR else wiring.producer[source]
                if source in bricks and producer is not None and partition_of[producer] == partition:
                    bricks.add(tensor)
                continue
            if four_dimensions(node.subgraph.tensors[tensor])[3] % _BRICK or flattens_input(node):
                continue
            readers = [nodes[reader] for reader in wiring.consumers[tensor] if partition_of[reader] == partition]
            plain = readers and (readers[0].type == "RESHAPE" or any(map(flattens_input, readers)))
            if readers and not plain:
                bricks.add(tensor)
    return frozenset(bricks)


def teflon_hazard(
    rule_id: str,
    statement: str,
    safe: str,
    why: str,
    example: str,
    releases: frozenset[Release],
    source: str,
    rewrite: str = "",
    fixed_in: str = "",
    evidence: Evidence = Evidence.SOURCE,
    effects: tuple[Effect, ...] = (Effect.WRONG,),
) -> Rule:
    """Return the rule of a hazard; `safe` says when it does not apply, `fixed_in` names the release that fixes it.

    `effects` are the possible ones, the usual one first.
    """
    remedies: list[Remedy] = []
    if fixed_in:
        remedies.append(Remedy(RemedyKind.VERSION, f"Mesa {fixed_in} handles it correctly"))
    if rewrite:
        remedies.append(Remedy(RemedyKind.REWRITE, rewrite))
    return hazard_rule(
        rule_id,
        statement,
        safe,
        why,
        example,
        versions=describe(releases),
        source=f"derived from {source}",
        remedies=remedies,
        evidence=evidence,
        effects=effects,
    )


def inferred_on_main(release: Release) -> Evidence | None:
    """Return the evidence for faults of the frontend: main's frontend was not read."""
    return Evidence.INFERRED if release is Release.MAIN else None


def seen_on_25_3(release: Release) -> Evidence | None:
    """Return the evidence for faults that were seen when 25.3 was executed, in none of the other releases.

    Anyone can repeat it: with captured submissions (`npufit run --capture`) or with a build (`--library`).
    """
    return Evidence.EXECUTED if release is Release.M25_3 else None
