"""rearrange-additions: reorder additions that Mesa's rocket driver cannot fuse, or make them subtractions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from npufit.graph import (
    CONVOLUTIONS,
    Activation,
    AddOptions,
    ElementType,
    Model,
    Operator,
    Quantization,
    SubOptions,
    Tensor,
    eight_bit_operator,
    has_operands,
)
from npufit.rewrite.arithmetic import as_multiplier, round_twice
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor

_LEFT_SHIFT = 20
"""Bits by which the reference ADD and SUB shift 8-bit operands up before they scale them (LiteRT: add.cc, sub.cc)."""

_MOST_DIMENSIONS = 4


@dataclass(frozen=True)
class RearrangeAdditions(Pass):
    """Rewrites an ADD on which the rocket driver crashes, or which it computes wrongly.

    Its hazards are rocket.unfusable-add and rocket.misfused-add.

    1. The operands are swapped if the second one is the output of a convolution that nothing else reads: the driver
       fuses into that. ADD scales both operands alike, so their order does not matter.
    2. Otherwise a + b becomes a - (0 - b), two SUB, which rocket leaves on the CPU. 0 - b gets the mirrored zero point,
       so that it is exact; the second SUB scales it as ADD scales b, up to the rounding of halves, which is compared
       for all 256 values. If it differs for b, a is negated instead.

    8-bit operands and results with one scale each.
    """

    name: ClassVar[str] = "rearrange-additions"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = (
        "swap the operands of ADD, or write it as SUB, if rocket crashes on it (hazards rocket.unfusable-add, "
        "rocket.misfused-add)"
    )
    cures: ClassVar[tuple[str, ...]] = ("rocket.unfusable-add", "rocket.misfused-add")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these additions rewritten, None if there are none."""
        editor = Editor(model)
        partitions = context.partitions()
        sites: list[Site] = []
        for index in context.endangered_by(*self.cures):
            operator = editor.operator(index)
            if operator.type != "ADD" or not has_operands(operator) or len(operator.inputs) != 2:
                continue
            if _can_swap(editor, operator, index, partitions):
                editor.replace(index, replace(operator, inputs=operator.inputs[::-1]))
                sites.append(Site(0, (index,), "the operands of ADD are swapped"))
            elif _subtract(editor, operator, index):
                sites.append(Site(0, (index,), "a + b becomes a - (0 - b)"))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _can_swap(editor: Editor, operator: Operator, index: int, partitions: dict[int, int | None]) -> bool:
    """Return whether the driver can fuse the ADD into the producer of the second operand, and finds the first one."""
    first, second = operator.inputs
    here = partitions.get(index)
    adder, other = editor.producer(second), editor.producer(first)
    if adder is None or partitions.get(adder) != here or editor.operator(adder).type not in CONVOLUTIONS:
        return False
    if editor.consumers(second) != (index,) or second in editor.outputs:
        return False
    if other is not None and partitions.get(other) == here:
        return other < adder
    return any(
        partitions.get(reader) == here and editor.operator(reader).type in CONVOLUTIONS
        for reader in editor.consumers(first)
        if editor.operator(reader).inputs[0] == first
    )


def _subtract(editor: Editor, operator: Operator, index: int) -> bool:
    first, second = (editor.tensor(tensor) for tensor in operator.inputs)
    result = editor.tensor(operator.outputs[0])
    if not all(_is_simple(tensor) and tensor.element is first.element for tensor in (first, second, result)):
        return False
    for kept, turned in (operator.inputs, operator.inputs[::-1]):
        if not _turns_over_exactly(editor.tensor(turned), editor.tensor(kept)):
            continue
        options = operator.options
        activation = options.fused_activation_function if isinstance(options, AddOptions) else Activation.NONE
        negative = _add_negative(editor, turned, index)
        subtraction = eight_bit_operator("SUB", (kept, negative), operator.outputs, SubOptions(activation))
        editor.replace(index, subtraction)
        return True
    return False


def _is_simple(tensor: Tensor) -> bool:
    shape, quantization = tensor.shape, tensor.quantization
    lowest, highest = tensor.element.integer_range if tensor.element.is_8_bit else (0, -1)
    return (
        len(quantization.scales) == 1
        and quantization.scale > 0
        and quantization.details is None
        and lowest <= quantization.zero_point <= highest
        and shape is not None
        and len(shape) <= _MOST_DIMENSIONS
    )


def _turns_over_exactly(turned: Tensor, other: Tensor) -> bool:
    """Return whether SUB of the mirrored values scales them as ADD scales the values themselves."""
    lowest, highest = turned.element.integer_range
    steps = np.arange(lowest, highest + 1, dtype=np.int64) - turned.quantization.zero_point << _LEFT_SHIFT
    scale = turned.quantization.scale
    multiplier = as_multiplier(scale / (2 * max(scale, other.quantization.scale)))
    return bool((round_twice(-steps, multiplier) == -round_twice(steps, multiplier)).all())


def _add_negative(editor: Editor, tensor: int, near: int) -> int:
    """Add 0 - `tensor`, whose integers are those of `tensor` counted from the other end, and return its index."""
    values = editor.tensor(tensor)
    lowest, highest = values.element.integer_range
    mirrored = lowest + highest - values.quantization.zero_point
    dtype = np.int8 if values.element is ElementType.INT8 else np.uint8
    zero = np.full((1,) * len(values.shape or ()), values.quantization.zero_point, dtype)
    same = Quantization((values.quantization.scale,), (values.quantization.zero_point,))
    constant = editor.add_constant(f"{values.name}/zero", zero, same)
    quantization = Quantization((values.quantization.scale,), (mirrored,))
    negative = editor.add_tensor(replace(values, name=f"{values.name}/negative", quantization=quantization))
    editor.add(eight_bit_operator("SUB", (constant, tensor), (negative,), SubOptions()), near)
    return negative
