"""Limits on single operators that follow from a limit on groups: one operator is a group, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npufit.graph import Subgraph
from npufit.probing.questions import space_of
from npufit.probing.searching.findings import Asked, OperatorFindings
from npufit.stacks.probed import GroupLimit, Limit, keeps_to, measure, measure_graph


def without_implied(found: OperatorFindings, groups: Sequence[GroupLimit]) -> OperatorFindings:
    """Return `found` without the limits of which a limit on groups, or another one, explains every refused answer."""
    if not groups:
        return found
    refused = [_drawn(asked) for asked in found.asked if not asked.is_accepted]
    left = list(found.limits)
    for limit in found.limits:
        others = [other for other in left if other is not limit]
        beyond = [main for main in refused if _is_refused(limit, main)]
        explained = [_exceeds(groups, limit, main) for main in beyond]
        if any(explained) and all(
            group or any(_is_refused(other, main) for other in others)
            for group, main in zip(explained, beyond, strict=True)
        ):
            left = others
    return replace(found, limits=tuple(left))


def _drawn(asked: Asked) -> Subgraph:
    return space_of(asked.point.space).draw(dict(asked.point.values)).main


def _is_refused(limit: Limit, main: Subgraph) -> bool:
    return keeps_to(limit, measure(main, main.operators[0])) is False


def _exceeds(groups: Sequence[GroupLimit], limit: Limit, main: Subgraph) -> bool:
    """Return whether the operator alone is a group beyond one of `groups` that ends as `limit` does."""
    amounts = measure_graph(main, (0,))
    return any(group.beyond is limit.beyond and amounts[group.quantity] > group.limit for group in groups)
