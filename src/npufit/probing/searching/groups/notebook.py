"""What a search of groups asked so far: it draws chains, asks about them once, and about their operators alone."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace

from npufit.graph import Buffer, Subgraph
from npufit.probing.asking import Answer
from npufit.probing.questions import CHAIN, ImpossibleError, Point, draw_chain
from npufit.probing.searching.findings import Asked
from npufit.probing.searching.groups.chain import AnsweredChain, Chain, answered

Asking = Generator[Sequence[Point], Sequence[Answer], None]
"""A part of a search: it yields questions and is sent their answers."""

_CONSTANT = Buffer(b"\0")
"""Stands for the bytes of every constant, of which a search needs none."""


class Notebook:
    """Questions and answers of one search. `answers` has those about chains and about single operators."""

    def __init__(self) -> None:
        self._chains: dict[Point, Chain | None] = {}
        self.answers: dict[Point, Answer] = {}
        self.asked: list[Asked] = []

    def point(self, **values: int | str) -> Point:
        """Return the chain with these values, the others at their base."""
        return Point(CHAIN.name, tuple(CHAIN.base.items())).moved(**values)

    def draw(self, point: Point) -> Chain | None:
        """Return the chain of `point`, without the bytes of its constants; None if there is no such chain."""
        if point not in self._chains:
            try:
                model, links = draw_chain(dict(point.values))
                self._chains[point] = _chain(point, model.main, links)
            except ImpossibleError:
                self._chains[point] = None
        return self._chains[point]

    def ask(self, points: Iterable[Point]) -> Asking:
        """Ask about chains, and then about each operator alone of those that are not taken as a whole."""
        chains = [chain for point in points if (chain := self.draw(point)) is not None]
        yield from self._ask(chain.point for chain in chains)
        unclear = [chain for chain in chains if not self.answers[chain.point].is_accepted]
        yield from self._ask(link for chain in unclear for link in chain.links)

    def chains(self) -> list[AnsweredChain]:
        """Return the chains that were answered, in the order of the questions."""
        return [
            answered(chain, self.answers[point], [self.answers.get(link) for link in chain.links])
            for point, chain in self._chains.items()
            if chain is not None and point in self.answers
        ]

    def taken_types(self) -> frozenset[str]:
        """Return the operator types of which the converter took at least one operator, in a chain or alone."""
        alone = {point.space for point, answer in self.answers.items() if answer.is_accepted} - {CHAIN.name}
        together = {
            kind for one in self.chains() for kind, taken in zip(one.chain.types, one.npu, strict=True) if taken
        }
        return frozenset(alone | together)

    def _ask(self, points: Iterable[Point]) -> Asking:
        new = [point for point in dict.fromkeys(points) if point not in self.answers]
        if not new:
            return
        answers = yield new
        for point, answer in zip(new, answers, strict=True):
            self.answers[point] = answer
            self.asked.append(Asked(point, answer, answer.is_accepted))


def _chain(point: Point, subgraph: Subgraph, links: tuple[Point, ...]) -> Chain:
    tensors = (replace(tensor, buffer=_CONSTANT) if tensor.is_constant else tensor for tensor in subgraph.tensors)
    types = tuple(operator.type for operator in subgraph.operators)
    return Chain(point, replace(subgraph, tensors=tuple(tensors)), links, types)
