"""Limits on single operators that follow from a limit on groups: one operator is a group, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from npufit.probing.questions import space_of
from npufit.probing.searching.findings import Asked, OperatorFindings
from npufit.stacks.probed import Beyond, GroupLimit, Limit, keeps_to, measure, measure_graph


@dataclass(frozen=True, slots=True)
class _Refused:
    """What may explain one refused answer: limits on the operator, by position, and ends beyond limits on groups."""

    limits: frozenset[int]
    group_ends: frozenset[Beyond]


def without_implied(found: OperatorFindings, groups: Sequence[GroupLimit]) -> OperatorFindings:
    """Return `found` without the limits of which a limit on groups, or another one, explains every refused answer."""
    if not groups:
        return found
    refused = [_refused(found.limits, groups, asked) for asked in found.asked if not asked.is_accepted]
    left = set(range(len(found.limits)))
    for position, limit in enumerate(found.limits):
        beyond = [one for one in refused if position in one.limits]
        by_groups = [limit.beyond in one.group_ends for one in beyond]
        others = left - {position}
        if any(by_groups) and all(
            by_group or one.limits & others for by_group, one in zip(by_groups, beyond, strict=True)
        ):
            left = others
    return replace(found, limits=tuple(limit for position, limit in enumerate(found.limits) if position in left))


def _refused(limits: Sequence[Limit], groups: Sequence[GroupLimit], asked: Asked) -> _Refused:
    main = space_of(asked.point.space).draw(dict(asked.point.values)).main
    measured = measure(main, main.operators[0])
    amounts = measure_graph(main, (0,))
    return _Refused(
        frozenset(position for position, limit in enumerate(limits) if keeps_to(limit, measured) is False),
        frozenset(group.beyond for group in groups if amounts[group.quantity] > group.limit),
    )
