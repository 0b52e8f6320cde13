"""DMA: bytes from one region, or from the SHRAM, to another."""

from __future__ import annotations

import numpy as np

from npufit.ethosu.arrays import SHRAM, Memory
from npufit.ethosu.feature_maps import Lattice
from npufit.ethosu.operations import Side, Transfer


def lattice(operation: Transfer, side: Side) -> Lattice:
    """Return the bytes of one side. A strided side skips bytes after every row, and after every plane of rows."""
    row = operation.length + (operation.row_skip if side.dimensions > 1 else 0)
    plane = operation.rows * row + (operation.plane_skip if side.dimensions > 2 else 0)
    region = SHRAM if side.region is None else side.region
    return Lattice(region, side.offset, (operation.planes, operation.rows), (plane, row), operation.length)


def transfer(operation: Transfer, memory: Memory) -> None:
    """Execute `operation` in `memory`. A transfer of no bytes touches nothing, wherever it points."""
    if not operation.length * operation.rows * operation.planes:
        return
    source, target = lattice(operation, operation.source), lattice(operation, operation.target)
    values = source.view(memory[source.region])
    overlaps = source.region == target.region and np.may_share_memory(values, target.view(memory[target.region]))
    target.view(memory[target.region])[...] = values.copy() if overlaps else values
