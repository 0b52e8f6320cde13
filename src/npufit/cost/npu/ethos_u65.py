"""The arithmetic of an Ethos-U65 with 256 multipliers: cycles of an operator, and how often its data are fetched.

The unit works on blocks of the output. A block is computed in micro-blocks of 2x2 values and 8 channels, four cycles
for each step of 32 channels (or 8 channels and 4 elements of the kernel); a step takes at least the 32 cycles that
decoding its 256 weights needs. Depthwise convolutions use 4 elements of the kernel per step, pooling uses one. Results
leave the accumulators through an output unit with its own rate. Both work at the same time, so the slower one counts.
Geometry and rates: Vela's performance model (architecture_features.py and npu_performance.py of ethos-u-vela,
Apache-2.0) in our own words, pooling as Vela 5.2 counts it; blocks as in Mesa's captured streams.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import ceil

from npufit.cost.demand import Demand
from npufit.graph import Family

MICRO_BLOCK = 2
MICRO_DEPTH = 8
_STEP_CYCLES = 4
_WEIGHT_CYCLES = 32
_DEPTH_STEP = 32
_PART_KERNEL = 4
_SUB_KERNEL = 8
"""The longest side of a kernel that is fetched in one piece."""

_SHARES = ((16 << 10, 4 << 10), (8 << 10, 12 << 10))
"""Bytes of one of the two buffers for accumulators and for inputs: the ways to share 40 of the 44 free KiB of SHRAM."""

_ACCUMULATOR_BYTES = 4
_BLOCK_HEIGHTS = (2, 4, 8, 14, 32)
_BLOCK_DEPTHS = (16, 32, 64, 128)
_WIDEST_BLOCK = 64

_OUTPUT_CYCLES = {"ADD": 0.75, "SUB": 0.75, "MUL": 0.375}
_LOOKUP_OUTPUT_CYCLES = 1.0
_PLAIN_OUTPUT_CYCLES = 0.25
_SOFTMAX_PASSES = 8
"""Passes over the values that a SOFTMAX amounts to: maximum, difference, tables, sum, 32-bit products."""

_WINDOWED = (Family.CONVOLUTION, Family.DEPTHWISE, Family.POOLING, Family.TRANSPOSED, Family.MATRIX)
_WEIGHTED = (Family.CONVOLUTION, Family.DEPTHWISE, Family.TRANSPOSED, Family.MATRIX)


@dataclass(frozen=True, slots=True)
class Blocks:
    """How the output is cut: `area` blocks over height and width, `deep` over channels.

    `input_bytes` is the total that the blocks fetch of the feature map, overlapping windows counted again.
    """

    area: int
    deep: int
    input_bytes: int


@functools.lru_cache(maxsize=4096)
def cycles_of(demand: Demand) -> float:
    """Return the cycles of the arithmetic of one operator."""
    output = demand.outputs * _output_cycles(demand)
    if demand.family not in _WINDOWED:
        return output * (_SOFTMAX_PASSES if demand.family is Family.SOFTMAX else 1)
    batches, height, width = _plane(demand)
    blocks = blocks_of(demand)
    micro = _up(height, MICRO_BLOCK) * _up(width, MICRO_BLOCK) * batches
    layers = _up(max(0, demand.depth_out), MICRO_DEPTH)
    kernel = max(1, demand.kernel_height) * max(1, demand.kernel_width)
    # A block whose steps are shorter than the decoding of their weights waits for them.
    per_step = max(_STEP_CYCLES * micro, _WEIGHT_CYCLES * blocks.area)
    match demand.family:
        case Family.POOLING:
            return max(_STEP_CYCLES * kernel * micro * layers, output)
        case Family.DEPTHWISE:
            return max(per_step * _up(kernel, _PART_KERNEL) * layers, output)
        case _:
            return max(per_step * _steps(max(1, demand.depth_in), kernel) * layers, output)


def _steps(depth: int, kernel: int) -> int:
    """Return the steps of a convolution: by the kernel if few channels would leave the multipliers idle."""
    deep = kernel * _up(depth, _DEPTH_STEP)
    by_kernel = _up(kernel, _PART_KERNEL) * _up(depth, MICRO_DEPTH)
    # 4 x 8 values of one channel group against 32 channels: the same work per step.
    return by_kernel if depth <= MICRO_DEPTH else min(deep, by_kernel)


def _output_cycles(demand: Demand) -> float:
    if demand.family in (Family.LOOKUP, Family.SOFTMAX):
        return _LOOKUP_OUTPUT_CYCLES
    return _OUTPUT_CYCLES.get(demand.type, _PLAIN_OUTPUT_CYCLES)


def has_weights(demand: Demand) -> bool:
    """Return whether the operator reads weights."""
    return demand.family in _WEIGHTED


@functools.lru_cache(maxsize=4096)
def blocks_of(demand: Demand) -> Blocks:
    """Return the blocks of an operator: those that fetch least, among the ones that fit."""
    if demand.family not in _WINDOWED:
        return Blocks(1, 1, demand.inputs * demand.element_bytes)
    batches, height, width = _plane(demand)
    blocks = _choose(
        height,
        width,
        max(1, demand.depth_out),
        max(1, demand.depth_in),
        max(1, demand.kernel_height),
        max(1, demand.kernel_width),
        max(1, demand.stride),
        demand.family in (Family.DEPTHWISE, Family.POOLING),
        demand.family is not Family.POOLING,
    )
    return Blocks(blocks.area * batches, blocks.deep, blocks.input_bytes * batches * demand.element_bytes)


def _plane(demand: Demand) -> tuple[int, int, int]:
    """Return batches, height and width of the output; rows of a matrix count as height."""
    values = demand.height * demand.width * demand.depth_out
    batches = max(1, demand.outputs // values) if values > 0 else 1
    if demand.family is Family.MATRIX:
        return 1, max(1, batches * demand.height), max(1, demand.width)
    return batches, max(1, demand.height), max(1, demand.width)


@functools.lru_cache(maxsize=4096)
def _choose(
    height: int,
    width: int,
    depth: int,
    depth_in: int,
    kernel_height: int,
    kernel_width: int,
    stride: int,
    equal_depth: bool,
    weighted: bool,
) -> Blocks:
    """Return the blocks that fetch the least inputs and weights."""
    reach_y, reach_x = min(kernel_height, _SUB_KERNEL), min(kernel_width, _SUB_KERNEL)
    kernel = kernel_height * kernel_width
    best, least = Blocks(1, 1, height * width * depth_in), float("inf")
    tall, wide = _up(height, 2) * 2, min(_WIDEST_BLOCK, _up(width, 2) * 2)
    for block_depth in _BLOCK_DEPTHS:
        if block_depth > _BLOCK_DEPTHS[0] and block_depth >= 2 * depth:
            break
        lanes = min(block_depth, depth_in) if equal_depth else min(depth_in, _DEPTH_STEP)
        lanes = max(MICRO_DEPTH, _up(lanes, MICRO_DEPTH) * MICRO_DEPTH)
        for wanted in _BLOCK_HEIGHTS:
            block_height = min(wanted, tall)
            rows = (block_height - 1) * stride + reach_y
            block_width = 0
            for accumulators, inputs in _SHARES:
                by_output = accumulators // (_ACCUMULATOR_BYTES * block_height * min(block_depth, _up(depth, 8) * 8))
                by_input = (inputs // (rows * lanes) - reach_x) // stride + 1
                block_width = max(block_width, min(by_output, by_input, wide) // 2 * 2)
            if block_width < 2:
                break
            across, down = _up(width, block_width), _up(height, block_height)
            deep = _up(depth, block_depth)
            read = _extent(height, down, stride, reach_y) * _extent(width, across, stride, reach_x) * depth_in
            read *= 1 if equal_depth else deep
            read *= _up(kernel_height, _SUB_KERNEL) * _up(kernel_width, _SUB_KERNEL)
            fetched = read
            if weighted:
                fetched += kernel * depth * (1 if equal_depth else depth_in) * across * down
            if fetched < least:
                least, best = fetched, Blocks(across * down, deep, read)
            if wanted >= tall:
                break
    return best


def _extent(size: int, blocks: int, stride: int, reach: int) -> int:
    """Return the lines of the input that `blocks` blocks read for `size` lines of the output."""
    return size * stride + blocks * max(0, reach - stride)


def _up(value: int, unit: int) -> int:
    return ceil(value / unit)
