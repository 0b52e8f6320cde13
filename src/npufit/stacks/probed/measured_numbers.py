"""Quantities that are numbers: sizes, windows, bytes and work of one operator, each as a function of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import prod

from npufit.graph import OtherOptions, Role, Tensor, constant_values, count_macs
from npufit.stacks.probed.limit import Value
from npufit.stacks.probed.operation import Operation, Sides, axis_letter

_POOLS_KERNEL = {"kh": "filter_height", "kw": "filter_width"}
_KERNEL_AXIS = {"kh": 1, "kw": 2}

Quantity = Callable[[Operation], Value | None]
"""Return the value of a quantity, None if the operator has no such thing."""


def _side(name: str) -> Quantity:
    return lambda operation: _part(operation.sides(operation.ifm), name)


def _ofm_side(name: str) -> Quantity:
    return lambda operation: _part(operation.sides(operation.ofm), name)


def _part(sides: Sides | None, name: str) -> int | None:
    return None if sides is None else getattr(sides, name)


def _kernel(name: str) -> Quantity:
    def measure(operation: Operation) -> int | None:
        weights = operation.weights
        if weights is None:
            return getattr(operation.operator.options, _POOLS_KERNEL[name], None)
        return weights.shape[_KERNEL_AXIS[name]] if weights.shape and len(weights.shape) == 4 else None

    return measure


def _dilated_kernel(side: str) -> Quantity:
    """The rows or columns that a window spans."""
    kernel = _kernel(f"k{side}")

    def measure(operation: Operation) -> int | None:
        size, dilation = kernel(operation), getattr(operation.operator.options, f"dilation_{side}_factor", None)
        return (size - 1) * dilation + 1 if isinstance(size, int) and isinstance(dilation, int) else None

    return measure


def _option(name: str) -> Quantity:
    return lambda operation: getattr(operation.operator.options, name, None)


def _depth_multiplier(operation: Operation) -> int | None:
    ifm, ofm = operation.sides(operation.ifm), operation.sides(operation.ofm)
    if operation.operator.type != "DEPTHWISE_CONV_2D" or ifm is None or ofm is None or not ifm.c:
        return None
    return ofm.c // ifm.c


def _rank(operation: Operation) -> int | None:
    return None if operation.ifm is None or operation.ifm.shape is None else len(operation.ifm.shape)


def _size(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.size_bytes


def _tensor_bytes(operation: Operation) -> int:
    return max([*operation.activation_bytes, _size(operation.weights) or 0])


def _working_set_bytes(operation: Operation) -> int:
    return sum(operation.activation_bytes) + operation.stored_weights_bytes


def _weights_sum(operation: Operation) -> int | None:
    """The largest sum of |weight - zero point| over the weights of one output channel."""
    return max(_weights_sums(operation), default=None)


def _depthwise_weights_sum(operation: Operation) -> int | None:
    """The sum of |weight - zero point| over all weights of a depthwise convolution.

    A tool that takes its channels for inputs, as Vela 3.8 does, adds up all of them for one output.
    """
    return (sum(_weights_sums(operation)) or None) if operation.operator.type == "DEPTHWISE_CONV_2D" else None


def _weights_sums(operation: Operation) -> Sequence[int]:
    """Return the sum of |weight - zero point| over the weights of each output channel, nothing if there are none."""
    weights = operation.weights
    if weights is None or operation.row.channel_axis is None or weights.element.is_float:
        return ()
    axis = operation.row.channel_axis
    alike = _sum_of_alike(weights, axis)
    if alike is not None:
        return [alike] * (weights.shape or (1,))[axis]
    import numpy as np

    from npufit.graph.arrays import stored_values

    values = stored_values(weights)
    if values is None or axis >= values.ndim or not values.size:
        return ()
    points = weights.quantization.zero_points
    if len(points) not in (1, values.shape[axis]):
        points = (weights.quantization.zero_point,)
    wider = np.int32 if weights.element.bits < 32 else np.int64
    distances = np.abs(np.moveaxis(values, axis, -1).astype(wider) - np.array(points, wider))
    return distances.sum(axis=tuple(range(values.ndim - 1)), dtype=np.int64).tolist()


def _sum_of_alike(weights: Tensor, axis: int) -> int | None:
    """Return the sum for weights that are all the same byte, as in most of a probe's models; None for others."""
    data, shape = weights.buffer.data, weights.shape
    if not isinstance(data, bytes) or not data or data.count(data[:1]) != len(data):
        return None
    if not shape or axis >= len(shape) or len(data) != prod(shape):
        return None
    if len(set(weights.quantization.zero_points)) > 1:
        return None
    value = int.from_bytes(data[:1], "little", signed=weights.element.integer_range[0] < 0)
    return abs(value - weights.quantization.zero_point) * (len(data) // shape[axis])


def _bias_value(operation: Operation) -> int | None:
    """The largest distance of a bias from zero."""
    bias = operation.with_role(Role.BIAS)
    if bias is None or bias.element.is_float:
        return None
    from npufit.graph.arrays import stored_values

    values = stored_values(bias)
    return None if values is None or not values.size else max(int(values.max()), -int(values.min()))


def _padded(letter: str) -> Quantity:
    """The larger of what PAD adds before and after an axis."""

    def measure(operation: Operation) -> int | None:
        amounts, ifm = _constants(operation, Role.PADDINGS), operation.ifm
        if amounts is None or ifm is None or ifm.shape is None or len(amounts) != 2 * len(ifm.shape):
            return None
        letters = [axis_letter(axis, len(ifm.shape)) for axis in range(len(ifm.shape))]
        return max(
            (max(amounts[2 * axis : 2 * axis + 2]) for axis, found in enumerate(letters) if found == letter), default=0
        )

    return measure


def _step(letter: str) -> Quantity:
    """The stride of a slice along an axis."""

    def measure(operation: Operation) -> int | None:
        steps, ifm = _constants(operation, Role.STRIDES), operation.ifm
        if steps is None or ifm is None or ifm.shape is None or len(steps) > len(ifm.shape):
            return None
        found = {axis_letter(axis, len(ifm.shape)): step for axis, step in enumerate(steps)}
        return found.get(letter, 1)

    return measure


def _constants(operation: Operation, role: Role) -> tuple[int, ...] | None:
    operand = operation.with_role(role)
    return None if operand is None else constant_values(operand)


def _block_size(operation: Operation) -> int | None:
    options = operation.operator.options
    found = dict(options.fields).get("block_size") if isinstance(options, OtherOptions) else None
    return found if isinstance(found, int) else None


def _ofm_rank(operation: Operation) -> int | None:
    return None if operation.ofm is None or operation.ofm.shape is None else len(operation.ofm.shape)


def _macs(operation: Operation) -> int | None:
    return count_macs(operation.subgraph, operation.operator) or None


def _reduced_sizes(operation: Operation) -> tuple[int, ...] | None:
    axes = operation.with_role(Role.REDUCED_AXES)
    shape = None if operation.ifm is None else operation.ifm.shape
    values = None if axes is None else constant_values(axes)
    if shape is None or values is None or any(not -len(shape) <= axis < len(shape) for axis in values):
        return None
    return tuple(shape[axis] for axis in {axis % len(shape) for axis in values})


def _reduced_elements(operation: Operation) -> int | None:
    sizes = _reduced_sizes(operation)
    return None if sizes is None else prod(sizes)


def _reduced_axis(operation: Operation) -> int | None:
    return max(_reduced_sizes(operation) or (), default=None)


def _scale(name: str) -> Quantity:
    def measure(operation: Operation) -> Value | None:
        if operation.with_role(Role.MAP_SIZE) is None:
            return None
        size, result = _part(operation.sides(operation.ifm), name), _part(operation.sides(operation.ofm), name)
        if getattr(operation.operator.options, "align_corners", False) and size and result and min(size, result) > 1:
            size, result = size - 1, result - 1
        if not size or not result:
            return None
        ratio = Fraction(result, size)
        return ratio.numerator if ratio.denominator == 1 else str(ratio)

    return measure


NUMBERS: Mapping[str, Quantity] = {
    **{name: _side(name) for name in ("h", "w", "c", "batch")},
    **{f"ofm_{name}": _ofm_side(name) for name in ("h", "w", "c")},
    "kh": _kernel("kh"),
    "kw": _kernel("kw"),
    "stride_h": _option("stride_h"),
    "stride_w": _option("stride_w"),
    "dilation_h": _option("dilation_h_factor"),
    "dilation_w": _option("dilation_w_factor"),
    "dilated_kh": _dilated_kernel("h"),
    "dilated_kw": _dilated_kernel("w"),
    "depth_multiplier": _depth_multiplier,
    "rank": _rank,
    "ofm_rank": _ofm_rank,
    "block_size": _block_size,
    **{f"pad_{name}": _padded(letter) for name, letter in (("h", "h"), ("w", "w"), ("c", "c"), ("batch", "n"))},
    **{f"step_{letter}": _step(letter) for letter in "hwc"},
    "inputs": lambda operation: len(operation.data),
    "outputs": lambda operation: len(operation.operator.outputs),
    "ifm_bytes": lambda operation: _size(operation.ifm),
    "ofm_bytes": lambda operation: _size(operation.ofm),
    "weights_bytes": lambda operation: _size(operation.weights),
    "tensor_bytes": _tensor_bytes,
    "activation_bytes": lambda operation: max(operation.activation_bytes, default=0),
    "io_bytes": lambda operation: sum(operation.activation_bytes),
    "working_set_bytes": _working_set_bytes,
    "weights_sum": _weights_sum,
    "depthwise_weights_sum": _depthwise_weights_sum,
    "bias_value": _bias_value,
    "macs": _macs,
    "reduced_elements": _reduced_elements,
    "reduced_axis": _reduced_axis,
    "scale_h": _scale("h"),
    "scale_w": _scale("w"),
}
"""Every quantity that is a number; a scale that is not whole is a word such as 5/2."""
