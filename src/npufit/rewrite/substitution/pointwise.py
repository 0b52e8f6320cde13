"""Arithmetic per channel as 1x1 depthwise convolutions, which all NPUs of this project support."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npufit.graph import (
    NO_TENSOR,
    Activation,
    AddOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    ElementType,
    LeakyReluOptions,
    MulOptions,
    Operator,
    Padding,
    Quantization,
    Tensor,
    eight_bit_operator,
    fused_activation,
)
from npufit.graph.arrays import Reals, real_values, stored_values
from npufit.rewrite.quantization import quantized_bias
from npufit.rewrite.substitution.lone_operator import Builder
from npufit.rewrite.surgery import Editor

_CLAMPS = (Activation.NONE, Activation.RELU, Activation.RELU6)
_MOST = 127


def add_pointwise(
    editor: Editor,
    source: int,
    result: int,
    gains: Reals,
    offsets: Reals,
    near: int,
    activation: Activation = Activation.NONE,
    *,
    per_channel: bool = False,
) -> bool:
    """Write `result` = `activation`(`source` * `gains` + `offsets`), both per channel; return False if that fails.

    The gains are rounded to 1/127 of the largest one, or with `per_channel` kept exactly.
    """
    tensor = editor.tensor(source)
    depth = gains.size
    per_channel = per_channel and bool((np.abs(gains) != np.abs(gains[0])).any())
    largest = np.abs(gains) if per_channel else np.full(depth, np.abs(gains).max())
    scales = np.where(largest > 0, largest / _MOST, 1.0).astype(np.float32).astype(np.float64)
    steps = np.rint(gains / scales)
    bias = quantized_bias(offsets, scales * tensor.quantization.scale)
    if bias is None:
        return False
    point = 128 if tensor.element is ElementType.UINT8 else 0
    units = scales if per_channel else scales[:1]
    is_single = depth == 1  # Mesa's older releases compute a depthwise convolution of one channel wrongly.
    values = (steps + point).astype(tensor.element.value).reshape(1, 1, 1, depth)
    axis = 3 if per_channel and not is_single else 0
    quantization = Quantization(tuple(map(float, units)), (point,) * units.size, axis)
    weights = editor.add_constant(f"{tensor.name}/gains", values, quantization)
    sums = tuple(float(np.float32(unit * tensor.quantization.scale)) for unit in units)
    offset = editor.add_constant(f"{tensor.name}/offsets", bias, Quantization(sums, (0,) * len(sums)))
    if is_single:
        options: Conv2DOptions | DepthwiseConv2DOptions = Conv2DOptions(Padding.VALID, 1, 1, activation)
    else:
        options = DepthwiseConv2DOptions(Padding.VALID, 1, 1, 1, activation)
    kind = "CONV_2D" if is_single else "DEPTHWISE_CONV_2D"
    editor.add(eight_bit_operator(kind, (source, weights, offset), (result,), options), near)
    return True


def is_quantized_map(tensor: Tensor) -> bool:
    """Return whether `tensor` is one computed 8-bit image of rank 4 with one scale."""
    shape = tensor.shape or ()
    fits = len(shape) == 4 and shape[0] == 1 and not tensor.is_constant
    return fits and tensor.element.is_8_bit and len(tensor.quantization.scales) == 1


def affine(*, per_channel: bool) -> Builder:
    """Return a builder that writes MUL, ADD and SUB with a constant per channel as one depthwise convolution."""

    def build(editor: Editor, index: int) -> str:
        operator = editor.operator(index)
        found = _constant_operand(editor, operator)
        activation = fused_activation(operator.options)
        if found is None or activation not in _CLAMPS:
            return ""
        position, constant = found
        ones, zeros = np.ones_like(constant), np.zeros_like(constant)
        gains, offsets = {
            ("MUL", 0): (constant, zeros),
            ("MUL", 1): (constant, zeros),
            ("ADD", 0): (ones, constant),
            ("ADD", 1): (ones, constant),
            ("SUB", 0): (-ones, constant),
            ("SUB", 1): (ones, -constant),
        }[operator.type, position]
        source, result = operator.inputs[1 - position], operator.outputs[0]
        wide = per_channel and editor.tensor(source).element is ElementType.INT8
        if wide is not per_channel:
            return ""
        if not add_pointwise(editor, source, result, gains, offsets, index, activation, per_channel=wide):
            return ""
        editor.remove(index)
        return "one DEPTHWISE_CONV_2D"

    return build


def clamp(editor: Editor, index: int) -> str:
    """Write RELU and RELU6 as a depthwise convolution that does nothing else."""
    operator = editor.operator(index)
    activation = {"RELU": Activation.RELU, "RELU6": Activation.RELU6}[operator.type]
    return _copy(editor, index, activation, "a DEPTHWISE_CONV_2D that clamps")


def requantize(editor: Editor, index: int) -> str:
    """Write QUANTIZE between tensors of one type as a depthwise convolution that does nothing else."""
    return _copy(editor, index, Activation.NONE, "a DEPTHWISE_CONV_2D that rescales")


def leaky(editor: Editor, index: int) -> str:
    """Write LEAKY_RELU and PRELU as x * alpha + RELU(x) * (1 - alpha): two depthwise convolutions and an ADD."""
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    tensor = editor.tensor(source)
    if not _fits(editor, source, result):
        return ""
    depth = (tensor.shape or (1,))[-1]
    if isinstance(operator.options, LeakyReluOptions):
        alphas = np.full(depth, operator.options.alpha)
    else:
        found = per_channel_values(editor, operator.input(1), depth)
        if found is None:
            return ""
        alphas = found
    low, high = _real_ends(tensor)
    ends = [*(alphas * low), *(alphas * high), 0.0]
    slanted = _add_range(editor, result, "slanted", min(ends), max(ends))
    positive = _add_range(editor, result, "positive", 0.0, high * float(np.abs(1 - alphas).max()))
    zeros = np.zeros(depth)
    # The kernel clamps at zero, so the gain of the second one must not be negative.
    if (alphas > 1).any() or not add_pointwise(editor, source, slanted, alphas, zeros, index):
        return ""
    add_pointwise(editor, source, positive, 1 - alphas, zeros, index, Activation.RELU)
    editor.replace(index, eight_bit_operator("ADD", (slanted, positive), (result,), AddOptions()))
    return "two DEPTHWISE_CONV_2D and an ADD"


def absolute(editor: Editor, index: int) -> str:
    """Write ABS as RELU(x) + RELU(-x)."""
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    if not _fits(editor, source, result):
        return ""
    tensor = editor.tensor(source)
    low, high = _real_ends(tensor)
    ones = np.ones((tensor.shape or (1,))[-1])
    parts = [_add_range(editor, result, "above", 0.0, high), _add_range(editor, result, "below", 0.0, -low)]
    for part, gains in zip(parts, (ones, -ones), strict=True):
        add_pointwise(editor, source, part, gains, 0 * ones, index, Activation.RELU)
    editor.replace(index, eight_bit_operator("ADD", (parts[0], parts[1]), (result,), AddOptions()))
    return "two DEPTHWISE_CONV_2D and an ADD"


def subtract_map(editor: Editor, index: int) -> str:
    """Write SUB as an ADD of the negated subtrahend, which a depthwise convolution negates."""
    operator = editor.operator(index)
    tensor = editor.tensor(operator.inputs[1])
    if not is_quantized_map(tensor) or fused_activation(operator.options) is not Activation.NONE:
        return ""
    negated = _add_negated(editor, operator.inputs[1])
    ones = np.ones((tensor.shape or (1,))[-1])
    if not add_pointwise(editor, operator.inputs[1], negated, -ones, 0 * ones, index):
        return ""
    editor.replace(index, eight_bit_operator("ADD", (operator.inputs[0], negated), operator.outputs, AddOptions()))
    return "a DEPTHWISE_CONV_2D that negates, and an ADD"


def subtract_any(editor: Editor, index: int) -> str:
    """Write SUB as an ADD of the negated subtrahend, which a MUL with -1 negates."""
    operator = editor.operator(index)
    tensor = editor.tensor(operator.inputs[1])
    plain = tensor.element.is_8_bit and len(tensor.quantization.scales) == 1 and not tensor.is_constant
    if not plain or tensor.shape is None or fused_activation(operator.options) is not Activation.NONE:
        return ""
    negated = _add_negated(editor, operator.inputs[1])
    # As many elements as the other operand: Mesa reads a scalar as an unsigned byte.
    values = np.zeros((1,) * (len(tensor.shape) - 1) + tensor.shape[-1:], tensor.element.value)
    minus_one = editor.add_constant(f"{tensor.name}/minus_one", values, Quantization((1.0,), (1,)))
    editor.add(eight_bit_operator("MUL", (operator.inputs[1], minus_one), (negated,), MulOptions()), near=index)
    # The constant comes second, where Mesa looks for it.
    editor.replace(index, eight_bit_operator("ADD", (negated, operator.inputs[0]), operator.outputs, AddOptions()))
    return "a MUL with -1 and an ADD"


def per_channel_values(editor: Editor, index: int, depth: int) -> Reals | None:
    """Return the real values of a constant with one for each of `depth` channels, or one for all."""
    if index == NO_TENSOR:
        return None
    tensor = editor.tensor(index)
    values = stored_values(tensor) if tensor.is_constant else None
    if values is None or not tensor.element.is_8_bit or len(tensor.quantization.scales) != 1:
        return None
    shape = tensor.shape or ()
    if values.size not in (1, depth) or any(size != 1 for size in shape[:-1]):
        return None
    real = real_values(values, tensor.quantization)
    return np.array(np.broadcast_to(real.reshape(-1), (depth,)))


def _constant_operand(editor: Editor, operator: Operator) -> tuple[int, Reals] | None:
    """Return the position of the constant operand and its value per channel."""
    result = editor.tensor(operator.outputs[0])
    if len(operator.inputs) != 2 or not is_quantized_map(result):
        return None
    for position in (0, 1):
        other = editor.tensor(operator.inputs[1 - position])
        found = per_channel_values(editor, operator.inputs[position], (result.shape or (1,))[-1])
        if (
            found is not None
            and is_quantized_map(other)
            and other.shape == result.shape
            and other.element is result.element
        ):
            return position, found
    return None


def _copy(editor: Editor, index: int, activation: Activation, what: str) -> str:
    operator = editor.operator(index)
    source, result = operator.inputs[0], operator.outputs[0]
    if not _fits(editor, source, result):
        return ""
    ones = np.ones((editor.tensor(source).shape or (1,))[-1])
    if not add_pointwise(editor, source, result, ones, 0 * ones, index, activation):
        return ""
    editor.remove(index)
    return what


def _fits(editor: Editor, source: int, result: int) -> bool:
    one, other = editor.tensor(source), editor.tensor(result)
    return is_quantized_map(one) and is_quantized_map(other) and one.element is other.element


def _real_ends(tensor: Tensor) -> tuple[float, float]:
    low, high = map(tensor.quantization.real, tensor.element.integer_range)
    return min(0.0, low), max(0.0, high)


def _add_range(editor: Editor, like: int, name: str, low: float, high: float) -> int:
    """Add a tensor of the shape and type of `like` that holds real values from `low` (at most 0) to `high`."""
    tensor = editor.tensor(like)
    lowest, highest = tensor.element.integer_range
    scale = float(np.float32(max(high - low, 1e-6) / (highest - lowest)))
    point = int(np.clip(round(lowest - low / scale), lowest, highest))
    quantization = Quantization((scale,), (point,))
    return editor.add_tensor(replace(tensor, name=f"{tensor.name}/{name}", quantization=quantization))


def _add_negated(editor: Editor, like: int) -> int:
    """Add a tensor like that at `like` which holds its exact negative."""
    tensor = editor.tensor(like)
    lowest, highest = tensor.element.integer_range
    quantization = Quantization(tensor.quantization.scales, (lowest + highest - tensor.quantization.zero_point,))
    return editor.add_tensor(replace(tensor, name=f"{tensor.name}/negated", quantization=quantization))
