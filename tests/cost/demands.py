"""Demands and workloads made by hand, for tests of cost models."""

from __future__ import annotations

from dataclasses import replace

from npufit.cost.coefficient import Coefficient
from npufit.cost.demand import Demand
from npufit.cost.workload import PlacedDemand, Workload, assumed
from npufit.graph import Family, OperatorId
from npufit.stacks import Traffic, Unit


def convolution(size: int, depth_in: int, depth_out: int, kernel: int = 1, stride: int = 1) -> Demand:
    """Return a convolution with `size` x `size` results."""
    return _windowed("CONV_2D", Family.CONVOLUTION, size, depth_in, depth_out, kernel, stride)


def depthwise(size: int, depth: int, kernel: int = 3, stride: int = 1) -> Demand:
    """Return a depthwise convolution with `size` x `size` results."""
    return _windowed("DEPTHWISE_CONV_2D", Family.DEPTHWISE, size, depth, depth, kernel, stride)


def pooling(size: int, depth: int, kernel: int = 2) -> Demand:
    """Return a pooling with `size` x `size` results."""
    return _windowed("MAX_POOL_2D", Family.POOLING, size, depth, depth, kernel, kernel)


def addition(size: int, depth: int) -> Demand:
    """Return a sum of two feature maps."""
    values = size * size * depth
    return replace(_demand("ADD", Family.ELEMENTWISE, size, depth, depth), inputs=2 * values, outputs=values)


def matrix(depth_in: int, depth_out: int) -> Demand:
    """Return a FULLY_CONNECTED."""
    macs = depth_in * depth_out
    plain = _demand("FULLY_CONNECTED", Family.MATRIX, 1, depth_in, depth_out)
    return replace(plain, macs=macs, inputs=depth_in, outputs=depth_out, weight_bytes=macs)


def other(type_: str, family: Family, values: int, *, is_float: bool = False) -> Demand:
    """Return an operator of `values` in and out."""
    plain = _demand(type_, family, 1, values, values)
    return replace(plain, inputs=values, outputs=values, element_bytes=4 if is_float else 1, is_float=is_float)


def _demand(type_: str, family: Family, size: int, depth_in: int, depth_out: int) -> Demand:
    return Demand(
        type=type_,
        family=family,
        macs=0,
        inputs=0,
        outputs=0,
        height=size,
        width=size,
        depth_in=depth_in,
        depth_out=depth_out,
        kernel_height=1,
        kernel_width=1,
        stride=1,
        weight_bytes=0,
        element_bytes=1,
        is_float=False,
        is_unsigned=False,
    )


def _windowed(type_: str, family: Family, size: int, depth_in: int, depth_out: int, kernel: int, stride: int) -> Demand:
    weights = 0 if family is Family.POOLING else kernel * kernel * depth_out
    weights *= depth_in if family is Family.CONVOLUTION else 1
    return replace(
        _demand(type_, family, size, depth_in, depth_out),
        macs=size * size * weights,
        inputs=size * stride * size * stride * depth_in,
        outputs=size * size * depth_out,
        kernel_height=kernel,
        kernel_width=kernel,
        stride=stride,
        weight_bytes=weights,
    )


def on_npu(*demands: Demand, partitions: int = 1) -> Workload:
    """Return `demands` on the NPU, shared out to `partitions` in order."""
    share = max(1, -(-len(demands) // partitions))
    placed = tuple(
        PlacedDemand(assumed(OperatorId(0, index), Unit.NPU, index // share), demand)
        for index, demand in enumerate(demands)
    )
    runs = [demands[start : start + share] for start in range(0, len(demands), share)]
    return Workload(placed, {index: Traffic(run[0].inputs, run[-1].outputs) for index, run in enumerate(runs)})


def expected(coefficients: tuple[Coefficient, ...]) -> dict[str, float]:
    """Return what one expects of `coefficients` before any measurement."""
    return {coefficient.name: coefficient.prior for coefficient in coefficients}


HOSTILE = (
    convolution(0, 0, 0),
    convolution(0, 8, 8),
    convolution(1, 0, 5, 3, 2),
    convolution(1 << 20, 1 << 16, 1 << 16, 255, 1),
    convolution(1, 1 << 30, 1 << 30),
    depthwise(1, 1, 1 << 20),
    depthwise(1 << 15, 3, 3, 64),
    pooling(0, 0, 0),
    pooling(3, 7, 1 << 12),
    matrix(0, 0),
    matrix(1 << 31, 1 << 31),
    addition(0, 4),
    other("UNHEARD_OF", Family.OTHER, 0),
    other("SOFTMAX", Family.SOFTMAX, 1 << 40, is_float=True),
    replace(convolution(-1, -1, -1, -1, 0), macs=0, inputs=0, outputs=0, weight_bytes=0),
)
"""Sizes that no sound network has, but that a file may state."""
