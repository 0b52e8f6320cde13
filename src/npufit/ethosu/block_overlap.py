"""What BLOCKDEP allows to overlap: whether an operation's first jobs read what the previous kernel's last blocks write.

A kernel works through its OFM in blocks: depth first, then width, then height. For each block it runs one job per IFM
block: channels of a convolution or sum in portions, everything else at once. With BLOCKDEP n, a job begins when at most
n earlier jobs are unfinished. So job f of an operation (from 0) runs beside the block that comes k blocks before the
end of the previous operation (from 0) if f + k < n.

Two compilers, Vela and Mesa from 26.1 on, choose the register in this way; Arm's own definition is not published. Two
things are left out, because it is unknown whether they can go wrong, and both compilers rely on them: writing what the
previous kernel still reads or writes, and reading what the kernel before the previous one wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from npufit.ethosu.accesses import Access
from npufit.ethosu.arrays import Integers
from npufit.ethosu.feature_maps import Area, Lattice, footprint
from npufit.ethosu.operations import (
    ActivationType,
    BlockOperation,
    Convolution,
    Elementwise,
    FeatureMap,
    Pooling,
    Upscale,
)

_LARGEST_BLOCK = (32, 64, 128)
"""Height, width and depth of an OFM block (ethos-u-vela, architecture_features.py)."""

_LARGEST_WINDOW = 256
"""Rows or columns of a window: those of an average pooling (ethos-u-vela, tflite_supported_operators.py)."""

_SHARED_SHRAM_BYTES = 16 << 10
"""An SHRAM of this size has no separate banks for tables: accumulators may be stored there (ethos-u-vela)."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Bytes that `access` uses too early, and the largest BLOCKDEP that prevents it."""

    access: Access
    start: int
    end: int
    largest_safe: int


def overlaps(
    previous: BlockOperation,
    written: tuple[Access, ...],
    operation: BlockOperation,
    touched: tuple[Access, ...],
    shram_bytes: int,
) -> Iterator[Overlap]:
    """Yield what `operation` uses too early of the results or the table of `previous`, the kernel before it.

    `written` and `touched` are all accesses of the two. At most one per role: the one that needs the lowest BLOCKDEP.
    """
    if not operation.block_dependency:
        return
    yield from _overwritten_table(previous, written, operation, shram_bytes)
    results = [access.area for access in written if access.writes]
    roles = {
        access.role: access
        for access in reversed(touched)
        if not access.writes and any(_may_meet(access.area, result) for result in results)
    }
    for access in roles.values():
        found = _earliest(previous, operation, access)
        if found is not None:
            yield found


def _may_meet(left: Lattice, right: Lattice) -> bool:
    return left.region == right.region and left.start < right.end and right.start < left.end


def _overwritten_table(
    previous: BlockOperation, written: tuple[Access, ...], operation: BlockOperation, shram_bytes: int
) -> Iterator[Overlap]:
    """Yield the table of `previous` if the accumulators of `operation` may overwrite it."""
    if shram_bytes > _SHARED_SHRAM_BYTES or operation.output.activation is ActivationType.TABLE:
        return
    for access in written:
        if access.role == "table":
            yield Overlap(access, access.area.start, access.area.end, 0)


def _earliest(previous: BlockOperation, operation: BlockOperation, access: Access) -> Overlap | None:
    jobs = [_runs(access.area.region, areas) for areas in _jobs(operation, access)]
    blocks = [_runs(access.area.region, footprint(previous.ofm, area)) for area in _last_blocks(previous, operation)]
    for distance in range(operation.block_dependency):
        for job, reads in enumerate(jobs[: distance + 1]):
            if distance - job >= len(blocks):
                continue
            common = _common(reads, blocks[distance - job])
            if common is not None:
                return Overlap(access, *common, distance)
    return None


def _jobs(operation: BlockOperation, access: Access) -> Iterator[Iterator[Lattice]]:
    """Yield the reads of each of the first jobs in the role of `access`."""
    if access.role not in ("IFM", "IFM2"):
        yield iter((access.area,))
        return
    feature_map = operation.ifm
    if access.role == "IFM2" and isinstance(operation, Elementwise) and operation.ifm2 is not None:
        feature_map = operation.ifm2
    portion = _channels_per_job(operation)
    portions = 1 if portion is None else -(-feature_map.depth // portion)
    for job in range(operation.block_dependency):
        block = _block(operation, job // portions)
        if block is None:
            return
        if portion is not None:
            first = job % portions * portion
            block = replace(block, channels=slice(first, min(feature_map.depth, first + portion)))
        yield footprint(feature_map, _read_area(operation, feature_map, block))


def _last_blocks(previous: BlockOperation, operation: BlockOperation) -> Iterator[Area]:
    """Yield the blocks that `previous` writes, from the last one back."""
    for back in range(operation.block_dependency):
        block = _block(previous, -1 - back)
        if block is None:
            return
        yield block


def _block(operation: BlockOperation, number: int) -> Area | None:
    """Return the OFM block with a number; a negative one counts from the end."""
    shape = operation.ofm.shape
    sizes = tuple(map(min, operation.block, _LARGEST_BLOCK))
    counts = tuple(-(-whole // size) for whole, size in zip(shape, sizes, strict=True))
    total = counts[0] * counts[1] * counts[2]
    if number < 0:
        number += total
    if not 0 <= number < total:
        return None
    rest, z = divmod(number, counts[2])
    rows, columns, channels = (
        slice(index * size, min(whole, (index + 1) * size))
        for index, size, whole in zip((*divmod(rest, counts[1]), z), sizes, shape, strict=True)
    )
    return Area(rows, columns, channels)


def _channels_per_job(operation: BlockOperation) -> int | None:
    """Return how many IFM channels a job adds up, as weights are ordered; None if it uses those of its block."""
    bits = operation.ifm.element.bits
    if isinstance(operation, Convolution) and not operation.is_depthwise:
        return 16 if operation.kernel.part_kernel_first or bits == 16 else 32
    if isinstance(operation, Pooling) and operation.mode == "REDUCE_SUM":
        return 256 // bits
    return None


def _read_area(operation: BlockOperation, feature_map: FeatureMap, block: Area) -> Area:
    """Return what is read of `feature_map` for rows and columns of the OFM; the channels are those of the IFM."""
    if isinstance(operation, Convolution | Pooling):
        kernel = operation.kernel
        height, width = min(kernel.dilated_height, _LARGEST_WINDOW), min(kernel.dilated_width, _LARGEST_WINDOW)
        rows = _window(block.rows, feature_map.height, kernel.stride_y, height, kernel.pad_top, kernel.upscale)
        columns = _window(block.columns, feature_map.width, kernel.stride_x, width, kernel.pad_left, kernel.upscale)
        return replace(block, rows=rows, columns=columns)
    rows, columns, channels = (
        slice(0, 1) if size == 1 else part
        for size, part in zip(feature_map.shape, (block.rows, block.columns, block.channels), strict=True)
    )
    return Area(rows, columns, channels)


def _window(outputs: slice, size: int, stride: int, window: int, padding: int, upscale: Upscale) -> slice:
    """Return which of `size` rows or columns the windows of `outputs` see, without padding."""
    factor = 1 if upscale is Upscale.NONE else 2
    first = outputs.start * stride - padding
    last = (outputs.stop - 1) * stride - padding + window
    first, last = max(0, first // factor), min(size, -(-last // factor))
    return slice(first, max(first, last))


def _runs(region: int, areas: Iterator[Lattice]) -> Integers:
    """Return begin and end of every run of bytes, (runs, 2), sorted by begin."""
    found: list[Integers] = []
    for area in areas:
        if area.region != region:
            continue
        sizes, strides, run = list(area.sizes), list(area.strides), area.run
        while sizes and (strides[-1] == run or sizes[-1] == 1):
            run *= sizes.pop()
            strides.pop()
        starts = np.array([area.offset], np.int64)
        for size, stride in zip(sizes, strides, strict=True):
            starts = (starts[:, None] + np.arange(size, dtype=np.int64) * stride).ravel()
        found.append(np.stack([starts, starts + run], axis=1))
    if not found:
        return np.empty((0, 2), np.int64)
    runs = np.concatenate(found)
    return runs[np.argsort(runs[:, 0], kind="stable")]


def _common(reads: Integers, writes: Integers) -> tuple[int, int] | None:
    """Return begin and end of the bytes that runs of both share, including everything between them."""
    if not len(reads) or not len(writes):
        return None
    before = np.searchsorted(writes[:, 0], reads[:, 1])
    reach = np.concatenate([[np.iinfo(np.int64).min], np.maximum.accumulate(writes[:, 1])])[before]
    met = reach > reads[:, 0]
    if not met.any():
        return None
    first, last = reads[met][0], reads[met]
    lowest = max(int(first[0]), int(writes[0, 0]))
    highest = min(int(last[:, 1].max()), int(writes[:, 1].max()))
    return lowest, highest
