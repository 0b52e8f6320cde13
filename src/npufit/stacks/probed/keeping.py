"""What is left on the NPU of operators that a converter takes alone but not together.

One function for both sides: a probe predicts answers with it to choose its questions, a placement judges users' models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from npufit.graph import Subgraph
from npufit.stacks.probed.graph_quantities import measure_graph
from npufit.stacks.probed.limit import GroupLimit, Kept, Scope, Separator

Loss = GroupLimit | Separator
"""Why an operator that is taken alone is lost in its model."""


def find_losses(
    subgraph: Subgraph, eligible: Sequence[bool], limits: Sequence[GroupLimit], separators: Sequence[Separator]
) -> dict[int, Loss]:
    """Return the operators that are lost for their neighbours' sake, by index, each with the reason.

    `eligible` says of each operator of `subgraph` whether it is taken alone; the others are not part of a group.
    """
    losses: dict[int, Loss] = {}
    for separator in separators:
        places = [index for index, operator in enumerate(subgraph.operators) if operator.type == separator.operator]
        for index in _lost_around(places, separator.kept, len(eligible)):
            if eligible[index]:
                losses.setdefault(index, separator)
    for limit in limits:
        is_left = [taken and index not in losses for index, taken in enumerate(eligible)]
        for group in groups_of(limit.scope, is_left):
            kept = set(kept_of(subgraph, group, limit.quantity, limit.limit, limit.kept))
            losses.update((index, limit) for index in group if index not in kept)
    return losses


def groups_of(scope: Scope, is_left: Sequence[bool]) -> list[list[int]]:
    """Return the groups over which a converter decides, as indices in execution order."""
    indices = range(len(is_left))
    if scope is Scope.OPERATOR:
        return [[index] for index in indices if is_left[index]]
    if scope is Scope.SEGMENT:
        return [list(run) for taken, run in groupby(indices, key=is_left.__getitem__) if taken]
    group = [index for index in indices if is_left[index]]
    return [group] if group else []


def kept_of(subgraph: Subgraph, group: Sequence[int], quantity: str, limit: int, kept: Kept) -> Sequence[int]:
    """Return what is left of `group` if a group has at most `limit` of `quantity`."""

    def fits(operators: Sequence[int]) -> bool:
        return measure_graph(subgraph, operators)[quantity] <= limit

    if fits(group):
        return group
    match kept:
        case Kept.NOTHING:
            return ()
        case Kept.OTHERS:
            return [index for index in group if fits((index,))]
        case Kept.SUFFIX:
            return group[len(group) - _most(len(group), lambda count: fits(group[len(group) - count :])) :]
        case Kept.PREFIX:
            return group[: _most(len(group), lambda count: fits(group[:count]))]


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number below `count` that fits; larger groups never have less of a quantity."""
    fitting, failing = 0, count
    while failing - fitting > 1:
        middle = (fitting + failing) // 2
        if fits(middle):
            fitting = middle
        else:
            failing = middle
    return fitting


def _lost_around(places: Sequence[int], kept: Kept, count: int) -> range:
    """Return the operators that are lost because separators stand at `places`."""
    if not places or kept is Kept.OTHERS:
        return range(0)
    match kept:
        case Kept.SUFFIX:
            return range(places[-1])
        case Kept.PREFIX:
            return range(places[0], count)
        case Kept.NOTHING:
            return range(count)
