"""Which result of one side belongs to which of the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npufit.comparing.snapshot import Snapshot

_Snapshots = tuple[Snapshot, ...]


def pair_targets(
    before: Sequence[Snapshot], after: Sequence[Snapshot]
) -> tuple[list[tuple[Snapshot, Snapshot]], _Snapshots, _Snapshots]:
    """Return pairs of results, and what is left of both sides.

    Results of the same target belong together, then those of the same chip and stack in other releases. A side with a
    single result is compared with the other's single one, whatever their targets. Pairs are in the order of `before`.
    """
    if len(before) == len(after) == 1:
        return [(before[0], after[0])], (), ()
    pairs: list[tuple[Snapshot, Snapshot]] = []
    left, right = list(before), list(after)
    for key in _KEYS:
        for snapshot in tuple(left):
            counterpart = next((other for other in right if key(other) == key(snapshot)), None)
            if counterpart is not None:
                pairs.append((snapshot, counterpart))
                left = [other for other in left if other is not snapshot]
                right = [other for other in right if other is not counterpart]
    order = {id(snapshot): position for position, snapshot in enumerate(before)}
    pairs.sort(key=lambda pair: order[id(pair[0])])
    return pairs, tuple(left), tuple(right)


def _series(snapshot: Snapshot) -> str:
    return snapshot.target.partition("@")[0]


_KEYS: tuple[Callable[[Snapshot], object], ...] = (
    lambda snapshot: (snapshot.target, snapshot.profile),
    lambda snapshot: snapshot.target,
    _series,
)
