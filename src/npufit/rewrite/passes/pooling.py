"""mean-to-convolution: a mean over height and width becomes a depthwise convolution with the same rounding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from npufit.graph import (
    Activation,
    DepthwiseConv2DOptions,
    ElementType,
    FullyConnectedOptions,
    Model,
    Operator,
    Padding,
    Pool2DOptions,
    Quantization,
    Tensor,
    constant_values,
    eight_bit_operator,
    has_operands,
)
from npufit.rewrite.arithmetic import (
    Integers,
    Multiplier,
    Way,
    as_multiplier,
    narrow_product,
    nearby_scales,
    round_twice,
    scales_alike,
    wide_product,
)
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor, add_reshape, same_quantization

_LARGEST_SIDE = 64
"""The largest kernel that all NPUs of this project support, along one axis."""

_NUDGES = (0, 1, -1, 2, -2, 3, -3)
"""The biases that are tried: they compensate for the bit that the multiplier of a MEAN may lack."""


@dataclass(frozen=True)
class MeanToConvolution(Pass):
    """MEAN over height and width of one 8-bit image becomes a DEPTHWISE_CONV_2D whose weights are all 1.

    Both add the values without their zero point and scale the sum by a 32-bit multiplier, rounding twice. MEAN divides
    its multiplier by the number of positions, which may cost it one bit. The pass looks for a 32-bit scale of the
    weights near one over that number, and a bias of a few units, with which every possible sum gives the same result.
    They exist for about half of all means. Otherwise the MEAN stays.

    AVERAGE_POOL_2D would not be the same: it divides and rounds once, and differs for every window but 1x1.

    1. The result has rank 4 (`keep_dims`): the convolution writes it.
    2. It has rank 2 and only FULLY_CONNECTED reads it, which flattens its input: the tensor becomes rank 4.
    3. It has rank 2 otherwise: a RESHAPE follows.

    A MEAN that the target runs on the NPU is left alone.
    """

    name: ClassVar[str] = "mean-to-convolution"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "write the mean over height and width as a depthwise convolution"

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these means replaced, None if there are none."""
        editor = Editor(model)
        wanted = context.off_npu() if context.placement is not None else range(len(model.main.operators))
        sites: list[Site] = []
        for index, operator in enumerate(model.main.operators):
            if operator.type == "MEAN" and index in wanted and has_operands(operator) and _replace(editor, index):
                sites.append(Site(0, (index,), "MEAN becomes a DEPTHWISE_CONV_2D"))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def mean_multiplier(ifm: float, ofm: float, count: int) -> Multiplier:
    """Return the multiplier of LiteRT's MEAN over `count` values: that of the scales, divided as an integer."""
    whole = as_multiplier(ifm / ofm)
    shift = min(count.bit_length() - 1, 32, 31 + whole.shift)
    return Multiplier((whole.integer << shift) // count, whole.shift - shift)


def _replace(editor: Editor, index: int) -> bool:
    operator = editor.operator(index)
    ifm, ofm = editor.tensor(operator.inputs[0]), editor.tensor(operator.outputs[0])
    axes = constant_values(editor.tensor(operator.inputs[1]))
    if not _is_image(ifm) or not _is_image(ofm, ranks=(2, 4)) or ifm.element is not ofm.element or axes is None:
        return False
    _, height, width, depth = ifm.shape or (0, 0, 0, 0)
    if sorted(axis % 4 for axis in axes) != [1, 2] or max(height, width) > _LARGEST_SIDE:
        return False
    count = height * width
    mean = round_twice, mean_multiplier(ifm.quantization.scale, ofm.quantization.scale, count)
    found = _find_scale(mean, ifm, ofm, count)
    if found is None or (ofm.shape or (0,))[-1] != depth:
        return False
    _put_ones(editor, index, _place_for_result(editor, index, depth), (height, width), (1, 1), found)
    return True


def average_to_convolution(editor: Editor, index: int) -> bool:
    """Replace an AVERAGE_POOL_2D with padding VALID by a depthwise convolution; return whether it is the same.

    The pooling divides once, halves away from zero (upwards for uint8), counted from the integer 0, not the zero point.
    """
    operator = editor.operator(index)
    options = operator.options
    ifm, ofm = editor.tensor(operator.inputs[0]), editor.tensor(operator.outputs[0])
    if not isinstance(options, Pool2DOptions) or options.padding is not Padding.VALID:
        return False
    if not _is_image(ifm) or not _is_image(ofm) or not same_quantization(ifm, ofm):
        return False
    if options.fused_activation_function is not Activation.NONE:
        return False
    count = options.filter_height * options.filter_width
    average = partial(_average, count, ifm.quantization.zero_point), Multiplier(0, 0)
    found = _find_scale(average, ifm, ofm, count)
    if found is None:
        return False
    kernel = options.filter_height, options.filter_width
    _put_ones(editor, index, operator.outputs[0], kernel, (options.stride_h, options.stride_w), found)
    return True


def _average(count: int, zero_point: int, sums: Integers, multiplier: Multiplier) -> Integers:
    whole = sums + count * zero_point
    return np.sign(whole) * ((np.abs(whole) + count // 2) // count) - zero_point


def _put_ones(
    editor: Editor, index: int, result: int, kernel: tuple[int, int], stride: tuple[int, int], found: tuple[float, int]
) -> None:
    """Replace the operator at `index` by a depthwise convolution with weights of 1."""
    operator = editor.operator(index)
    ifm, name = editor.tensor(operator.inputs[0]), editor.tensor(result).name
    depth = (ifm.shape or (1,))[-1]
    scale, nudge = found
    ones = np.ones((1, *kernel, depth), ifm.element.value)
    weights = editor.add_constant(f"{name}/ones", ones, Quantization((scale,), (0,)))
    unit = Quantization((float(np.float32(ifm.quantization.scale) * np.float32(scale)),), (0,))
    bias = editor.add_constant(f"{name}/bias", np.full(depth, nudge, np.int32), unit)
    options = DepthwiseConv2DOptions(Padding.VALID, stride_w=stride[1], stride_h=stride[0], depth_multiplier=1)
    inputs = (operator.inputs[0], weights, bias)
    editor.replace(index, eight_bit_operator("DEPTHWISE_CONV_2D", inputs, (result,), options))


def _is_image(tensor: Tensor, ranks: tuple[int, ...] = (4,)) -> bool:
    shape = tensor.shape or (0,)
    fits = len(shape) in ranks and shape[0] == 1
    return fits and tensor.element.is_8_bit and len(tensor.quantization.scales) == 1 and tensor.quantization.scale > 0


def _find_scale(wanted: Way, ifm: Tensor, ofm: Tensor, count: int) -> tuple[float, int] | None:
    """Return a scale of the weights and a bias with which the convolution gives the result `wanted` for every sum."""
    scales = ifm.quantization.scale, ofm.quantization.scale
    lowest, highest = (end - ifm.quantization.zero_point for end in ifm.element.integer_range)
    results = tuple(end - ofm.quantization.zero_point for end in ofm.element.integer_range)
    product = narrow_product if ifm.element is ElementType.UINT8 else wide_product
    for nudge in _NUDGES:
        for candidate in nearby_scales(1.0 / count):
            other = partial(_nudged, nudge), product(scales[0], candidate, scales[1])
            if scales_alike(wanted, other, (lowest * count, highest * count), (results[0], results[1])):
                return candidate, nudge
    return None


def _nudged(nudge: int, sums: Integers, multiplier: Multiplier) -> Integers:
    return round_twice(sums + nudge, multiplier)


def _place_for_result(editor: Editor, index: int, depth: int) -> int:
    """Return the tensor of rank 4 that the convolution writes (cases 1 to 3)."""
    result = editor.operator(index).outputs[0]
    tensor = editor.tensor(result)
    shape = (1, 1, 1, depth)
    if tensor.shape == shape:
        return result
    readers = [editor.operator(reader) for reader in editor.consumers(result)]
    if result not in editor.outputs and all(_flattens(reader, result) for reader in readers):
        editor.set_tensor(result, replace(tensor, shape=shape, shape_signature=None))
        return result
    written = editor.add_like(result, "map", shape=shape)
    add_reshape(editor, written, result, near=index)
    return written


def _flattens(reader: Operator, tensor: int) -> bool:
    options = reader.options
    plain = isinstance(options, FullyConnectedOptions) and not options.keep_num_dims
    return plain and reader.inputs[0] == tensor and reader.inputs.count(tensor) == 1
