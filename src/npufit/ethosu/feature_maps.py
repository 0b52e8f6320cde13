"""Feature maps in memory as arrays of height, width and depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from npufit.ethosu.arrays import Array, Memory, dtype_of
from npufit.ethosu.operations import FeatureMap, Layout

_BRICK = 16
_WHOLE = np.dtype(f"V{_BRICK}")
"""A brick of bytes of one pixel, copied as one value."""


@dataclass(frozen=True, slots=True)
class Tile:
    """The part of a feature map that one base address serves: rows and columns from `y` and `x` on."""

    base: int
    y: int
    x: int
    height: int
    width: int


def tiles(feature_map: FeatureMap) -> tuple[Tile, ...]:
    """Return the tiles that are not empty."""
    split_x = min(feature_map.width0, feature_map.width)
    found: list[Tile] = []
    for column, (x, width) in enumerate(((0, split_x), (split_x, feature_map.width - split_x))):
        split_y = min(feature_map.height1 if column else feature_map.height0, feature_map.height)
        for row, (y, height) in enumerate(((0, split_y), (split_y, feature_map.height - split_y))):
            if width > 0 and height > 0:
                found.append(Tile(feature_map.bases[2 * row + column], y, x, height, width))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Lattice:
    """Bytes of a region: `sizes` and `strides` from the outermost dimension in, runs of `run` bytes innermost."""

    region: int
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    run: int

    @property
    def end(self) -> int:
        """One past the last byte."""
        last = sum((size - 1) * stride for size, stride in zip(self.sizes, self.strides, strict=True) if stride > 0)
        return self.offset + last + self.run

    @property
    def start(self) -> int:
        """The first byte; strides may be negative."""
        first = sum((size - 1) * stride for size, stride in zip(self.sizes, self.strides, strict=True) if stride < 0)
        return self.offset + first

    def view(self, values: Array) -> Array:
        """Return the positions in `values`, which has one entry per byte of the region, as an array."""
        item = values.itemsize
        return np.ndarray(
            (*self.sizes, self.run),
            values.dtype,
            values.data,
            self.offset * item,
            (*(stride * item for stride in self.strides), item),
        )


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a feature map; every slice has a start and an end inside the map."""

    rows: slice
    columns: slice
    channels: slice


def footprint(feature_map: FeatureMap, area: Area | None = None) -> Iterator[Lattice]:
    """Yield the bytes that a feature map occupies, or those of a part of it."""
    size = feature_map.element.size_bytes
    channels = slice(0, feature_map.depth) if area is None else area.channels
    for tile in tiles(feature_map):
        top, left, bottom, right = tile.y, tile.x, tile.y + tile.height, tile.x + tile.width
        if area is not None:
            top, bottom = max(top, area.rows.start), min(bottom, area.rows.stop)
            left, right = max(left, area.columns.start), min(right, area.columns.stop)
        height, width = bottom - top, right - left
        if height <= 0 or width <= 0 or channels.start >= channels.stop:
            continue
        base = tile.base + (top - tile.y) * feature_map.stride_y + (left - tile.x) * feature_map.stride_x
        for brick_base, bricks, first, last in _portions(feature_map, channels):
            yield Lattice(
                feature_map.region,
                base + brick_base + first * size,
                (height, *bricks, width),
                (feature_map.stride_y, *(feature_map.stride_c,) * len(bricks), feature_map.stride_x),
                (last - first) * size,
            )


def _portions(feature_map: FeatureMap, channels: slice) -> Iterator[tuple[int, tuple[int, ...], int, int]]:
    """Yield the positions of channels: distance to the first brick, number of bricks, first and last channel."""
    if feature_map.layout is Layout.NHWC:
        yield 0, (), channels.start, channels.stop
        return
    first, last = channels.start, channels.stop
    if first % _BRICK:
        end = min(last, first - first % _BRICK + _BRICK)
        yield first // _BRICK * feature_map.stride_c, (), first % _BRICK, first % _BRICK + end - first
        first = end
    whole, rest = divmod(last - first, _BRICK)
    if whole:
        yield first // _BRICK * feature_map.stride_c, (whole,), 0, _BRICK
    if rest:
        yield last // _BRICK * feature_map.stride_c, (), 0, rest


@dataclass(frozen=True, slots=True)
class _Part:
    """A tile, or its whole or last bricks: what it holds, and a view of it in memory.

    The view is (height, width, channels) or, for whole bricks, (height, width, bricks, 16) or with each brick as one
    value.
    """

    rows: slice
    columns: slice
    channels: slice
    view: Array


class StoredMap:
    """A feature map in memory. Its views are made once, as long as it is read and written in the same memory."""

    def __init__(self, feature_map: FeatureMap) -> None:
        """Plan the access; nothing is read yet."""
        self._map = feature_map
        self._dtype = dtype_of(feature_map.element)
        self._region: Array | None = None
        self._parts: tuple[_Part, ...] = ()

    def read(self, memory: Memory) -> Array:
        """Return the values as (height, width, depth); a view if the memory has that shape."""
        parts = self._in(memory)
        if parts[0].view.shape == self._map.shape:
            return parts[0].view
        result = np.empty(self._map.shape, self._dtype)
        for part in parts:
            target = result[part.rows, part.columns, part.channels]
            _like(part.view, target)[...] = part.view
        return result

    def write(self, memory: Memory, values: Array) -> None:
        """Write `values`, (height, width, depth)."""
        for part in self._in(memory):
            part.view[...] = _like(part.view, values[part.rows, part.columns, part.channels])

    def _in(self, memory: Memory) -> tuple[_Part, ...]:
        region = memory[self._map.region]
        if region is not self._region:
            self._region, self._parts = region, tuple(_parts(self._map, region, self._dtype))
        return self._parts


def read_feature_map(feature_map: FeatureMap, memory: Memory) -> Array:
    """Return the values as (height, width, depth); a view if the memory has that shape."""
    return StoredMap(feature_map).read(memory)


def _parts(feature_map: FeatureMap, region: Array, dtype: np.dtype[np.generic]) -> Iterator[_Part]:
    data, size = region.data, dtype.itemsize
    for tile in tiles(feature_map):
        rows, columns = slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
        if feature_map.layout is Layout.NHWC:
            shape = tile.height, tile.width, feature_map.depth
            strides = feature_map.stride_y, feature_map.stride_x, size
            view = np.ndarray(shape, dtype, data, tile.base, strides)
            yield _Part(rows, columns, slice(0, feature_map.depth), view)
            continue
        whole, rest = divmod(feature_map.depth, _BRICK)
        if whole:
            shape = tile.height, tile.width, whole, _BRICK
            strides = feature_map.stride_y, feature_map.stride_x, feature_map.stride_c, size
            view = np.ndarray(shape, dtype, data, tile.base, strides)
            yield _Part(rows, columns, slice(0, whole * _BRICK), view.view(_WHOLE) if size == 1 else view)
        if rest:
            shape = tile.height, tile.width, rest
            strides = feature_map.stride_y, feature_map.stride_x, size
            view = np.ndarray(shape, dtype, data, tile.base + whole * feature_map.stride_c, strides)
            yield _Part(rows, columns, slice(whole * _BRICK, feature_map.depth), view)


def _like(view: Array, values: Array) -> Array:
    """Return `values`, (height, width, channels), in the form of `view`; in bricks, it is a view too."""
    if view.ndim == values.ndim:
        return values
    split = values.reshape(*values.shape[:2], -1, _BRICK)
    return split.view(_WHOLE) if view.dtype == _WHOLE else split
