"""The anchor boxes of SSD, laid out like the TF Object Detection API's `ssd_anchor_generator`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npufit.zoo.moments import Floats

_LOWEST_SCALE, _HIGHEST_SCALE = 0.2, 0.95
_RATIOS = (1.0, 2.0, 0.5, 3.0, 0.3333)
_FIRST_MAP = ((0.1, 1.0), (_LOWEST_SCALE, 2.0), (_LOWEST_SCALE, 0.5))
"""Scale and aspect ratio of the three anchors at each position of the finest map."""


def anchors_per_place(maps: int) -> tuple[int, ...]:
    """Return the anchors per position of each of `maps` feature maps."""
    return tuple(len(boxes) for boxes in _boxes(maps))


def ssd_anchors(sizes: Sequence[Sequence[int]], image_size: tuple[int, int] = (1, 1)) -> Floats:
    """Return the anchors of feature maps with the given heights and widths, the finest first.

    Scales are shares of the shorter side of the image.

    One row per anchor: the centre's y and x, then height and width, as shares of the image.
    """
    import numpy as np

    rows: list[Floats] = []
    shorter = np.array([min(image_size) / side for side in image_size], np.float32)
    for size, boxes in zip(sizes, _boxes(len(sizes)), strict=True):
        rows_at, columns_at = (
            (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side) for side in size
        )
        y, x, box = np.meshgrid(rows_at, columns_at, np.arange(len(boxes)), indexing="ij")
        extents = np.array([(scale / sqrt(ratio), scale * sqrt(ratio)) for scale, ratio in boxes], np.float32)
        extent = extents[box.ravel()] * shorter
        rows.append(np.column_stack((y.ravel(), x.ravel(), extent[:, 0], extent[:, 1])))
    return np.concatenate(rows)


def _boxes(maps: int) -> list[Sequence[tuple[float, float]]]:
    """Return scale and aspect ratio of every anchor of each map."""
    step = (_HIGHEST_SCALE - _LOWEST_SCALE) / (maps - 1)
    scales = [*(_LOWEST_SCALE + step * index for index in range(maps)), 1.0]
    others = [
        [*((scale, ratio) for ratio in _RATIOS), (sqrt(scale * following), 1.0)]
        for scale, following in pairwise(scales[1:])
    ]
    return [_FIRST_MAP, *others]
