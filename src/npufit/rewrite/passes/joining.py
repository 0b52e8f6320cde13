"""join-axis: CONCATENATION and SPLIT in forms that a target accepts and computes correctly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import ClassVar

import numpy as np

from npufit.graph import (
    NO_TENSOR,
    ConcatenationOptions,
    Model,
    Operator,
    Quantization,
    StridedSliceOptions,
    Tensor,
    constant_values,
    eight_bit_operator,
    has_operands,
)
from npufit.graph.arrays import stored_values
from npufit.rewrite.context import Context
from npufit.rewrite.rewrite_pass import Exactness, Pass, Rewritten, Site
from npufit.rewrite.surgery import Editor, add_selection

_BRICK = 16
_MISPLACED = "ethosu.concat-misplaced"


@dataclass(frozen=True)
class JoinAxis(Pass):
    """Writes CONCATENATION and SPLIT in the target's form. On Teflon:

    1. CONCATENATION along the last axis is written with axis 3 in rank 4 and -1 in other ranks: until 26.1 no others
       are accepted.
    2. CONCATENATION with another negative axis is written with the positive one.
    3. SPLIT of the channels becomes 1x1 convolutions that pick them, one per result. Their weights are ones and zeros
       with a scale of 1, so their multiplier is exactly 1. 8 bits and rank 4 only.
    4. SPLIT of the height becomes STRIDED_SLICE, one per result.
    5. A CONCATENATION of channels whose result is kept in bricks of 16, while an input before the last has channels
       that are not a multiple of 16 (hazard ethosu.concat-misplaced), gets one more channel and so leaves the bricks:
       the convolution that produces one of its inputs, and that nothing else reads, adds a channel of zeros, and the
       convolutions that read the result have zero weights for it.

    On other targets, or without a target, only case 2.
    """

    name: ClassVar[str] = "join-axis"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "write CONCATENATION and SPLIT with axes and sizes that the target accepts"
    cures: ClassVar[tuple[str, ...]] = (
        _MISPLACED,
        "ethosu.concat-last-axis",
        "ethosu.concat-axis",
        "etnaviv.concat-axis",
        "etnaviv.split",
    )

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Return `model` with these forms, None if there is nothing to change."""
        editor = Editor(model)
        on_teflon = context.runs_on("teflon")
        refused = context.off_npu() if on_teflon else frozenset[int]()
        sites: list[Site] = []
        for index, operator in enumerate(model.main.operators):
            what = ""
            if not has_operands(operator):
                continue
            if operator.type == "CONCATENATION":
                what = _write_axis(editor, index, for_teflon=index in refused)
            elif operator.type == "SPLIT" and index in refused:
                what = _write_split(editor, index)
            if what:
                sites.append(Site(0, (index,), what))
        if on_teflon:
            for index in context.endangered_by(_MISPLACED):
                what = _leave_bricks(editor, index)
                if what:
                    sites.append(Site(0, (index,), what))
        return Rewritten(editor.finish(), tuple(sites)) if sites else None


def _write_axis(editor: Editor, index: int, *, for_teflon: bool) -> str:
    operator = editor.operator(index)
    options, shape = operator.options, editor.tensor(operator.outputs[0]).shape
    if not isinstance(options, ConcatenationOptions) or not shape:
        return ""
    rank = len(shape)
    axis = options.axis % rank
    written = options.axis
    if for_teflon and axis == rank - 1 and options.axis not in (3, -1):
        written = 3 if rank == 4 else -1  # case 1
    elif options.axis < -1:
        written = axis  # case 2
    if written == options.axis:
        return ""
    editor.replace(index, replace(operator, options=replace(options, axis=written)))
    return f"axis {options.axis} of CONCATENATION is written as {written}"


def _write_split(editor: Editor, index: int) -> str:
    operator = editor.operator(index)
    axes = constant_values(editor.tensor(operator.inputs[0]))
    source = operator.input(1)
    tensor = editor.tensor(source)
    results = [editor.tensor(output) for output in operator.outputs]
    if axes is None or tensor.shape is None or len(tensor.shape) != 4 or len(results) < 2 or tensor.shape[0] != 1:
        return ""
    axis = axes[0] % 4
    size = tensor.shape[axis] // len(results)
    if any(result.shape is None for result in results) or size * len(results) != tensor.shape[axis]:
        return ""
    if axis == 3 and tensor.element.is_8_bit and len(tensor.quantization.scales) == 1:  # case 3
        editor.remove(index)
        for place, output in enumerate(operator.outputs):
            add_selection(editor, source, range(place * size, (place + 1) * size), output, near=index)
        return f"SPLIT of {tensor.shape[3]} channels becomes {len(results)} convolutions that pick them"
    if axis == 1:  # case 4
        editor.remove(index)
        for place, output in enumerate(operator.outputs):
            _add_rows(editor, source, place * size, size, output, near=index)
        return f"SPLIT of {tensor.shape[1]} rows becomes {len(results)} STRIDED_SLICE"
    return ""


def _add_rows(editor: Editor, source: int, first: int, rows: int, result: int, near: int) -> None:
    _, _, width, depth = editor.tensor(source).shape or (1, 1, 1, 1)
    name = editor.tensor(result).name
    values = {"begin": (0, first, 0, 0), "end": (1, first + rows, width, depth), "strides": (1, 1, 1, 1)}
    operands = [editor.add_constant(f"{name}/{role}", np.array(each, np.int32)) for role, each in values.items()]
    editor.add(eight_bit_operator("STRIDED_SLICE", (source, *operands), (result,), StridedSliceOptions()), near)


def _leave_bricks(editor: Editor, index: int) -> str:
    """Give a concatenation one more channel (case 5); return a description, empty if that is impossible."""
    operator = editor.operator(index)
    options, result = operator.options, operator.outputs[0]
    tensor = editor.tensor(result)
    shape = tensor.shape or ()
    if not isinstance(options, ConcatenationOptions) or len(shape) != 4 or options.axis % 4 != 3 or shape[3] % _BRICK:
        return ""
    readers = editor.consumers(result)
    if result in editor.outputs or not all(_can_take_more(editor, reader, result) for reader in readers):
        return ""
    depths = [(editor.tensor(source).shape or (0,))[-1] for source in operator.inputs]
    ends = list(accumulate(depths))
    for place in reversed(range(len(operator.inputs))):
        source = operator.inputs[place]
        producer = editor.producer(source)
        if producer is not None and operator.inputs.count(source) == 1 and _can_make_more(editor, producer, index):
            _widen(editor, producer)
            for reader in readers:
                _insert_zeros(editor, reader, ends[place])
            editor.set_tensor(result, replace(tensor, shape=(*shape[:3], shape[3] + 1), shape_signature=None))
            return (
                f"CONCATENATION of {shape[3]} channels gets one more channel, of zeros, and so leaves the bricks of 16"
            )
    return ""


def _can_take_more(editor: Editor, reader: int, tensor: int) -> bool:
    operator = editor.operator(reader)
    plain = operator.type == "CONV_2D" and operator.inputs[0] == tensor and operator.inputs.count(tensor) == 1
    return plain and _is_plain(editor, operator)


def _can_make_more(editor: Editor, producer: int, reader: int) -> bool:
    operator = editor.operator(producer)
    result = operator.outputs[0]
    alone = editor.consumers(result) == (reader,) and result not in editor.outputs
    return operator.type == "CONV_2D" and alone and len(operator.inputs) == 3 and _is_plain(editor, operator)


def _is_plain(editor: Editor, operator: Operator) -> bool:
    """Return whether weights and bias are constants whose zeros are known."""
    if NO_TENSOR in operator.inputs[:3] or not has_operands(operator):
        return False
    tensors = [editor.tensor(index) for index in operator.inputs[1:3]]
    if any(stored_values(tensor) is None for tensor in tensors):
        return False
    weights, ifm = tensors[0], editor.tensor(operator.inputs[0])
    points = set(weights.quantization.zero_points)
    # Grouped convolutions have weights for fewer channels than the input has.
    whole = (weights.shape or (0,))[-1] == (ifm.shape or (1,))[-1]
    return weights.element.is_8_bit and len(points) <= 1 and whole


def _widen(editor: Editor, index: int) -> None:
    """Give the convolution at `index` one more channel, which is zero everywhere."""
    operator = editor.operator(index)
    weights, bias = (editor.tensor(tensor) for tensor in operator.inputs[1:3])
    values, held = stored_values(weights), stored_values(bias)
    assert values is not None
    assert held is not None
    zeros = np.full((1, *values.shape[1:]), weights.quantization.zero_point, values.dtype)
    new = editor.add_constant(f"{weights.name}/wider", np.concatenate([values, zeros]), _with_one_more(weights))
    more = editor.add_constant(f"{bias.name}/wider", np.append(held, held.dtype.type(0)), _with_one_more(bias))
    editor.replace(index, replace(operator, inputs=(operator.inputs[0], new, more)))
    result = editor.tensor(operator.outputs[0])
    shape = result.shape or (0,)
    editor.set_tensor(operator.outputs[0], replace(result, shape=(*shape[:-1], shape[-1] + 1), shape_signature=None))


def _with_one_more(tensor: Tensor) -> Quantization:
    old = tensor.quantization
    if len(old.scales) <= 1:
        return replace(old, minimum=(), maximum=())
    points = old.zero_points or (0,) * len(old.scales)
    one_more = points if len(points) == 1 else (*points, points[-1])
    return replace(old, scales=(*old.scales, old.scales[-1]), zero_points=one_more, minimum=(), maximum=())


def _insert_zeros(editor: Editor, index: int, place: int) -> None:
    """Let the convolution at `index` ignore the channel at `place` of its input."""
    operator = editor.operator(index)
    weights = editor.tensor(operator.inputs[1])
    values = stored_values(weights)
    assert values is not None
    grown = np.insert(values, place, weights.quantization.zero_point, axis=3)
    new = editor.add_constant(f"{weights.name}/wider", grown, weights.quantization)
    editor.replace(index, replace(operator, inputs=(operator.inputs[0], new, *operator.inputs[2:])))
