"""Where two tensors differ, as small pictures: by place and by channel."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from npufit.execution import Array

_MOST = 96
"""Cells of a picture along a side; larger ones show the largest difference of each cell."""

_INK = (196, 22, 74)
_WORST = 8


@dataclass(frozen=True, slots=True)
class DifferenceMap:
    """A picture of differences as a PNG in a `data:` address; darker is larger, empty is equal."""

    title: str
    rows: int
    columns: int
    picture: str


@dataclass(frozen=True, slots=True)
class DifferingValue:
    """One value that differs: its place in the tensor, what the target computed and what the golden did."""

    place: tuple[int, ...]
    found: str
    expected: str


def difference_maps(found: Array, expected: Array) -> list[DifferenceMap]:
    """Return pictures of where `found` differs from `expected`; none if their shapes or types do.

    Tensors of four dimensions (NHWC) are shown as height by width and as height by channel, each cell with the largest
    difference along the other axes; others as rows of their last axis.
    """
    distance = _distance(found, expected)
    if distance is None or not distance.size:
        return []
    if distance.ndim == 4:
        return [
            _map("rows and columns, all channels", distance.max(axis=(0, 3))),
            _map("rows and channels, all columns", distance.max(axis=(0, 2))),
        ]
    flat = distance.reshape(-1, distance.shape[-1]) if distance.ndim else distance.reshape(1, 1)
    return [_map("rows, by the last axis", flat)]


def worst_values(found: Array, expected: Array) -> list[DifferingValue]:
    """Return the values that differ most, the largest difference first."""
    distance = _distance(found, expected)
    if distance is None:
        return []
    order: list[int] = np.argsort(-distance, axis=None, kind="stable")[:_WORST].tolist()
    places = [_place(flat, distance.shape) for flat in order if distance.flat[flat] > 0]
    return [DifferingValue(place, str(found.reshape(expected.shape)[place]), str(expected[place])) for place in places]


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the place of the value at position `flat` in C order."""
    place: list[int] = []
    for size in reversed(shape):
        place.append(flat % size)
        flat //= size
    return tuple(reversed(place))


def _distance(found: Array, expected: Array) -> Any:
    """Return the absolute differences as float64, infinite ones as the largest; None if they cannot be compared."""
    if found.size != expected.size or found.dtype != expected.dtype or expected.dtype.kind not in "biuf":
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(found.reshape(expected.shape).astype(np.float64) - expected.astype(np.float64))
    finite = distance[np.isfinite(distance)]
    return np.nan_to_num(distance, nan=0.0, posinf=float(finite.max(initial=1.0)))


def _map(title: str, distance: Any) -> DifferenceMap:
    rows, columns = distance.shape
    return DifferenceMap(title, rows, columns, _picture(_pooled(_pooled(distance, 0), 1)))


def _pooled(distance: Any, axis: int) -> Any:
    """Return `distance` with at most `_MOST` cells along `axis`, each with its largest value."""
    size = distance.shape[axis]
    if size <= _MOST:
        return distance
    starts = [cell * size // _MOST for cell in range(_MOST)]
    return np.maximum.reduceat(distance, starts, axis=axis)


def _picture(distance: Any) -> str:
    from PIL import Image

    largest = float(distance.max(initial=0.0)) or 1.0
    pixels = np.zeros((*distance.shape, 4), np.uint8)
    pixels[..., :3] = _INK
    pixels[..., 3] = np.where(distance > 0, 60 + 195 * np.sqrt(distance / largest), 0).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
