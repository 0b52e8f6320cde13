"""What a program does, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from npufit.ethosu.operations import Convolution, Operation, Transfer


@dataclass(frozen=True, slots=True)
class Statistics:
    """Operations by name, multiplications of convolutions, bytes that transfers move."""

    operations: tuple[tuple[str, int], ...]
    macs: int
    dma_bytes: int


def macs_of(operation: Operation) -> int:
    """Return the multiplications of a convolution, 0 for everything else."""
    if not isinstance(operation, Convolution):
        return 0
    inputs = 1 if operation.is_depthwise else operation.ifm.depth
    height, width, depth = operation.ofm.shape
    return height * width * depth * inputs * operation.kernel.height * operation.kernel.width


def measure(operations: tuple[Operation, ...]) -> Statistics:
    """Return the statistics of `operations`."""
    counts = Counter(operation.name for operation in operations)
    moved = sum(
        operation.length * operation.rows * operation.planes
        for operation in operations
        if isinstance(operation, Transfer)
    )
    return Statistics(tuple(counts.items()), sum(macs_of(operation) for operation in operations), moved)
