"""relu6-range: give the output of a clamping convolution the range of its clamp."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from npufit.graph import CONVOLUTIONS, Activation, Model, Quantization, Tensor, fused_activation
from npufit.graph.arrays import Reals
from npufit.rewrite.context import Context
from npufit.rewrite.quantization import (
    WEIGHTED_OPERATORS,
    has_plain_operands,
    is_copying,
    quantized_bias,
    real_bias,
    set_bias,
    tied_tensors,
    weight_scales,
)
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor

_SIX = np.float32(6.0)


@dataclass(frozen=True)
class Relu6Range(Pass):
    """The output of a convolution with a fused RELU6 is requantized so that its integers end at the clamp.

    Teflon refuses the convolution if the real maximum, (highest integer - zero point) * scale, is above 6.

    1. The zero point is the lowest integer and the scale slightly above 6/255: the scale becomes the largest 32-bit
       float whose maximum is not above 6. Nearly every integer stays the same.
    2. The zero point is higher, because the range was taken before the clamp: it becomes the lowest integer and the
       scale 6/255. The integers below zero were never used, so the steps become finer.
    3. The maximum is not above 6, or the activation is a RELU, but the zero point is not the lowest integer, so that
       nothing clamps at zero (hazard ethosu.relu-unclamped): the range becomes 0 to the old maximum.

    Readers of the output compute their multipliers from the new scale; biases are requantized to it. Operators that
    copy (pooling, PAD, CONCATENATION, ...) pass the new range on to their other ends. The pass leaves a convolution
    alone if that reaches an input, an output or a constant of the network, an operator that it does not know, or a
    tensor that holds more than the new range. unfuse-activations does the same exactly, with more operators.
    """

    name: ClassVar[str] = "relu6-range"
    exactness: ClassVar[Exactness] = Exactness.APPROXIMATE
    summary: ClassVar[str] = "requantize the outputs of convolutions with RELU6 that the target refuses"
    cures: ClassVar[tuple[str, ...]] = ("teflon.relu6-range",)

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these outputs requantized, None if there are none."""
        editor = Editor(model)
        sites: list[Site] = []
        notes: list[str] = []
        for index in _in_the_way(model, context):
            result = editor.operator(index).outputs[0]
            old = editor.tensor(result)
            new = _fitting(old, fused_activation(editor.operator(index).options))
            if new is None or not _requantize(editor, result, new):
                continue
            step = (old.quantization.scale + new.scale) / 2
            what = f"scale {old.quantization.scale:.6g}, zero point {old.quantization.zero_point}"
            sites.append(Site(0, (index,), f"the output of {editor.operator(index).type} ends at its clamp"))
            notes.append(
                f"operator {index}: {what} become {new.scale:.6g}, {new.zero_point}; rounding moves a value by at most "
                f"{step:.3g} ({step / old.quantization.scale:.2g} old steps)"
            )
        return Rewritten(editor.finish(), tuple(sites), tuple(notes)) if sites else None


def _in_the_way(model: Model, context: Context) -> list[int]:
    """Return the convolutions that the target refuses or does not clamp; without one, those that Teflon refuses."""
    if context.placement is None:
        found = frozenset(
            index
            for index, operator in enumerate(model.main.operators)
            if fused_activation(operator.options) is Activation.RELU6
            and model.main.tensors[operator.outputs[0]].element.is_8_bit
            and _maximum(model.main.tensors[operator.outputs[0]]) > _SIX
        )
    else:
        found = context.refused_by(*Relu6Range.cures).union(context.endangered_by("ethosu.relu-unclamped"))
    return sorted(index for index in found if model.main.operators[index].type in CONVOLUTIONS)


def _maximum(tensor: Tensor) -> np.float32:
    """Return the largest real value that an 8-bit tensor holds, in 32-bit floats as Teflon computes it."""
    highest = tensor.element.integer_range[1]
    return np.float32((highest - tensor.quantization.zero_point) * tensor.quantization.scale)


def _fitting(tensor: Tensor, activation: Activation) -> Quantization | None:
    """Return the quantization whose integers are the clamp, None if `tensor` has it or nothing clamps it."""
    if activation not in (Activation.RELU, Activation.RELU6) or not tensor.element.is_8_bit:
        return None
    if len(tensor.quantization.scales) != 1:
        return None
    lowest, highest = tensor.element.integer_range
    maximum = _maximum(tensor)
    if activation is Activation.RELU6:
        maximum = min(maximum, _SIX)  # cases 1 and 2
    elif tensor.quantization.zero_point == lowest:
        return None
    scale = np.float32(maximum / np.float32(highest - lowest))  # case 3 as well
    while np.float32((highest - lowest) * float(scale)) > maximum:
        scale = np.nextafter(scale, np.float32(0))
    if scale <= 0 or (float(scale), lowest) == (tensor.quantization.scale, tensor.quantization.zero_point):
        return None
    return Quantization((float(scale),), (lowest,))


def _requantize(editor: Editor, start: int, new: Quantization) -> bool:
    """Give `start` and tensors tied to it the quantization `new`; return False and change nothing if that fails."""
    tied = tied_tensors(editor, start)
    if tied is None or any(not _is_covered(editor, tensor, start, new) for tensor in tied):
        return False
    biases: list[tuple[int, npt.NDArray[np.int32], Reals]] = []
    for index in sorted({reader for tensor in tied for reader in editor.consumers(tensor)}):
        operator = editor.operator(index)
        if operator.type not in WEIGHTED_OPERATORS:
            continue
        if not has_plain_operands(editor, operator):
            return False
        bias, scales = real_bias(editor, operator), weight_scales(editor, operator) * new.scale
        if bias is None:
            continue
        integers = quantized_bias(bias, scales)
        if integers is None:
            return False
        biases.append((index, integers, scales))
    for index, integers, scales in biases:
        set_bias(editor, index, integers, scales.tolist())
    for tensor in tied:
        editor.set_tensor(tensor, replace(editor.tensor(tensor), quantization=new))
    return True


def _is_covered(editor: Editor, tensor: int, start: int, new: Quantization) -> bool:
    """Return whether `new` holds everything that `tensor` does: a copy of tied ones, or clamped to the same range."""
    if tensor == start:
        return True
    old = editor.tensor(tensor)
    if old.element is not editor.tensor(start).element or len(old.quantization.scales) != 1:
        return False
    producer = editor.producer(tensor)
    if producer is None:
        return False
    writer = editor.operator(producer)
    if is_copying(writer):
        return True
    lowest, highest = old.element.integer_range
    end = (highest - lowest) * new.scale
    activation = fused_activation(writer.options)
    if activation is Activation.RELU6 and end >= min(6.0, float(_maximum(old))) * (1 - 1e-6):
        return True
    return activation is Activation.RELU and end >= float(_maximum(old)) * (1 - 1e-6)
