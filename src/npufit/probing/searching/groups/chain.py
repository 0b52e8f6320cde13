"""A chain that was asked about: its operators, what became of them, and what becomes of each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npufit.graph import Subgraph
from npufit.probing.asking import Answer, End
from npufit.probing.questions import Point


@dataclass(frozen=True, slots=True)
class Chain:
    """A drawn chain; `links` are the questions about each of its operators alone, in order."""

    point: Point
    subgraph: Subgraph
    links: tuple[Point, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """The type of each operator."""
        return tuple(operator.type for operator in self.subgraph.operators)


@dataclass(frozen=True, slots=True)
class AnsweredChain:
    """A chain with its answer; `alone` says of each operator what became of it alone, None if that was not asked."""

    chain: Chain
    answer: Answer
    alone: tuple[Answer | None, ...]

    @property
    def npu(self) -> tuple[bool, ...]:
        """Whether each operator is on the NPU; False for all if the conversion failed."""
        return tuple(self.answer.takes(index) for index in range(len(self.chain.links)))

    @property
    def lost(self) -> tuple[int, ...]:
        """The operators that are taken alone but not here."""
        return tuple(
            index
            for index, (taken, alone) in enumerate(zip(self.npu, self.alone, strict=True))
            if not taken and alone is not None and alone.is_accepted
        )

    @property
    def fails_together(self) -> bool:
        """True if the conversion fails although that of no operator alone does."""
        return self.answer.end is not End.FINE and all(alone is None or alone.end is End.FINE for alone in self.alone)


def seen_types(chains: Sequence[AnsweredChain], alone: Mapping[Point, Answer]) -> frozenset[str]:
    """Return the operator types of which the converter took at least one operator, in a chain or alone."""
    together = {
        kind for one in chains for kind, taken in zip(one.chain.types, one.npu, strict=True) if taken
    }
    return frozenset(together | {point.space for point, answer in alone.items() if answer.is_accepted})
