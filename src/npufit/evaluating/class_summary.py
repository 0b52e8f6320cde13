"""A classifier over many images: how often two sides agree, how often each is right, and which classes change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npufit.evaluating.intervals import Proportion, counted
from npufit.evaluating.rankings import BEST, Ranking
from npufit.evaluating.records import Pair, Side


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """How often two sides agree. `top5` is None for models of five classes or fewer.

    `top1` counts images with the same best class, `top5` those where the first side's best class is among the second
    side's best five. `tied` counts images where several classes share the best score on either side, `tied_changes`
    those of them whose best class changed.
    """

    top1: Proportion
    top5: Proportion | None
    tied: int
    tied_changes: int


@dataclass(frozen=True, slots=True)
class ClassAccuracy:
    """How often one side is right; `tied` counts the images where a tie decided its best class."""

    top1: Proportion
    top5: Proportion | None
    tied: int


@dataclass(frozen=True, slots=True)
class ChangedClass:
    """Images that the first side of a pair puts into class `label`: how many, and where the second side puts them."""

    label: int
    images: int
    moved_to: tuple[tuple[int, int], ...]
    """classes and numbers of images, the most frequent first"""

    @property
    def changed(self) -> int:
        """Number of images that the second side puts into another class."""
        return sum(count for _, count in self.moved_to)


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """A classifier's images together. `accuracy` is empty without labels.

    `changed` has the classes of the main pair that lose images, the most first.
    """

    agreement: Mapping[Pair, ClassAgreement]
    accuracy: Mapping[Side, ClassAccuracy]
    changed: tuple[ChangedClass, ...]


Row = tuple[Mapping[Side, Ranking], int | None]
"""The rankings of an image, and its right class if known."""


def summarize_classes(rows: Sequence[Row], pairs: Sequence[Pair], sides: Sequence[Side], classes: int) -> ClassSummary:
    """Return the summary of a classifier's images; the first of `pairs` is the main one."""
    has_five = classes > BEST
    labelled = [(rankings, label) for rankings, label in rows if label is not None]
    return ClassSummary(
        {pair: _agreement(rows, pair, has_five) for pair in pairs},
        {side: _accuracy(labelled, side, has_five) for side in sides} if labelled else {},
        _changed(rows, pairs[0]) if pairs else (),
    )


def _agreement(rows: Sequence[Row], pair: Pair, has_five: bool) -> ClassAgreement:
    both = [(rankings[pair.first], rankings[pair.second]) for rankings, _ in rows]
    tied = [(first, second) for first, second in both if first.is_tied or second.is_tied]
    return ClassAgreement(
        counted(sum(first.best == second.best for first, second in both), len(both)),
        counted(sum(first.best in second.classes for first, second in both), len(both)) if has_five else None,
        len(tied),
        sum(first.best != second.best for first, second in tied),
    )


def _accuracy(rows: Sequence[tuple[Mapping[Side, Ranking], int]], side: Side, has_five: bool) -> ClassAccuracy:
    found = [(rankings[side], label) for rankings, label in rows]
    return ClassAccuracy(
        counted(sum(ranking.best == label for ranking, label in found), len(found)),
        counted(sum(label in ranking.classes for ranking, label in found), len(found)) if has_five else None,
        sum(ranking.is_tied for ranking, _ in found),
    )


def _changed(rows: Sequence[Row], pair: Pair) -> tuple[ChangedClass, ...]:
    images = Counter(rankings[pair.first].best for rankings, _ in rows)
    moves: dict[int, Counter[int]] = {}
    for rankings, _ in rows:
        first, second = rankings[pair.first].best, rankings[pair.second].best
        if first != second:
            moves.setdefault(first, Counter())[second] += 1
    found = [ChangedClass(label, images[label], tuple(moved.most_common())) for label, moved in moves.items()]
    return tuple(sorted(found, key=lambda entry: (-entry.changed, entry.label)))
