"""Limits on single operators that follow from a limit on groups: one operator is a group, too."""

from __future__ import annotations

from collections.abc import Sequence

from npufit.stacks.probed import GroupLimit, Limit, Relation

_OF_ONE_OPERATOR = {
    "activation_bytes": "io_bytes",
    "output_bytes": "ofm_bytes",
    "working_set_bytes": "working_set_bytes",
    "peak_bytes": "io_bytes",
    "weights_bytes": "weights_bytes",
    "io_bytes": "io_bytes",
    "feature_map_bytes": "activation_bytes",
    "tensor_bytes": "tensor_bytes",
}
"""What a quantity of a group is for a group of one operator."""


def without_implied(limits: Sequence[Limit], groups: Sequence[GroupLimit]) -> tuple[Limit, ...]:
    """Return the limits on single operators that are not just a limit on groups, met by one operator."""
    return tuple(limit for limit in limits if not any(_is_implied(limit, group) for group in groups))


def _is_implied(limit: Limit, group: GroupLimit) -> bool:
    """Return whether both may have the same threshold of the same quantity."""
    if limit.relation is not Relation.AT_MOST or limit.limit is None or limit.beyond is not group.beyond:
        return False
    if _OF_ONE_OPERATOR.get(group.quantity) not in (limit.quantity, *limit.alternatives):
        return False
    is_below = group.next_refused is None or limit.limit < group.next_refused
    return is_below and (limit.next_refused is None or group.limit < limit.next_refused)
