"""Mean average precision of boxes against labels, by faster-coco-eval, with an interval from resampled images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npufit.errors import ToolError
from npufit.evaluating.box_labels import BoxLabels
from npufit.evaluating.boxes import Box
from npufit.evaluating.records import Side

_MOST_RESAMPLES = 100
_FEWEST_RESAMPLES = 20
_RESAMPLED_IMAGES = 20_000
"""Resampling evaluates about so many images in all; with more than a thousand, an interval would hardly help."""
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, and its 95 % interval by resampling the images.

    Both ends are None if there were too many images, or if resampling changed nothing, which proves nothing.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Mean average precision of one side, 0 to 1: over overlaps of 0.5 to 0.95 (`coco`), and at 0.5 (`half`).

    `drop` is how much lower `coco` is than that of the reference, on the same images; None for the reference itself.
    """

    coco: Measured
    half: Measured
    drop: Measured | None = None


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image with its name, its size in pixels, and the boxes of each side."""

    name: str
    width: int
    height: int
    boxes: Mapping[Side, tuple[Box, ...]]


def average_precision(
    images: Sequence[LabelledImage], labels: BoxLabels, sides: Sequence[Side]
) -> dict[Side, AveragePrecision]:
    """Return the mean average precision of each side on the labelled ones of `images`; empty if there are none.

    Raises ToolError if faster-coco-eval is not installed.
    """
    known = [image for image in images if image.name in labels.by_image]
    if not known:
        return {}
    values = {side: np.array(_evaluate(known, labels, side)) for side in sides}
    count = min(_MOST_RESAMPLES, _RESAMPLED_IMAGES // len(known))
    count = count if count >= _FEWEST_RESAMPLES else 0
    draws = np.random.default_rng(0).integers(0, len(known), (count, len(known)))
    samples = {
        side: np.array([_evaluate([known[int(index)] for index in draw], labels, side) for draw in draws])
        for side in sides
    }
    found: dict[Side, AveragePrecision] = {}
    for side in sides:
        coco, half = (_measured(values[side][column], samples[side][:, column] if count else None) for column in (0, 1))
        drop = None
        if side is not Side.REFERENCE and Side.REFERENCE in values:
            apart = samples[Side.REFERENCE] - samples[side] if count else None
            lower = values[Side.REFERENCE][0] - values[side][0]
            drop = _measured(lower, None if apart is None else apart[:, 0], least=-1.0)
        found[side] = AveragePrecision(coco, half, drop)
    return found


def _measured(value: float, samples: Any, least: float = 0.0) -> Measured:
    value = float(value)
    if samples is None or not math.isfinite(value):
        return Measured(value)
    spread = _Z * float(np.nanstd(samples))
    if not spread:  # resampling images that are all alike cannot tell how others would differ
        return Measured(value)
    return Measured(value, max(least, value - spread), min(1.0, value + spread))


def _evaluate(images: Sequence[LabelledImage], labels: BoxLabels, side: Side) -> tuple[float, float]:
    """Return the precision over overlaps of 0.5 to 0.95 and at 0.5; an image may occur several times."""
    coco, evaluation = _library()
    truth = coco(_truth(images, labels), print_function=_ignore)
    rows = _rows(images, labels, side)
    if not rows:
        return 0.0, 0.0
    judged = evaluation(truth, truth.loadRes(rows), "bbox", print_function=_ignore)
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    return tuple(max(0.0, float(value)) for value in judged.stats[:2])  # pyright: ignore[reportReturnType]


def _library() -> tuple[Any, Any]:
    try:
        from faster_coco_eval import (  # pyright: ignore[reportMissingTypeStubs]
            COCO,
            COCOeval_faster,
        )
    except ImportError:
        raise ToolError(
            "Average precision needs faster-coco-eval. Install it with: pip install 'npufit[detection]'. Without "
            "--labels, the agreement of boxes needs nothing."
        ) from None
    return COCO, COCOeval_faster


def _truth(images: Sequence[LabelledImage], labels: BoxLabels) -> dict[str, Any]:
    annotations = [
        {
            "image_id": number,
            "category_id": box.category,
            "bbox": list(box.box),
            "area": box.area,
            "iscrowd": int(box.is_crowd),
        }
        for number, image in enumerate(images)
        for box in labels.by_image[image.name]
    ]
    return {
        "images": [{"id": number, "width": row.width, "height": row.height} for number, row in enumerate(images)],
        "annotations": [{"id": number, **row} for number, row in enumerate(annotations, start=1)],
        "categories": [{"id": number, "name": name} for number, name in labels.categories.items()],
    }


def _rows(images: Sequence[LabelledImage], labels: BoxLabels, side: Side) -> list[dict[str, Any]]:
    return [
        {
            "image_id": number,
            "category_id": labels.category_of[box.label],
            "bbox": [box.left, box.top, box.right - box.left, box.bottom - box.top],
            "score": box.score,
        }
        for number, image in enumerate(images)
        for box in image.boxes[side]
        if box.label in labels.category_of
    ]


def _ignore(*_: object, **__: object) -> None:
    """Print nothing."""
