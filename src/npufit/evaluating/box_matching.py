"""Which boxes of two answers are the same object: the same class, and an overlap of at least half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from npufit.evaluating.boxes import Box, corners, overlaps

LEAST_OVERLAP = 0.5
"""The intersection over union from which two boxes count as the same."""


@dataclass(frozen=True, slots=True)
class BoxMatch:
    """Boxes that both answers have, as pairs, and those that only one has."""

    both: tuple[tuple[Box, Box], ...]
    only_first: tuple[Box, ...]
    only_second: tuple[Box, ...]

    @property
    def total(self) -> int:
        """Number of objects that at least one answer has."""
        return len(self.both) + len(self.only_first) + len(self.only_second)

    @property
    def is_same(self) -> bool:
        """True if neither answer has a box that the other has not."""
        return not self.only_first and not self.only_second


def match_boxes(first: tuple[Box, ...], second: tuple[Box, ...], least_score: float) -> BoxMatch:
    """Return which boxes of at least `least_score` match: the largest overlap first, each box once."""
    one = tuple(box for box in first if box.score >= least_score)
    two = tuple(box for box in second if box.score >= least_score)
    shared = overlaps(corners(one), corners(two))
    shared[np.array([[a.label != b.label for b in two] for a in one], bool).reshape(shared.shape)] = 0.0
    pairs: list[tuple[int, int]] = []
    order = np.argsort(-shared, axis=None, kind="stable")
    taken: tuple[set[int], set[int]] = set(), set()
    for place in order:
        row, column = divmod(int(place), max(1, len(two)))
        if shared[row, column] < LEAST_OVERLAP:
            break
        if row not in taken[0] and column not in taken[1]:
            pairs.append((row, column))
            taken[0].add(row)
            taken[1].add(column)
    return BoxMatch(
        tuple((one[row], two[column]) for row, column in sorted(pairs)),
        tuple(box for index, box in enumerate(one) if index not in taken[0]),
        tuple(box for index, box in enumerate(two) if index not in taken[1]),
    )
