"""Which operator of one model is which of another.

Operators of the same model are matched by their index. Two different models are aligned, subgraph by subgraph: first
operators of the same type that write tensors of the same names, then, between those, of the same type and shapes, then
of the same type alone. What remains has no counterpart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from npufit.comparing.snapshot import SnapshotOperator

_Operators = Sequence[SnapshotOperator]
_Key = Callable[[SnapshotOperator], Hashable | None]
_MOST_CANDIDATES = 1_000_000
"""Pairs with equal keys that an alignment may weigh; more would take minutes."""


class MatchedBy(StrEnum):
    """How two operators were found to be the same."""

    IDENTITY = "identity"
    """Both models have the same operators, which write tensors of the same names."""
    NAME = "name"
    """They have the same type and write tensors of the same names."""
    SHAPE = "shape"
    """They have the same type and write tensors of the same shapes, between operators that are matched."""
    TYPE = "type"
    """They have the same type, between operators that are matched."""


@dataclass(frozen=True, slots=True)
class OperatorPair:
    """One operator, before and after."""

    before: SnapshotOperator
    after: SnapshotOperator
    by: MatchedBy


@dataclass(frozen=True, slots=True)
class Matching:
    """The operators of two models: `pairs` in the order of the first, and those that only one of them has.

    `is_identical` says that both have the same operators, which write tensors of the same names.
    """

    pairs: tuple[OperatorPair, ...]
    removed: tuple[SnapshotOperator, ...]
    added: tuple[SnapshotOperator, ...]
    is_identical: bool


def match_operators(before: _Operators, after: _Operators) -> Matching:
    """Return which operators of `after` are which of `before`."""
    if [_identity(operator) for operator in before] == [_identity(operator) for operator in after]:
        pairs = tuple(OperatorPair(*both, MatchedBy.IDENTITY) for both in zip(before, after, strict=True))
        return Matching(pairs, (), (), is_identical=True)
    found: list[OperatorPair] = []
    subgraphs = sorted({operator.id.subgraph for operator in (*before, *after)})
    for subgraph in subgraphs:
        found += _align(_of(before, subgraph), _of(after, subgraph), tuple(_KEYS))
    matched_before = {pair.before.id for pair in found}
    matched_after = {pair.after.id for pair in found}
    return Matching(
        pairs=tuple(sorted(found, key=lambda pair: pair.before.id)),
        removed=tuple(operator for operator in before if operator.id not in matched_before),
        added=tuple(operator for operator in after if operator.id not in matched_after),
        is_identical=False,
    )


def _identity(operator: SnapshotOperator) -> tuple[Hashable, ...]:
    return operator.id, operator.type, operator.outputs


def _of(operators: _Operators, subgraph: int) -> list[SnapshotOperator]:
    return [operator for operator in operators if operator.id.subgraph == subgraph]


def _by_name(operator: SnapshotOperator) -> Hashable | None:
    return (operator.type, operator.outputs) if any(operator.outputs) else None


def _by_shape(operator: SnapshotOperator) -> Hashable | None:
    return None if operator.shapes is None else (operator.type, operator.shapes)


def _by_type(operator: SnapshotOperator) -> Hashable | None:
    return operator.type


_KEYS: dict[MatchedBy, _Key] = {MatchedBy.NAME: _by_name, MatchedBy.SHAPE: _by_shape, MatchedBy.TYPE: _by_type}


def _align(before: _Operators, after: _Operators, ways: Sequence[MatchedBy]) -> Iterator[OperatorPair]:
    """Yield the operators that both sequences have, aligned by the first of `ways`, and between those by the others."""
    if not before or not after or not ways:
        return
    way, *others = ways
    start_before, start_after = 0, 0
    for in_before, in_after, length in _common_runs(before, after, _KEYS[way]):
        yield from _align(before[start_before:in_before], after[start_after:in_after], others)
        for step in range(length):
            yield OperatorPair(before[in_before + step], after[in_after + step], way)
        start_before, start_after = in_before + length, in_after + length
    yield from _align(before[start_before:], after[start_after:], others)


def _common_runs(before: _Operators, after: _Operators, key: _Key) -> list[tuple[int, int, int]]:
    """Return runs of operators with equal keys: where each starts in both sequences, and its length."""
    # An operator without a key equals no other.
    keys_before = [key(operator) or ("before", position) for position, operator in enumerate(before)]
    keys_after = [key(operator) or ("after", position) for position, operator in enumerate(after)]
    counts = Counter(keys_after)
    if sum(counts[entry] for entry in keys_before) > _MOST_CANDIDATES:
        return []
    matcher = SequenceMatcher(None, keys_before, keys_after, autojunk=False)
    return [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size]
