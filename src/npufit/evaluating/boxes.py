"""Boxes of detectors: read from the outputs, in pixels of the upright image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from npufit.errors import InputError
from npufit.evaluating.reading import Reading, Task
from npufit.execution import Array, ImageForm, Values, Window
from npufit.graph import Model
from npufit.graph.arrays import real_values

LEAST_SCORE = 0.01
"""Boxes below are not kept: neither people nor the average precision would notice them."""

MOST_BOXES = 300
_MOST_CANDIDATES = 1000
_OVERLAP = {Task.YOLOV5: 0.6, Task.YOLOV8: 0.7}
"""Of two boxes of a class that overlap by more, the weaker is dropped: what the authors validate with."""


@dataclass(frozen=True, slots=True)
class Box:
    """An object that was found: its class, its score, and its corners in pixels of the upright image."""

    label: int
    score: float
    left: float
    top: float
    right: float
    bottom: float


def read_boxes(model: Model, outputs: Values, reading: Reading, form: ImageForm, window: Window) -> tuple[Box, ...]:
    """Return the boxes in the outputs of one image, best first.

    Raises InputError if the outputs of a detector do not have the shapes of its form.
    """
    values = [_real(model, index, outputs) for index in reading.outputs]
    labels, scores, corners = _ssd(values) if reading.task is Task.SSD else _yolo(values[0], reading, form)
    left, top, right, bottom = corners.T
    width, height = window.right - window.left, window.bottom - window.top
    placed = np.stack(
        [
            np.clip(window.left + left * width, 0, window.width),
            np.clip(window.top + top * height, 0, window.height),
            np.clip(window.left + right * width, 0, window.width),
            np.clip(window.top + bottom * height, 0, window.height),
        ],
        axis=-1,
    )
    order = np.argsort(-scores, kind="stable")[:MOST_BOXES]
    return tuple(
        Box(int(labels[index]), float(scores[index]), *(float(value) for value in placed[index])) for index in order
    )


def overlaps(first: Array, second: Array) -> Array:
    """Return the intersection over union of each of `first` with each of `second`: left, top, right, bottom."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=-1)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None), axis=-1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def corners(boxes: tuple[Box, ...]) -> Array:
    """Return the corners of boxes as an array (boxes, 4)."""
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], np.float64).reshape(-1, 4)


def _real(model: Model, index: int, outputs: Mapping[int, Array]) -> Array:
    real = real_values(outputs[index], model.main.tensors[index].quantization)
    return np.nan_to_num(real, nan=0.0, posinf=1e9, neginf=-1e9)


def _ssd(values: list[Array]) -> tuple[Array, Array, Array]:
    """Return classes, scores and corners as shares of the input, from the outputs of TFLite_Detection_PostProcess."""
    boxes, labels, scores, number = values
    try:
        boxes, labels, scores = boxes[0].reshape(-1, 4), labels[0].reshape(-1), scores[0].reshape(-1)
    except (IndexError, ValueError):
        shapes = ", ".join("x".join(map(str, array.shape)) for array in values)
        raise InputError(f"the outputs {shapes} are not boxes, classes, scores and their number.") from None
    count = min(len(boxes), len(labels), len(scores), int(number.reshape(-1)[0]) if number.size else 0)
    kept = np.flatnonzero(scores[:count] >= LEAST_SCORE)
    return labels[kept], scores[kept], boxes[kept][:, [1, 0, 3, 2]]


def _yolo(values: Array, reading: Reading, form: ImageForm) -> tuple[Array, Array, Array]:
    """Return classes, scores and corners as shares of the input, without what overlaps a better box of its class."""
    is_wide = reading.task is Task.YOLOV8 and not reading.is_transposed
    rows = values[0].T if is_wide else values[0]
    classes = rows[:, 4:] if reading.task is Task.YOLOV8 else rows[:, 5:] * rows[:, 4:5]
    labels, scores = classes.argmax(axis=1), classes.max(axis=1)
    chosen = np.flatnonzero(scores >= LEAST_SCORE)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:_MOST_CANDIDATES]
    centres, sizes = rows[chosen, :2], rows[chosen, 2:4]
    in_pixels = reading.in_pixels
    if in_pixels is None:
        in_pixels = bool(rows[:, :2].max(initial=0.0) > 2.0)
    if in_pixels:
        side = np.array([form.width, form.height], np.float64)
        centres, sizes = centres / side, sizes / side
    found = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    kept = _strongest(found, labels[chosen], _OVERLAP[reading.task])
    return labels[chosen][kept], scores[chosen][kept], found[kept]


def _strongest(boxes: Array, labels: Array, most: float) -> Array:
    """Return the indices of boxes, best first, that overlap no better box of their class by more than `most`."""
    rivals = (overlaps(boxes, boxes) > most) & (labels[:, None] == labels[None, :])
    alive = np.ones(len(boxes), bool)
    for index in range(len(boxes)):
        if alive[index]:
            alive[index + 1 :] &= ~rivals[index, index + 1 :]
    return np.flatnonzero(alive)
