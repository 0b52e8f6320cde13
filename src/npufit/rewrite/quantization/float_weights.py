"""Networks that compute in float with smaller weights, converted to plain float networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npufit.graph import NO_TENSOR, ElementType, Model, Operator, Tensor
from npufit.graph.arrays import Reals, real_values, stored_values
from npufit.rewrite.quantization.weighted_operators import WEIGHTED_OPERATORS
from npufit.rewrite.surgery import Editor

_FLOAT = ElementType.FLOAT32


def computes_in_float(model: Model) -> bool:
    """Return whether operators of the main subgraph multiply floats by weights, and nothing computes in 8 bits."""
    tensors = model.main.tensors
    found = False
    for operator in model.main.operators:
        written = [tensors[index] for index in operator.outputs if index != NO_TENSOR]
        if any(tensor.element.is_8_bit for tensor in written):
            return False
        places = WEIGHTED_OPERATORS.get(operator.type)
        found |= places is not None and tensors[operator.inputs[places.ifm]].element is _FLOAT
    return found


def with_float_weights(model: Model) -> Model:
    """Return `model` with float32 instead of int8 weights (dynamic range) and of constants that it widens itself."""
    editor = Editor(model)
    for index, operator in enumerate(model.main.operators):
        if operator.type == "DEQUANTIZE":
            _fold(editor, index, operator)
    for index, operator in enumerate(editor.operators):
        places = WEIGHTED_OPERATORS.get(operator.type) if operator is not None else None
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
    """Replace the DEQUANTIZE that widens a constant by its values."""
    source, result = operator.inputs[0], operator.outputs[0]
    tensor = editor.tensor(source)
    if result in editor.outputs or not tensor.is_constant:
        return
    real = _real_values(tensor, tensor.quantization.axis)
    if real is not None:
        editor.redirect(result, editor.add_constant(editor.tensor(result).name, real.astype(np.float32)))
        editor.remove(index)


def _real_values(tensor: Tensor, axis: int) -> Reals | None:
    values = stored_values(tensor)
    if values is None:
        return None
    if tensor.element is ElementType.FLOAT16:
        return values.astype(np.float64)
    is_quantized = tensor.element.is_8_bit and tensor.quantization.scales
    return real_values(values, tensor.quantization, axis) if is_quantized else None
