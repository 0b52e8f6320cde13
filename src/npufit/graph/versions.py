"""The lowest version of its type that an operator needs; runtimes choose kernels by version.

Source: LiteRT, `tflite/tools/versioning/op_version.cc`. Requirements of tensors with more than four dimensions or
16-bit values are not covered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from npufit.graph.model import NO_TENSOR, Operator
from npufit.graph.operator_types import operator_type
from npufit.graph.options import (
    Activation,
    FullyConnectedOptions,
    Options,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    fused_activation,
)


def least_version(operator: Operator, *, int8: bool) -> int:
    """Return the lowest version that supports the operands and options of `operator`, and int8 if it is used."""
    needed = _NEEDED.get(operator.type, _nothing)(operator)
    return max(needed, operator_type(operator).int8_version if int8 else 1)


def eight_bit_operator(
    kind: str, inputs: tuple[int, ...], outputs: tuple[int, ...], options: Options | None = None
) -> Operator:
    """Return an operator on 8-bit values, with the lowest version that takes int8, which also takes uint8."""
    operator = Operator(kind, inputs, outputs, options)
    return replace(operator, version=least_version(operator, int8=True))


def _nothing(operator: Operator) -> int:
    return 1


def _transpose_convolution(operator: Operator) -> int:
    if fused_activation(operator.options) is not Activation.NONE:
        return 4
    return 1 if operator.input(3) == NO_TENSOR else 3


def _fully_connected(operator: Operator) -> int:
    if len(operator.inputs) == 2:
        return 6
    options = operator.options
    return 5 if isinstance(options, FullyConnectedOptions) and options.keep_num_dims else 1


def _resize_bilinear(operator: Operator) -> int:
    options = operator.options
    return 3 if isinstance(options, ResizeBilinearOptions) and options.half_pixel_centers else 1


def _resize_nearest(operator: Operator) -> int:
    options = operator.options
    if not isinstance(options, ResizeNearestNeighborOptions):
        return 1
    return 3 if options.half_pixel_centers or options.align_corners else 1


_NEEDED: Mapping[str, Callable[[Operator], int]] = {
    "TRANSPOSE_CONV": _transpose_convolution,
    "FULLY_CONNECTED": _fully_connected,
    "RESIZE_BILINEAR": _resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
}
