"""What is left of a group that is too large, and around operators that split."""

from __future__ import annotations

import pytest

from npufit.graph import ElementType, Operator, Subgraph, Tensor
from npufit.stacks.probed import GroupLimit, Kept, Scope, Separator, find_losses

CHAIN = Subgraph(
    tuple(Tensor(str(index), (1, 10, 10, 1), ElementType.INT8) for index in range(7)),
    (0,),
    (6,),
    tuple(Operator("PAD" if index == 2 else "RELU", (index,), (index + 1,)) for index in range(6)),
)
"""Six operators, the third a PAD, between tensors of 100 bytes."""

NOT_PAD = [True, True, False, True, True, True]


@pytest.mark.parametrize(
    ("scope", "kept", "limit", "left"),
    [
        (Scope.GRAPH, Kept.NOTHING, 700, {0, 1, 3, 4, 5}),
        (Scope.GRAPH, Kept.NOTHING, 699, set[int]()),
        (Scope.GRAPH, Kept.SUFFIX, 699, {1, 3, 4, 5}),
        (Scope.GRAPH, Kept.SUFFIX, 400, {3, 4, 5}),
        (Scope.GRAPH, Kept.PREFIX, 699, {0, 1, 3, 4}),
        (Scope.GRAPH, Kept.PREFIX, 199, set[int]()),
        (Scope.GRAPH, Kept.OTHERS, 200, {0, 1, 3, 4, 5}),
        (Scope.GRAPH, Kept.OTHERS, 199, set[int]()),
        (Scope.SEGMENT, Kept.NOTHING, 400, {0, 1, 3, 4, 5}),
        (Scope.SEGMENT, Kept.NOTHING, 300, {0, 1}),
        (Scope.SEGMENT, Kept.SUFFIX, 200, {1, 5}),
        (Scope.OPERATOR, Kept.NOTHING, 199, set[int]()),
    ],
)
def test_a_limit_leaves(scope: Scope, kept: Kept, limit: int, left: set[int]) -> None:
    group = GroupLimit(scope, "activation_bytes", limit, None, kept, 0)
    losses = find_losses(CHAIN, NOT_PAD, [group], [])
    assert {index for index in range(6) if NOT_PAD[index] and index not in losses} == left
    assert set(losses.values()) <= {group}


@pytest.mark.parametrize(
    ("kept", "lost"),
    [(Kept.SUFFIX, {0, 1}), (Kept.PREFIX, {3, 4, 5}), (Kept.OTHERS, set[int]()), (Kept.NOTHING, {0, 1, 3, 4, 5})],
)
def test_a_separator_costs(kept: Kept, lost: set[int]) -> None:
    assert set(find_losses(CHAIN, NOT_PAD, [], [Separator("PAD", kept, 0)])) == lost


def test_what_a_separator_cost_is_in_no_group() -> None:
    separator, limit = Separator("PAD", Kept.SUFFIX, 0), GroupLimit(Scope.GRAPH, "operators", 2, None, Kept.NOTHING, 0)
    losses = find_losses(CHAIN, NOT_PAD, [limit], [separator])
    assert losses == {0: separator, 1: separator, 3: limit, 4: limit, 5: limit}
