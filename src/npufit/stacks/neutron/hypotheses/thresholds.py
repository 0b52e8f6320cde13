"""Limits worth trying: those that differ in what they mean for the values that were seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def thresholds(values: Iterable[int], between: int = 1) -> Iterator[int]:
    """Yield each of `values` as a limit, and `between` more before the next one, the last of them just below it.

    All limits from one value to just below the next mean the same for `values`, and differ for others.
    """
    ordered = sorted(set(values))
    for value, following in zip(ordered, [*ordered[1:], None], strict=True):
        yield value
        if following is not None:
            room = following - 1 - value
            yield from sorted({value + room * step // between for step in range(1, between + 1)} - {value})
