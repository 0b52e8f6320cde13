"""Theories of how a converter decides over groups, and what answers say about them.

A theory names what is decided over, by which quantity, and what is left of a group that has too much of it. Every
answer bounds the limit: from below by groups that were taken, from above by groups that were not. A theory is alive
while there is room between the bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from npufit.probing.asking import End
from npufit.probing.searching.groups.chain import AnsweredChain, Chain
from npufit.stacks.probed import Kept, Scope, Separator, find_losses, groups_of, measure_graph

QUANTITIES = (
    "operators",
    "activation_bytes",
    "output_bytes",
    "working_set_bytes",
    "peak_bytes",
    "weights_bytes",
    "io_bytes",
    "feature_map_bytes",
    "tensor_bytes",
)
"""What a limit on groups may be about; of several that explain all answers the first is named."""


@dataclass(frozen=True, slots=True)
class Theory:
    """A converter takes a group of `scope` only up to a limit of `quantity`; of a larger one `kept` is left.

    With `end`, the conversion ends so beyond the limit, and nothing is left. With `covers_alone`, the limit is also why
    single operators are refused. With `keeps_fewer`, what is left may be less than would fit, as after halving.
    """

    scope: Scope
    quantity: str
    kept: Kept
    end: End = End.FINE
    covers_alone: bool = False
    keeps_fewer: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that was taken, and the least that was refused (None: nothing was)."""

    taken: int
    refused: int | None

    @property
    def is_open(self) -> bool:
        """True if there is room for a limit."""
        return self.refused is None or self.taken < self.refused


@dataclass(frozen=True, slots=True)
class Ground:
    """What is settled before theories are compared: types that are taken at all, and what separators cost."""

    types: frozenset[str]
    separators: tuple[Separator, ...] = ()

    def left(self, chain: Chain) -> tuple[bool, ...]:
        """Return for each operator whether it is part of a group."""
        eligible = tuple(kind in self.types for kind in chain.types)
        losses = find_losses(chain.subgraph, eligible, (), self.separators)
        return tuple(taken and index not in losses for index, taken in enumerate(eligible))


THEORIES = tuple(
    Theory(scope, quantity, kept)
    for scope in (Scope.GRAPH, Scope.SEGMENT)
    for kept in (Kept.SUFFIX, Kept.PREFIX, Kept.NOTHING)
    for quantity in QUANTITIES
)
COVERING = tuple(replace(theory, covers_alone=True) for theory in THEORIES)
COARSE = tuple(replace(theory, keeps_fewer=True) for theory in THEORIES if theory.kept is not Kept.NOTHING)


def failing(end: End) -> tuple[Theory, ...]:
    """Return the theories of models that are too large, so that the conversion fails."""
    return tuple(Theory(Scope.GRAPH, quantity, Kept.NOTHING, end) for quantity in QUANTITIES)


def bound(theory: Theory, ground: Ground, chains: Iterable[AnsweredChain]) -> Bounds | None:
    """Return what the answers say about the limit of `theory`; None if one contradicts it, whatever the limit is."""
    taken, refused = 0, None
    for one in chains:
        evidence = _read(theory, ground, one)
        if evidence is None:
            return None
        for group, is_taken in evidence:
            value = amount(one.chain, group, theory.quantity)
            if is_taken:
                taken = max(taken, value)
            else:
                refused = value if refused is None else min(refused, value)
    bounds = Bounds(taken, refused)
    return bounds if bounds.is_open else None


def predict(theory: Theory, bounds: Bounds, ground: Ground, chain: Chain) -> tuple[bool, ...] | None:
    """Return for each operator whether its whole group is taken; None if the bounds leave that open."""
    left = ground.left(chain)
    fits = [False] * len(left)
    for group in groups_of(theory.scope, left):
        value = amount(chain, tuple(group), theory.quantity)
        if value > bounds.taken and (bounds.refused is None or value < bounds.refused):
            return None
        for index in group:
            fits[index] = value <= bounds.taken
    return tuple(fits)


def amount(chain: Chain, group: tuple[int, ...], quantity: str) -> int:
    """Return how much of `quantity` a group of operators of `chain` has."""
    return _measure(chain, group)[quantity]


@lru_cache(maxsize=1 << 16)
def _measure(chain: Chain, group: tuple[int, ...]) -> dict[str, int]:
    return dict(measure_graph(chain.subgraph, group))


Evidence = list[tuple[tuple[int, ...], bool]]
"""Groups with what became of them: taken, or too large."""


def _read(theory: Theory, ground: Ground, one: AnsweredChain) -> Evidence | None:
    """Return which groups were taken and which were too large; None if the answer has another form."""
    if theory.end is not End.FINE or one.answer.end is not End.FINE:
        return _read_end(theory, one)
    left = ground.left(one.chain)
    npu = one.npu
    if any(taken and not within for taken, within in zip(npu, left, strict=True)):
        return None
    evidence: Evidence = []
    for group in groups_of(theory.scope, left):
        form = _read_group(theory, one, group, [index for index in group if npu[index]])
        if form is None:
            return None
        evidence += form
    return evidence


def _read_group(theory: Theory, one: AnsweredChain, group: Sequence[int], kept: Sequence[int]) -> Evidence | None:
    if len(kept) == len(group):
        return [(tuple(group), True)]
    if not theory.covers_alone and (one.lost.isdisjoint(group) or not one.refused_alone.isdisjoint(group)):
        return []
    count = len(kept)
    match theory.kept:
        case Kept.SUFFIX:
            fitting, next_larger = group[len(group) - count :], group[len(group) - count - 1 :]
        case Kept.PREFIX:
            fitting, next_larger = group[:count], group[: count + 1]
        case _:
            fitting, next_larger = group[:0], group
    if list(kept) != list(fitting):
        return None
    if theory.keeps_fewer:
        next_larger = group
    return [*([(tuple(fitting), True)] if fitting else []), (tuple(next_larger), False)]


def _read_end(theory: Theory, one: AnsweredChain) -> Evidence:
    """Return the whole model as too large if it fails as the theory says; other failures say nothing."""
    everything = tuple(range(len(one.chain.links)))
    if one.answer.end is End.FINE:
        return [(everything, True)] if theory.end is not End.FINE else []
    return [(everything, False)] if one.answer.end is theory.end and one.fails_together else []
