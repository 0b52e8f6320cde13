"""Operators that multiply by weights, for passes that change scales: operands, real weights, real bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from npufit.graph import NO_TENSOR, OPERATOR_TYPES, Buffer, Operator, Quantization, Role
from npufit.graph.arrays import Reals, real_values, stored_values
from npufit.rewrite.surgery import Editor

LARGEST_BIAS = (1 << 30) - 1
"""The largest bias that passes write: half of the 32-bit range, so that the sums of products also have room."""


@dataclass(frozen=True, slots=True)
class WeightedOperands:
    """The positions of the input, the weights and the bias, and the weights' axis of output channels."""

    ifm: int
    weights: int
    bias: int
    channels: int


WEIGHTED_OPERATORS = {
    name: WeightedOperands(row.data, row.operands.index(Role.WEIGHTS), row.operands.index(Role.BIAS), row.channel_axis)
    for name, row in OPERATOR_TYPES.items()
    if row.channel_axis is not None
}
"""The operators that multiply by weights, add a 32-bit bias and scale the sum."""


def weight_scales(editor: Editor, operator: Operator) -> Reals:
    """Return the scales of the weights: one, or one per output channel."""
    weights = editor.tensor(operator.inputs[WEIGHTED_OPERATORS[operator.type].weights])
    return np.array(weights.quantization.scales, np.float64)


def has_plain_operands(editor: Editor, operator: Operator) -> bool:
    """Return whether input, output, weights and bias are quantized in a form that this module can read.

    That is: 8-bit maps with one scale, constant 8-bit weights, and a constant int32 bias or none.
    """
    places = WEIGHTED_OPERATORS.get(operator.type)
    if places is None or len(operator.outputs) != 1 or operator.input(places.weights) == NO_TENSOR:
        return False
    ends = (editor.tensor(operator.inputs[places.ifm]), editor.tensor(operator.outputs[0]))
    if any(not tensor.element.is_8_bit or len(tensor.quantization.scales) != 1 for tensor in ends):
        return False
    weights = editor.tensor(operator.inputs[places.weights])
    if not weights.element.is_8_bit or stored_values(weights) is None or not weights.quantization.scales:
        return False
    return _has_plain_bias(editor, operator)


def real_weights(editor: Editor, operator: Operator) -> Reals:
    """Return the weights as real numbers, in the shape of their tensor."""
    places = WEIGHTED_OPERATORS[operator.type]
    tensor = editor.tensor(operator.inputs[places.weights])
    values = stored_values(tensor)
    assert values is not None, "asked has_plain_operands before"
    return real_values(values, tensor.quantization, places.channels)


def real_bias(editor: Editor, operator: Operator) -> Reals | None:
    """Return the bias as real numbers by the scales that the kernels assume for it, None if there is none."""
    places = WEIGHTED_OPERATORS[operator.type]
    if operator.input(places.bias) == NO_TENSOR:
        return None
    values = stored_values(editor.tensor(operator.inputs[places.bias]))
    assert values is not None, "asked has_plain_operands before"
    ifm = editor.tensor(operator.inputs[places.ifm])
    return values.astype(np.float64) * (ifm.quantization.scale * weight_scales(editor, operator))


def quantized_bias(bias: Reals, scales: Reals) -> npt.NDArray[np.int32] | None:
    """Return `bias` in units of `scales`, rounded to the nearest; None if it does not fit into 32 bits."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        integers = np.rint(bias / scales)
    if not np.isfinite(integers).all() or np.abs(integers).max(initial=0.0) > LARGEST_BIAS:
        return None
    return integers.astype(np.int32)


def set_bias(editor: Editor, index: int, integers: npt.NDArray[np.int32], scales: Sequence[float]) -> None:
    """Give the operator at `index` its own bias; `scales` are those of the products."""
    operator = editor.operator(index)
    place = WEIGHTED_OPERATORS[operator.type].bias
    tensor = editor.tensor(operator.inputs[place])
    units = tuple(float(np.float32(scale)) for scale in scales)
    quantization = Quantization(units, (0,) * len(units))
    new = replace(tensor, quantization=quantization, buffer=Buffer(integers.tobytes()))
    inputs = list(operator.inputs)
    inputs[place] = editor.add_tensor(new)
    editor.replace(index, replace(operator, inputs=tuple(inputs)))


def _has_plain_bias(editor: Editor, operator: Operator) -> bool:
    place = WEIGHTED_OPERATORS[operator.type].bias
    if operator.input(place) == NO_TENSOR:
        return True
    bias = editor.tensor(operator.inputs[place])
    return bias.element.value == "int32" and stored_values(bias) is not None
