"""Networks that compute in float with smaller weights, as plain float networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npufit.graph import NO_TENSOR, ElementType, Model, Operator, Tensor
from npufit.rewrite.quantization.weighted_operators import OPERANDS, Reals
from npufit.rewrite.surgery.constants import values_of
from npufit.rewrite.surgery.editor import Editor

_FLOAT = ElementType.FLOAT32


def computes_in_float(model: Model) -> bool:
    """Return whether operators of the main subgraph multiply floats by weights, and nothing computes in 8 bits."""
    tensors = model.main.tensors
    found = False
    for operator in model.main.operators:
        written = [tensors[index] for index in operator.outputs if index != NO_TENSOR]
        if any(tensor.element.is_8_bit for tensor in written):
            return False
        places = OPERANDS.get(operator.type)
        found |= places is not None and tensors[operator.inputs[places.ifm]].element is _FLOAT
    return found


def with_float_weights(model: Model) -> Model:
    """Return `model` with float32 in place of int8 weights (dynamic range) and of constants that it widens itself."""
    editor = Editor(model)
    for index, operator in enumerate(model.main.operators):
        if operator.type == "DEQUANTIZE":
            _fold(editor, index, operator)
    for index, operator in enumerate(editor.operators):
        places = OPERANDS.get(operator.type) if operator is not None else None
        if operator is None or places is None or editor.tensor(operator.inputs[places.ifm]).element is not _FLOAT:
            continue
        weights = editor.tensor(operator.inputs[places.weights])
        real = _real_values(weights, places.channels)
        if weights.element.is_8_bit and real is not None:
            inputs = list(operator.inputs)
            inputs[places.weights] = editor.add_constant(weights.name, real.astype(np.float32))
            editor.replace(index, replace(operator, inputs=tuple(inputs)))
    return editor.finish()


def _fold(editor: Editor, index: int, operator: Operator) -> None:
    """Put the values of a constant in the place of the DEQUANTIZE that widens it."""
    source, result = operator.inputs[0], operator.outputs[0]
    tensor = editor.tensor(source)
    if result in editor.outputs or not tensor.is_constant:
        return
    real = _real_values(tensor, tensor.quantization.axis)
    if real is not None:
        editor.redirect(result, editor.add_constant(editor.tensor(result).name, real.astype(np.float32)))
        editor.remove(index)


def _real_values(tensor: Tensor, axis: int) -> Reals | None:
    if tensor.element is ElementType.FLOAT16 and tensor.buffer.size_bytes and tensor.shape is not None:
        return np.frombuffer(tensor.buffer.data, np.float16).reshape(tensor.shape).astype(np.float64)
    values = values_of(tensor)
    if values is None or not tensor.element.is_8_bit or not tensor.quantization.scales:
        return None
    scales = np.array(tensor.quantization.scales, np.float64)
    points = np.array(tensor.quantization.zero_points or (0,), np.float64)
    sides = [1] * values.ndim
    if scales.size > 1:
        sides[axis] = scales.size
        points = np.broadcast_to(points, scales.shape)
    return (values.astype(np.float64) - points.reshape(sides)) * scales.reshape(sides)
