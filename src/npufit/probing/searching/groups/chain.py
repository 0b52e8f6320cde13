"""A chain that was asked about: its operators, what became of them, and what becomes of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npufit.graph import Subgraph
from npufit.probing.asking import Answer, End
from npufit.probing.questions import Point


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A drawn chain; `links` are the questions about each of its operators alone, `types` their types, in order."""

    point: Point
    subgraph: Subgraph
    links: tuple[Point, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredChain:
    """A chain with its answer, and what became of each of its operators alone, as far as that was asked.

    `npu` says which operators are on the NPU, none if the conversion failed. `lost` are those that are taken alone but
    not here, `refused_alone` those that are not taken alone either. `fails_together` is True if the conversion fails
    although that of no operator alone does.
    """

    chain: Chain
    answer: Answer
    npu: tuple[bool, ...]
    lost: frozenset[int]
    refused_alone: frozenset[int]
    fails_together: bool

    @property
    def is_disturbed(self) -> bool:
        """True if an operator of the type that the chain is made of is refused alone: it may explain the answer."""
        kind = self.chain.point["links"]
        return any(self.chain.types[index] == kind for index in self.refused_alone)


def answered(chain: Chain, answer: Answer, alone: Sequence[Answer | None]) -> AnsweredChain:
    """Return `chain` with its answers; an operator that was not asked about alone has None in `alone`."""
    npu = tuple(answer.takes(index) for index in range(len(chain.links)))
    taken_alone = {index for index, one in enumerate(alone) if one is not None and one.is_accepted}
    return AnsweredChain(
        chain,
        answer,
        npu,
        lost=frozenset(index for index in taken_alone if not npu[index]),
        refused_alone=frozenset(index for index, one in enumerate(alone) if one is not None) - taken_alone,
        fails_together=answer.end is not End.FINE and all(one is None or one.end is End.FINE for one in alone),
    )
