"""Outputs over many images, value by value: for models whose answers are not read, and beside those that are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npufit.evaluating.intervals import Proportion, clustered, counted
from npufit.evaluating.records import ImageRecord, OutputChange, Pair


@dataclass(frozen=True, slots=True)
class OutputAgreement:
    """One output of two sides: images where all values are the same, values that are, pixels with the same class.

    `pixels` is None unless the output is a map of classes; `largest` is the largest difference in real numbers.
    """

    output: int
    images: Proportion
    values: Proportion
    pixels: Proportion | None
    largest: float


@dataclass(frozen=True, slots=True)
class OutputSummary:
    """All outputs of all images, by pair: `images` where every value of every output is the same, and each output."""

    images: Mapping[Pair, Proportion]
    outputs: Mapping[Pair, tuple[OutputAgreement, ...]]


def summarize_outputs(records: Sequence[ImageRecord], pairs: Sequence[Pair]) -> OutputSummary:
    """Return the summary of the outputs of all images."""
    return OutputSummary(
        {pair: _images(records, pair) for pair in pairs}, {pair: _outputs(records, pair) for pair in pairs}
    )


def _images(records: Sequence[ImageRecord], pair: Pair) -> Proportion:
    same = [all(not change.differing for change in record.changes[pair]) for record in records]
    return counted(sum(same), len(same))


def _outputs(records: Sequence[ImageRecord], pair: Pair) -> tuple[OutputAgreement, ...]:
    by_output: dict[int, list[OutputChange]] = {}
    for record in records:
        for change in record.changes[pair]:
            by_output.setdefault(change.output, []).append(change)
    return tuple(_agreement(output, changes) for output, changes in by_output.items())


def _agreement(output: int, changes: Sequence[OutputChange]) -> OutputAgreement:
    has_pixels = any(change.pixels for change in changes)
    return OutputAgreement(
        output,
        counted(sum(not change.differing for change in changes), len(changes)),
        clustered((change.values - change.differing, change.values) for change in changes),
        clustered((change.same_pixels, change.pixels) for change in changes) if has_pixels else None,
        max(change.largest for change in changes),
    )
