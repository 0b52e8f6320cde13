"""Quantities that are words: types, quantization, options and axes of one operator, each as a function of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from npufit.graph import (
    SIZING,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Kind,
    Operator,
    OtherOptions,
    Padding,
    Pool2DOptions,
    Role,
    Tensor,
    TransposeConvOptions,
    constant_values,
    fused_activation,
    same_padding,
)
from npufit.stacks.probed.measured_numbers import NUMBERS
from npufit.stacks.probed.operation import Operation, axis_letter, axis_letters

Word = Callable[[Operation], str | None]
"""Return the value of a quantity, None if the operator has no such thing."""

_MIRROR_MODES = {0: "REFLECT", 1: "SYMMETRIC"}
_SHARED = frozenset({Role.DATA, Role.PARAMETER})


def _element(tensor: Tensor | None) -> str | None:
    return None if tensor is None else tensor.element.value


def _bias(operation: Operation) -> str | None:
    if Role.BIAS not in operation.row.operands:
        return None
    bias = operation.with_role(Role.BIAS)
    if bias is None:
        return "none"
    return bias.element.value if bias.is_constant else "dynamic"


def _weights(operation: Operation) -> str | None:
    if operation.weights is None:
        return None
    return "constant" if operation.weights.is_constant else "dynamic"


def _quantization(operation: Operation) -> str | None:
    ifm, weights = operation.ifm, operation.weights
    if ifm is None:
        return None
    if not ifm.quantization.is_quantized:
        return "none"
    per_channel = weights is not None and weights.quantization.is_per_channel
    return "per-channel" if per_channel else "per-tensor"


def _zero_point(tensor: Tensor | None) -> str | None:
    if tensor is None or not tensor.quantization.is_quantized:
        return None
    point = tensor.quantization.zero_point
    return "zero" if point == 0 else "positive" if point > 0 else "negative"


def _padding(operation: Operation) -> str | None:
    padding = option(operation.operator, "padding")
    return getattr(padding, "name", None)


def _padded(operation: Operation) -> str | None:
    """Whether a window reaches beyond the feature map: with SAME it does not always, with VALID never."""
    options, ifm = operation.operator.options, operation.sides(operation.ifm)
    if not isinstance(options, Conv2DOptions | DepthwiseConv2DOptions | Pool2DOptions) or ifm is None:
        return None
    if options.padding is Padding.VALID:
        return "false"
    sides = {"h": (ifm.h, options.stride_h), "w": (ifm.w, options.stride_w)}
    for side, (size, stride) in sides.items():
        kernel, dilation = NUMBERS[f"k{side}"](operation), NUMBERS[f"dilation_{side}"](operation)
        if isinstance(kernel, int) and any(
            same_padding(size, kernel, stride, dilation if isinstance(dilation, int) else 1)
        ):
            return "true"
    return "false"


def _activation(operation: Operation) -> str | None:
    options = operation.operator.options
    return fused_activation(options).name if hasattr(options, "fused_activation_function") else None


def _pair(first: str, second: str) -> Word:
    def measure(operation: Operation) -> str | None:
        height, width = option(operation.operator, first), option(operation.operator, second)
        return None if height is None or width is None else f"{height}x{width}"

    return measure


def _scale(operation: Operation) -> str | None:
    height, width = NUMBERS["scale_h"](operation), NUMBERS["scale_w"](operation)
    return None if height is None or width is None else f"{height}x{width}"


def _flag(name: str) -> Word:
    def measure(operation: Operation) -> str | None:
        value = option(operation.operator, name)
        return None if value is None else str(bool(value)).lower()

    return measure


def _axis(operation: Operation) -> str | None:
    ifm = operation.ifm
    operand = operation.with_role(Role.SPLIT_AXIS, Role.AXIS, Role.NEW_AXIS)
    values = None if operand is None else constant_values(operand)
    axis = values[0] if values else option(operation.operator, "axis")
    if ifm is None or ifm.shape is None or not isinstance(axis, int):
        return None
    return axis_letter(axis, len(ifm.shape))


def _axes(operation: Operation) -> str | None:
    operand = operation.with_role(Role.REDUCED_AXES)
    values = None if operand is None else constant_values(operand)
    if values is None or operation.ifm is None or operation.ifm.shape is None:
        return None
    return axis_letters(values, len(operation.ifm.shape))


def _broadcast(operation: Operation) -> str | None:
    """The axes along which an operand is repeated; `scalar` for a single value, both operands with + between."""
    row, ofm = operation.row, operation.ofm
    places = row.positions(operation.operator, *_SHARED)
    shapes = [tensor.shape for place in places if (tensor := operation.inputs[place]) is not None]
    if row.kind is not Kind.ARITHMETIC or len(shapes) < 2 or ofm is None or ofm.shape is None:
        return None
    repeated = [_repeated(shape, ofm.shape) for shape in shapes if shape is not None]
    return "+".join(filter(None, repeated)) or "none"


def _repeated(shape: tuple[int, ...], result: tuple[int, ...]) -> str:
    rank = len(result)
    padded = (1,) * (rank - len(shape)) + shape
    axes = tuple(axis for axis in range(rank) if padded[axis] != result[axis])
    if axes and all(size == 1 for size in shape):
        return "scalar"
    return axis_letters(axes, rank).replace(",", "")


def _constant_operand(operation: Operation) -> str | None:
    places = operation.row.positions(operation.operator, *_SHARED)
    if operation.row.kind not in (Kind.ARITHMETIC, Kind.PRODUCT) or len(places) < 2:
        return None
    constant = [
        name for name, place in zip(("first", "second"), places, strict=False) if _is_constant(operation, place)
    ]
    return "+".join(constant) or "none"


def _is_constant(operation: Operation, place: int) -> bool:
    tensor = operation.inputs[place]
    return tensor is not None and tensor.is_constant


def _ofm_size(operation: Operation) -> str | None:
    """Whether a transposed convolution writes all that its windows reach: `cut` if it says less, or more."""
    options, ifm, ofm = operation.operator.options, operation.sides(operation.ifm), operation.sides(operation.ofm)
    kernel = NUMBERS["kh"](operation), NUMBERS["kw"](operation)
    if not isinstance(options, TransposeConvOptions) or ifm is None or ofm is None or None in kernel:
        return None
    strides, is_valid = (options.stride_h, options.stride_w), options.padding is Padding.VALID
    whole = [
        size * stride + (max(0, window - stride) if is_valid else 0)
        for size, stride, window in zip((ifm.h, ifm.w), strides, kernel, strict=True)
        if isinstance(window, int)
    ]
    return "whole" if whole == [ofm.h, ofm.w] else "cut"


def _rescaled(operation: Operation) -> str | None:
    """Whether the result stands for other numbers than the same integers of the data."""
    ifm, ofm = operation.ifm, operation.ofm
    if ifm is None or ofm is None or not (ifm.quantization.is_quantized and ofm.quantization.is_quantized):
        return None
    scales = [(one.quantization.scale, one.quantization.zero_point) for one in (ifm, ofm)]
    return str(scales[0] != scales[1]).lower()


def _parameters(operation: Operation) -> str | None:
    """Whether the file stores all operands that say how large the result is."""
    places = operation.row.positions(operation.operator, *SIZING)
    if not places:
        return None
    return "constant" if all(_is_constant(operation, place) for place in places) else "dynamic"


def _changed_axes(operation: Operation) -> str | None:
    """The axes along which the result has another size than the data, of operators that move values."""
    ifm, ofm = operation.ifm, operation.ofm
    if operation.row.kind is not Kind.MOVEMENT or ifm is None or ofm is None or ifm.shape is None or ofm.shape is None:
        return None
    if len(ifm.shape) != len(ofm.shape):
        return None
    rank = len(ifm.shape)
    changed = tuple(axis for axis in range(rank) if ifm.shape[axis] != ofm.shape[axis])
    return axis_letters(changed, rank) or "none"


def _mode(operation: Operation) -> str | None:
    """What MIRROR_PAD does with the outermost value."""
    mode = option(operation.operator, "mode")
    return _MIRROR_MODES.get(mode) if operation.operator.type == "MIRROR_PAD" and isinstance(mode, int) else None


def _order(operation: Operation) -> str | None:
    operand = operation.with_role(Role.ORDER)
    values = None if operand is None else constant_values(operand)
    return None if values is None else ",".join(map(str, values))


def option(operator: Operator, name: str) -> object:
    """Return an option of `operator` by its name in the schema, None if it has none of that name."""
    if isinstance(operator.options, OtherOptions):
        return dict(operator.options.fields).get(name)
    return getattr(operator.options, name, None)


WORDS: Mapping[str, Word] = {
    "dtype": lambda operation: _element(operation.ifm),
    "ofm_dtype": lambda operation: _element(operation.ofm),
    "weights_dtype": lambda operation: _element(operation.weights),
    "bias": _bias,
    "weights": _weights,
    "quantization": _quantization,
    "zero_point": lambda operation: _zero_point(operation.ifm),
    "weights_zero_point": lambda operation: _zero_point(operation.weights),
    "ofm_zero_point": lambda operation: _zero_point(operation.ofm),
    "rescaled": _rescaled,
    "padding": _padding,
    "padded": _padded,
    "activation": _activation,
    "stride": _pair("stride_h", "stride_w"),
    "scale": _scale,
    "ofm_size": _ofm_size,
    "axes": _axes,
    "axis": _axis,
    "order": _order,
    "parameters": _parameters,
    "changed_axes": _changed_axes,
    "mode": _mode,
    **{name: _flag(name) for name in ("keep_dims", "keep_num_dims", "adj_x", "adj_y")},
    "align_corners": _flag("align_corners"),
    "half_pixel_centers": _flag("half_pixel_centers"),
    "broadcast": _broadcast,
    "constant_operand": _constant_operand,
}
"""Every quantity that is a word."""
