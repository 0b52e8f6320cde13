"""Numbers as people read them in messages."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_RANGES = 24


def index_ranges(indices: Sequence[int]) -> str:
    """Return sorted `indices` as ranges, such as `0-219, 222-240`; a long list is cut and says so."""
    ranges: list[str] = []
    start = 0
    for position in range(1, len(indices) + 1):
        if position < len(indices) and indices[position] == indices[position - 1] + 1:
            continue
        first, last = indices[start], indices[position - 1]
        ranges.append(str(first) if first == last else f"{first}-{last}")
        start = position
    shown = ", ".join(ranges[:_MOST_RANGES])
    return shown if len(ranges) <= _MOST_RANGES else f"{shown} and {len(ranges) - _MOST_RANGES} more ranges"
