"""fuse-activations and unfuse-activations: move an activation into the preceding operator, or out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np

from npufit.graph import (
    Activation,
    Model,
    Operator,
    Tensor,
    cut_out,
    eight_bit_operator,
    fused_activation,
    has_operands,
)
from npufit.rewrite.arithmetic import CLAMPING_OPERATORS, clamp_of
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site, option
from npufit.rewrite.surgery import Editor, add_shift, same_quantization

_ADDING = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL")
"""Operators that scale, then add the zero point of their result, then clamp: another zero point shifts the result."""

_KEEPING = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
_SHIFTABLE = ("CONV_2D", "DEPTHWISE_CONV_2D")
_OPERATOR_OF = {activation: kind for kind, activation in CLAMPING_OPERATORS.items()}


@dataclass(frozen=True)
class FuseActivations(Pass):
    """RELU, RELU6 or RELU_N1_TO_1 moves into the operator whose result only it reads.

    1. The result and the activation's output have the same quantization (or are floating point): the clamp is the same.
    2. They have the same scale, and the zero points leave the same room: convolutions, FULLY_CONNECTED, ADD, SUB and
       MUL then write with the zero point of the activation. Checked for every integer.

    With different scales the integers are rounded twice before and once after, so the activation stays. On Teflon,
    which drops some fused activations and refuses others, each is tried alone first.
    """

    name: ClassVar[str] = "fuse-activations"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "fuse RELU, RELU6 and RELU_N1_TO_1 into the preceding operator"

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with activations fused, None if none can be."""
        editor = Editor(model)
        sites: list[Site] = []
        for index, operator in enumerate(model.main.operators):
            activation = CLAMPING_OPERATORS.get(operator.type)
            producer = (
                editor.producer(operator.inputs[0]) if activation is not None and has_operands(operator) else None
            )
            if activation is None or producer is None or not _fits(editor, producer, index, activation):
                continue
            if context.runs_on("teflon") and _is_lost(model, producer, index, activation, context):
                continue
            writer = editor.operator(producer)
            editor.remove(index)
            editor.replace(producer, replace(_with(writer, activation), outputs=operator.outputs))
            sites.append(Site(0, (producer, index), f"{operator.type} moves into {writer.type}"))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _fits(editor: Editor, producer: int, index: int, activation: Activation) -> bool:
    """Return whether the activation at `index` may move into the operator `producer`."""
    writer, result = editor.operator(producer), editor.operator(index).inputs[0]
    if (
        writer.type not in (*_ADDING, *_KEEPING)
        or not has_operands(writer)
        or fused_activation(writer.options) is not Activation.NONE
    ):
        return False
    if (
        not hasattr(writer.options, "fused_activation_function")
        or result in editor.outputs
        or editor.consumers(result) != (index,)
    ):
        return False
    before, after = editor.tensor(result), editor.tensor(editor.operator(index).outputs[0])
    if before.element.is_float:
        return before.element is after.element
    if same_quantization(before, after):
        return clamp_of(activation, after) is not None  # case 1
    return writer.type in _ADDING and _leaves_the_same(before, after, activation)


def _leaves_the_same(before: Tensor, after: Tensor, activation: Activation) -> bool:
    """Return whether writing `after` directly is the same as writing `before` and clamping it into `after` (case 2)."""
    clamp = clamp_of(activation, after)
    if clamp is None or before.element is not after.element or len(before.quantization.scales) != 1:
        return False
    if before.quantization.scale != after.quantization.scale:
        return False
    steps = np.arange(-1024, 1025)
    first, second = before.quantization.zero_point, after.quantization.zero_point
    kept = np.clip(steps + first, *before.element.integer_range) - first
    return bool(np.array_equal(np.clip(kept + second, *clamp), np.clip(steps + second, *clamp)))


def _with(operator: Operator, activation: Activation) -> Operator:
    # Every operator whose activation is looked at has typed options with this field.
    options = cast("Any", operator.options)
    return replace(operator, options=replace(options, fused_activation_function=activation))


def _is_lost(model: Model, producer: int, index: int, activation: Activation, context: Context) -> bool:
    """Return whether the target would refuse `producer` with the activation at `index` fused, or drop it."""
    writer, result = model.main.operators[producer], model.main.operators[index].outputs
    alone = cut_out(model, (producer,), writer.outputs)
    fused = Editor(cut_out(model, (producer, index), result))
    fused.remove(1)
    fused.replace(0, replace(_with(writer, activation), outputs=result))
    return context.faults(fused.finish()) > context.faults(alone)


_LOSING = ("ethosu.relu-unclamped", "teflon.activation-dropped", "vx.transpose-conv-activation")
"""Hazards of activations that are not computed."""

_OUT_OF_RANGE = "teflon.relu6-range"
_SEVERAL_CAUSES = "teflon.elementwise-operands"
"""A hazard of an activation that is not computed, among other things."""


@dataclass(frozen=True)
class UnfuseActivations(Pass):
    """A fused activation that the target refuses or drops leaves its operator.

    On Teflon, for convolutions with a RELU6 that it refuses (real maximum above 6) and for activations that it drops or
    does not clamp (hazards ethosu.relu-unclamped, teflon.elementwise-operands, teflon.activation-dropped):

    1. A clamp that the integers imply is removed: RELU6 becomes RELU if 6 is rounded to the highest integer, and an
       activation that removes nothing is dropped. A scale slightly above 6/255 is refused, although 6 / scale is
       rounded to 255: this removes the refusal.
    2. The range of the numbers clamps: the operator writes with a zero point that saturates at the upper bound, and a
       1x1 depthwise convolution with a multiplier of 1 shifts it to the zero point that saturates at the lower bound.
       Convolutions read the shifted tensor directly; for all other readers a second one shifts it back. Results of rank
       4 of CONV_2D, DEPTHWISE_CONV_2D, ADD, SUB and MUL.
    3. Otherwise the activation becomes a separate operator after it, with the same quantization. So does that of a
       TRANSPOSE_CONV on the VX delegate, which drops it (hazard vx.transpose-conv-activation).

    With `everywhere`, case 3 for every activation on any target.
    """

    name: ClassVar[str] = "unfuse-activations"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "take fused activations out if the target refuses or drops them"
    cures: ClassVar[tuple[str, ...]] = (*_LOSING, _OUT_OF_RANGE)

    everywhere: bool = option(False, "make every fused activation a separate operator, on any target")

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with activations taken out, None if none needs to be."""
        editor = Editor(model)
        sites: list[Site] = []
        for index in self._in_the_way(model, context):
            operator = editor.operator(index)
            clamp = clamp_of(fused_activation(operator.options), editor.tensor(operator.outputs[0]))
            if self.everywhere:
                what = _set_apart(editor, index) if operator.type in (*_ADDING, *_KEEPING) else ""
            elif clamp is None:
                what = ""
            else:
                what = _simplify(editor, index, clamp) or _saturate(editor, index, clamp) or _set_apart(editor, index)
            if what:
                sites.append(Site(0, (index,), what))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None

    def _in_the_way(self, model: Model, context: Context) -> list[int]:
        fused = {
            index
            for index, operator in enumerate(model.main.operators)
            if fused_activation(operator.options) in _OPERATOR_OF
            and len(operator.outputs) == 1
            and has_operands(operator)
        }
        if self.everywhere:
            return sorted(fused)
        wrong = context.refused_by(_OUT_OF_RANGE).union(context.endangered_by(*_LOSING))
        perhaps = fused & set(context.endangered_by(_SEVERAL_CAUSES)) - wrong
        return sorted(fused & wrong | {index for index in perhaps if _is_at_fault(model, index, context)})


def _is_at_fault(model: Model, index: int, context: Context) -> bool:
    """Return whether it is the fused activation that the target refuses or drops, and not something else."""
    alone = cut_out(model, (index,), model.main.operators[index].outputs)
    plain = Editor(alone)
    plain.replace(0, _with(plain.operator(0), Activation.NONE))
    return context.faults(alone) > context.faults(plain.finish())


def _simplify(editor: Editor, index: int, clamp: tuple[int, int]) -> str:
    """Write a weaker activation if the integers do the rest (case 1); return a description."""
    operator = editor.operator(index)
    lowest, highest = editor.tensor(operator.outputs[0]).element.integer_range
    activation = fused_activation(operator.options)
    if clamp == (lowest, highest) and activation is not Activation.RELU6:
        weaker = Activation.NONE
    elif clamp[1] == highest and activation is Activation.RELU6:
        # Without a RELU that Teflon would not clamp either (ethosu.relu-unclamped), which case 2 does.
        weaker = Activation.RELU
    else:
        return ""
    if weaker is Activation.RELU and clamp[0] != lowest:
        return ""
    editor.replace(index, _with(operator, weaker))
    return f"the {activation.name} of {operator.type} becomes {weaker.name}: its integers end there"


def _saturate(editor: Editor, index: int, clamp: tuple[int, int]) -> str:
    """Let the range of the integers clamp (case 2); return a description, empty if that is impossible."""
    operator, result = editor.operator(index), editor.operator(index).outputs[0]
    tensor = editor.tensor(result)
    if operator.type not in _ADDING or len(tensor.shape or ()) != 4:
        return ""
    lowest, highest = tensor.element.integer_range
    zero_point = tensor.quantization.zero_point
    upper, lower = highest - (clamp[1] - zero_point), lowest - (clamp[0] - zero_point)
    if not (lowest <= upper <= highest and lowest <= lower <= highest):
        return ""
    activation = fused_activation(operator.options)
    writing = editor.add_like(result, "not_clamped")
    _move(editor, writing, upper)
    editor.replace(index, replace(_with(operator, Activation.NONE), outputs=(writing,)))
    readers = [editor.operator(reader) for reader in editor.consumers(result)]
    free = result not in editor.outputs and all(
        reader.type in _SHIFTABLE and reader.inputs.count(result) == 1 and reader.inputs[0] == result
        for reader in readers
    )
    if lower == zero_point or free:
        _move(editor, result, lower)
        add_shift(editor, writing, result, near=index)
        return (
            f"the {activation.name} of {operator.type} becomes a range that ends there, and a 1x1 depthwise convolution"
        )
    between = editor.add_like(result, "clamped")
    _move(editor, between, lower)
    add_shift(editor, between, result, near=add_shift(editor, writing, between, near=index))
    return (
        f"the {activation.name} of {operator.type} becomes a range that ends there, and two 1x1 depthwise convolutions"
    )


def _move(editor: Editor, index: int, zero_point: int) -> None:
    tensor = editor.tensor(index)
    quantization = replace(tensor.quantization, zero_points=(zero_point,), minimum=(), maximum=())
    editor.set_tensor(index, replace(tensor, quantization=quantization))


def _set_apart(editor: Editor, index: int) -> str:
    """Make the activation a separate operator (case 3); return a description."""
    operator = editor.operator(index)
    result, activation = operator.outputs[0], fused_activation(operator.options)
    before = editor.add_like(result, "not_clamped")
    editor.replace(index, replace(_with(operator, Activation.NONE), outputs=(before,)))
    kind = _OPERATOR_OF[activation]
    made = eight_bit_operator if editor.tensor(result).element.is_8_bit else Operator
    editor.add(made(kind, (before,), (result,)), near=index)
    return f"the {activation.name} of {operator.type} becomes a separate operator"
