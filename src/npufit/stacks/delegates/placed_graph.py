"""A subgraph as a delegate sees it, and as TensorFlow Lite cuts it for one release: what hazards look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from npufit.formatting import shorten
from npufit.graph import NO_TENSOR, Subgraph, Tensor, Wiring
from npufit.stacks.delegates.located_operator import LocatedOperator
from npufit.stacks.hazard import make_hazard
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence, Rule

OperatorT = TypeVar("OperatorT", bound=LocatedOperator)
ReleaseT = TypeVar("ReleaseT")


@dataclass(frozen=True, slots=True)
class DelegateGraph(Generic[OperatorT]):
    """The parts that do not depend on the release: subgraph `number`, its wiring, and its operators as the rules read
    them."""

    number: int
    subgraph: Subgraph
    wiring: Wiring
    operators: tuple[OperatorT, ...]


@dataclass(frozen=True, slots=True)
class PlacedGraph(DelegateGraph[OperatorT], Generic[OperatorT, ReleaseT]):
    """A graph with the partition of each operator (None: on the CPU) under one release."""

    partition_of: Sequence[int | None]
    release: ReleaseT

    def accepted(self, *types: str) -> Iterator[OperatorT]:
        """Yield the operators on the NPU, of the given types only if any are given."""
        for operator in self.operators:
            if self.partition_of[operator.index] is not None and (not types or operator.type in types):
                yield operator

    def producer_inside(self, reader: OperatorT, tensor: int) -> OperatorT | None:
        """Return the operator of the same partition that computes `tensor`, None if it comes from outside."""
        producer = None if tensor == NO_TENSOR else self.wiring.producer[tensor]
        if producer is None or self.partition_of[producer] != self.partition_of[reader.index]:
            return None
        return self.operators[producer]

    def readers_inside(self, producer: OperatorT, tensor: int) -> tuple[OperatorT, ...]:
        """Return the operators of the same partition that read `tensor`, which `producer` writes."""
        partition = self.partition_of[producer.index]
        readers = (reader for reader in self.wiring.consumers[tensor] if self.partition_of[reader] == partition)
        return tuple(self.operators[reader] for reader in readers)

    def readers_outside(self, producer: OperatorT, tensor: int) -> tuple[OperatorT, ...]:
        """Return the operators outside the partition that read `tensor`, which `producer` writes."""
        partition = self.partition_of[producer.index]
        readers = (reader for reader in self.wiring.consumers[tensor] if self.partition_of[reader] != partition)
        return tuple(self.operators[reader] for reader in readers)

    def tensor(self, index: int) -> Tensor:
        """Return the tensor at `index`."""
        return self.subgraph.tensors[index]

    def name_of(self, tensor: int) -> str:
        """Return the name of a tensor in a printable form."""
        return shorten(self.subgraph.tensors[tensor].name)


def hazard_at(
    graph: PlacedGraph[Any, Any],
    rule: Rule,
    operator: LocatedOperator,
    message: str,
    found: str,
    *,
    others: Sequence[int] = (),
    tensor: int | None = None,
    evidence: Evidence | None = None,
    effect: Effect | None = None,
    certain: bool = True,
) -> Hazard:
    """Return the hazard of `rule` at `operator`, with other operators concerned; default tensor: the first output.

    `evidence` and `effect` are given if they are not the usual ones of the rule.
    """
    index = operator.output_index if tensor is None else tensor
    return make_hazard(
        rule,
        graph.number,
        (operator.index, *others),
        message,
        found,
        tensors=() if index == NO_TENSOR else (index,),
        evidence=evidence,
        effect=effect,
        certain=certain,
    )
