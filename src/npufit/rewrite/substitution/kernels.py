"""Convolutions as substitutes for other convolutions, for means and for matrix products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from npufit.graph import (
    NO_TENSOR,
    Buffer,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    FullyConnectedOptions,
    Operator,
    Padding,
    Pool2DOptions,
    Quantization,
    Tensor,
    constant_values,
    eight_bit_operator,
    fused_activation,
    same_padding,
)
from npufit.graph.arrays import stored_values
from npufit.rewrite.quantization import has_plain_operands, quantized_bias, real_bias
from npufit.rewrite.substitution.lone_operator import Builder
from npufit.rewrite.substitution.pointwise import is_quantized_map
from npufit.rewrite.surgery import Editor, add_reshape

_LARGEST_SIDE = 64
"""The largest kernel that all NPUs of this project support, along one axis."""


def write_out(editor: Editor, index: int) -> str:
    """Write the kernel of a dilated convolution explicitly, with zeros between its values; the result is the same."""
    operator = editor.operator(index)
    options = operator.options
    if not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)):
        return ""
    steps = options.dilation_h_factor, options.dilation_w_factor
    weights = editor.tensor(operator.inputs[1])
    values = stored_values(weights)
    if values is None or values.ndim != 4 or steps == (1, 1) or len(set(weights.quantization.zero_points)) > 1:
        return ""
    if min(steps) < 1 or not values.size:
        return ""
    sides = [(size - 1) * step + 1 for size, step in zip(values.shape[1:3], steps, strict=True)]
    if max(sides) > _LARGEST_SIDE:
        return ""
    zero = weights.quantization.zero_point if weights.element.is_8_bit else 0
    wide = np.full((values.shape[0], *sides, values.shape[3]), zero, values.dtype)
    wide[:, :: steps[0], :: steps[1]] = values
    name = f"{weights.name}/written_out"
    tensor = replace(weights, name=name, shape=wide.shape, buffer=Buffer(wide.tobytes()), shape_signature=None)
    inputs = (operator.inputs[0], editor.add_tensor(tensor), *operator.inputs[2:])
    plain = replace(options, dilation_h_factor=1, dilation_w_factor=1)
    editor.replace(index, replace(operator, inputs=inputs, options=plain))
    return f"one with a kernel of {sides[0]}x{sides[1]}, zeros between its values"


def split_stride(editor: Editor, index: int) -> str:
    """Write a CONV_2D with a large stride as one that folds pixels into channels, and one with the rest of the stride.

    The first has a kernel of ones and zeros as wide as its stride, so it copies; the result is the same.
    """
    operator = editor.operator(index)
    options = operator.options
    source, result = operator.inputs[0], operator.outputs[0]
    if not isinstance(options, Conv2DOptions) or not has_plain_operands(editor, operator):
        return ""
    ifm, ofm, weights = editor.tensor(source), editor.tensor(result), editor.tensor(operator.inputs[1])
    values, fold = stored_values(weights), _fold_of(options)
    if not is_quantized_map(ifm) or values is None or fold is None or values.shape[3] != (ifm.shape or (0,))[-1]:
        return ""
    if (options.dilation_h_factor, options.dilation_w_factor) != (1, 1) or len(
        set(weights.quantization.zero_points)
    ) > 1:
        return ""
    _, height, width, depth = ifm.shape or (0,) * 4
    count, rows, columns, _ = values.shape
    sizes = height // fold, width // fold
    kernel = -(-rows // fold), -(-columns // fold)
    strides = options.stride_h // fold, options.stride_w // fold
    wanted = (ofm.shape or (0,) * 4)[1:3]
    reached = tuple((size - side) // stride + 1 for size, side, stride in zip(sizes, kernel, strides, strict=True))
    if _pads(options, (height, width), (rows, columns)) or reached != wanted or max(strides) > 3:
        return ""
    zero = weights.quantization.zero_point
    padded = np.full((count, kernel[0] * fold, kernel[1] * fold, depth), zero, values.dtype)
    padded[:, :rows, :columns] = values
    parts = padded.reshape(count, kernel[0], fold, kernel[1], fold, depth).transpose(0, 1, 3, 2, 4, 5)
    folded = np.ascontiguousarray(parts).reshape(count, *kernel, fold * fold * depth)
    between = editor.add_like(source, "folded", shape=(1, *sizes, fold * fold * depth))
    _add_folding(editor, source, between, fold, near=index)
    tensor = replace(weights, name=f"{weights.name}/folded", shape=folded.shape, buffer=Buffer(folded.tobytes()))
    inputs = (between, editor.add_tensor(replace(tensor, shape_signature=None)), *operator.inputs[2:])
    rest = replace(options, padding=Padding.VALID, stride_h=strides[0], stride_w=strides[1])
    editor.replace(index, replace(operator, inputs=inputs, options=rest))
    return f"one that folds {fold}x{fold} pixels into channels, and one with a stride of {strides[0]}x{strides[1]}"


def average(editor: Editor, index: int) -> str:
    """Write a MEAN over height and width, or AVERAGE_POOL_2D without padding, as a depthwise convolution of ones."""
    operator = editor.operator(index)
    ifm, ofm = editor.tensor(operator.inputs[0]), editor.tensor(operator.outputs[0])
    if not is_quantized_map(ifm) or not ofm.element.is_8_bit or ifm.element is not ofm.element:
        return ""
    options = operator.options
    if isinstance(options, Pool2DOptions):
        sides, strides = (options.filter_height, options.filter_width), (options.stride_h, options.stride_w)
        if options.padding is Padding.SAME and _is_padded((ifm.shape or (0,) * 4)[1:3], sides, strides):
            return ""
        result = operator.outputs[0]
    else:
        axes = constant_values(editor.tensor(operator.inputs[1]))
        if axes is None or sorted(axis % 4 for axis in axes) != [1, 2]:
            return ""
        (_, height, width, depth), strides = ifm.shape or (0,) * 4, (1, 1)
        sides = height, width
        result = _with_rank_4(editor, index, (1, 1, 1, depth))
    if max(sides) > _LARGEST_SIDE:
        return ""
    depth = (ifm.shape or (0,))[-1]
    scale = float(np.float32(1.0 / (sides[0] * sides[1])))
    kernel = np.ones((1, *sides, depth), ifm.element.value)
    weights = editor.add_constant(f"{ofm.name}/ones", kernel, Quantization((scale,), (0,)))
    unit = Quantization((float(np.float32(ifm.quantization.scale * scale)),), (0,))
    bias = editor.add_constant(f"{ofm.name}/no_bias", np.zeros(depth, np.int32), unit)
    activation = fused_activation(options)
    new_options = DepthwiseConv2DOptions(Padding.VALID, strides[1], strides[0], 1, activation)
    editor.replace(
        index, eight_bit_operator("DEPTHWISE_CONV_2D", (operator.inputs[0], weights, bias), (result,), new_options)
    )
    return "a DEPTHWISE_CONV_2D whose weights are all 1"


def matrix(*, per_channel: bool) -> Builder:
    """Return a builder that writes FULLY_CONNECTED as a CONV_2D; without `per_channel` its weights get one scale."""

    def build(editor: Editor, index: int) -> str:
        operator = editor.operator(index)
        options = operator.options
        if not isinstance(options, FullyConnectedOptions) or options.weights_format:
            return ""
        if not has_plain_operands(editor, operator):
            return ""
        weights = _matrix_weights(editor.tensor(operator.inputs[1]), per_channel=per_channel)
        if weights is None:
            return ""
        shape = _as_map(editor, operator)
        if shape is None:
            return ""
        source, kernel = shape
        values, quantization = weights
        count, width = values.shape
        depth = width // (kernel[0] * kernel[1])
        name = editor.tensor(operator.inputs[1]).name
        filters = editor.add_constant(f"{name}/kernel", values.reshape(count, *kernel, depth), quantization)
        bias = _matrix_bias(editor, operator, quantization, count)
        if bias is None:
            return ""
        ofm = editor.tensor(operator.outputs[0])
        rows = ofm.element_count // count
        result = _with_rank_4(editor, index, (1, 1, rows, count))
        new_options = Conv2DOptions(Padding.VALID, 1, 1, fused_activation(options))
        editor.replace(index, eight_bit_operator("CONV_2D", (source, filters, bias), (result,), new_options))
        return "a CONV_2D"

    return build


def _fold_of(options: Conv2DOptions) -> int | None:
    """Return the divisor of a square stride such that no part is above 3."""
    stride = options.stride_h
    if stride != options.stride_w or stride <= 3:
        return None
    return next((fold for fold in (2, 3, 4) if stride % fold == 0 and stride // fold <= 3), None)


def _pads(options: Conv2DOptions, sizes: tuple[int, int], sides: tuple[int, int]) -> bool:
    return options.padding is Padding.SAME and _is_padded(sizes, sides, (options.stride_h, options.stride_w))


def _is_padded(sizes: tuple[int, ...], sides: tuple[int, int], strides: tuple[int, int]) -> bool:
    return any(any(same_padding(*axis)) for axis in zip(sizes, sides, strides, strict=True))


def _add_folding(editor: Editor, source: int, result: int, fold: int, near: int) -> None:
    """Write `fold` x `fold` pixels of `source` into the channels of one of `result`, row by row."""
    tensor = editor.tensor(source)
    depth = (tensor.shape or (0,))[-1]
    count = fold * fold * depth
    kernel = np.eye(count, dtype=tensor.element.value).reshape(count, fold, fold, depth)
    weights = editor.add_constant(f"{tensor.name}/folding", kernel, Quantization((1.0,), (0,)))
    unit = Quantization((tensor.quantization.scale,), (0,))
    bias = editor.add_constant(f"{tensor.name}/no_bias", np.zeros(count, np.int32), unit)
    options = Conv2DOptions(Padding.VALID, fold, fold)
    editor.add(eight_bit_operator("CONV_2D", (source, weights, bias), (result,), options), near)


def _with_rank_4(editor: Editor, index: int, shape: tuple[int, int, int, int]) -> int:
    """Return a tensor of `shape` to write to; a RESHAPE leads to the result if that has another shape."""
    result = editor.operator(index).outputs[0]
    tensor = editor.tensor(result)
    if tensor.shape == shape:
        return result
    written = editor.add_like(result, "map", shape=shape)
    add_reshape(editor, written, result, near=index)
    return written


def _matrix_weights(tensor: Tensor, *, per_channel: bool) -> tuple[npt.NDArray[Any], Quantization] | None:
    values = stored_values(tensor)
    quantization = tensor.quantization
    if values is None or values.ndim != 2:
        return None
    if tensor.element is ElementType.INT8 and any(quantization.zero_points):
        return None  # its convolutions know no zero point of weights
    if per_channel or not quantization.is_per_channel:
        return values, replace(quantization, axis=0)
    real = values.astype(np.float64) * np.array(quantization.scales).reshape(-1, 1)
    scale = float(np.float32(max(np.abs(real).max(), 1e-6) / 127))
    return np.clip(np.rint(real / scale), -127, 127).astype(np.int8), Quantization((scale,), (0,))


def _matrix_bias(editor: Editor, operator: Operator, quantization: Quantization, count: int) -> int | None:
    """Return the bias for weights of `quantization`; zeros if there was none."""
    scale = editor.tensor(operator.inputs[0]).quantization.scale
    units = np.array(quantization.scales) * scale
    real = real_bias(editor, operator)
    integers = quantized_bias(np.zeros(count) if real is None else real, units)
    if integers is None:
        return None
    bias_quantization = Quantization(tuple(float(np.float32(unit)) for unit in units), (0,) * units.size)
    position = operator.input(2)
    name = editor.tensor(operator.inputs[1]).name if position == NO_TENSOR else editor.tensor(position).name
    return editor.add_constant(f"{name}/bias", np.broadcast_to(integers, (count,)).copy(), bias_quantization)


def _as_map(editor: Editor, operator: Operator) -> tuple[int, tuple[int, int]] | None:
    """Return the input as a map of rank 4 and the kernel that reads it as the product does."""
    source = operator.inputs[0]
    tensor = editor.tensor(source)
    width = (editor.tensor(operator.inputs[1]).shape or (0, 0))[1]
    shape = tensor.shape or ()
    if not width or tensor.element_count % width:
        return None
    if len(shape) == 4 and shape[0] == 1 and tensor.element_count == width:
        return source, (shape[1], shape[2])
    rows = tensor.element_count // width
    if shape == (1, 1, rows, width):
        return source, (1, 1)
    wanted = editor.add_like(source, "rows", shape=(1, 1, rows, width))
    producer = editor.producer(operator.outputs[0])
    add_reshape(editor, source, wanted, near=0 if producer is None else producer)
    return wanted, (1, 1)
