"""A detector over many images: how many objects two sides both find, and for which classes they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from npufit.evaluating.average_precision import AveragePrecision
from npufit.evaluating.box_matching import BoxMatch, match_boxes
from npufit.evaluating.boxes import Box, corners, overlaps
from npufit.evaluating.intervals import Proportion, clustered, counted
from npufit.evaluating.records import Pair, Side


@dataclass(frozen=True, slots=True)
class BoxAgreement:
    """How far two sides agree on objects: the same class and an overlap of at least half.

    `images` counts images where neither side has an object that the other has not; `boxes` the objects that both have,
    of those that at least one has. `overlap` is the mean overlap of those that both have, None if there are none.
    """

    images: Proportion
    boxes: Proportion
    only_first: int
    only_second: int
    overlap: float | None


@dataclass(frozen=True, slots=True)
class ChangedObjects:
    """Objects of class `label` in the main pair: found by both sides, only by the first, only by the second."""

    label: int
    both: int
    only_first: int
    only_second: int


@dataclass(frozen=True, slots=True)
class BoxSummary:
    """A detector's images together, for objects with at least `least_score`.

    `precision` has the mean average precision of each side; empty without labels. `changed` has the classes of the main
    pair, those with the most changes first.
    """

    least_score: float
    agreement: Mapping[Pair, BoxAgreement]
    precision: Mapping[Side, AveragePrecision]
    changed: tuple[ChangedObjects, ...]


Row = Mapping[Side, tuple[Box, ...]]
"""The boxes of an image by side."""


def summarize_boxes(
    rows: Sequence[Row], pairs: Sequence[Pair], least_score: float, precision: Mapping[Side, AveragePrecision]
) -> BoxSummary:
    """Return the summary of a detector's images; the first of `pairs` is the main one."""
    matches = {
        pair: [match_boxes(boxes[pair.first], boxes[pair.second], least_score) for boxes in rows] for pair in pairs
    }
    return BoxSummary(
        least_score,
        {pair: _agreement(found) for pair, found in matches.items()},
        precision,
        _changed(matches[pairs[0]]) if pairs else (),
    )


def _agreement(matches: Sequence[BoxMatch]) -> BoxAgreement:
    pairs = [pair for match in matches for pair in match.both]
    first, second = (corners(tuple(pair[side] for pair in pairs)) for side in (0, 1))
    shared = [float(overlaps(first[row : row + 1], second[row : row + 1])[0, 0]) for row in range(len(pairs))]
    return BoxAgreement(
        counted(sum(match.is_same for match in matches), len(matches)),
        clustered((len(match.both), match.total) for match in matches),
        sum(len(match.only_first) for match in matches),
        sum(len(match.only_second) for match in matches),
        float(np.mean(shared)) if shared else None,
    )


def _changed(matches: Sequence[BoxMatch]) -> tuple[ChangedObjects, ...]:
    both = Counter(pair[0].label for match in matches for pair in match.both)
    first = Counter(box.label for match in matches for box in match.only_first)
    second = Counter(box.label for match in matches for box in match.only_second)
    found = [ChangedObjects(label, both[label], first[label], second[label]) for label in {*both, *first, *second}]
    return tuple(sorted(found, key=lambda entry: (-entry.only_first - entry.only_second, -entry.both, entry.label)))
