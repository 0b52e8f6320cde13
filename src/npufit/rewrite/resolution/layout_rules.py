"""What a new input size means for operators that rearrange elements or select some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npufit.graph import (
    NO_TENSOR,
    GatherOptions,
    OtherOptions,
    ReshapeOptions,
    Role,
    StridedSliceOptions,
    operator_type,
)
from npufit.rewrite.resolution.dimensions import Factor, is_fixed, new_size, reshape
from npufit.rewrite.resolution.walk import MULTIPLE_SUITS, ResizeWalk, Rule


def _reshape(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    output = operator.outputs[0]
    sizes = reshape(walk.sizes(operator.inputs[0]), walk.old(output))
    if sizes is None:
        old, out, new = walk.old(operator.inputs[0]), walk.old(output), walk.new(operator.inputs[0])
        walk.fail(
            index, f"nothing shows what {list(out)}, made from {list(old)}, becomes when that becomes {list(new)}"
        )
    shape = tuple(map(new_size, sizes))
    if operator.input(1) != NO_TENSOR:
        walk.require(index, 1, shape)
    options = walk.operators[index].options
    if isinstance(options, ReshapeOptions) and options.new_shape is not None and len(options.new_shape) == len(shape):
        kept = tuple(-1 if one < 0 else now for one, now in zip(options.new_shape, shape, strict=True))
        walk.operators[index] = replace(walk.operators[index], options=ReshapeOptions(kept))
    walk.set_shape(output, sizes)
    return True


def _squeeze(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    sizes = reshape(walk.sizes(operator.inputs[0]), walk.old(operator.outputs[0]))
    if sizes is None:
        walk.fail(index, f"a dimension that it drops becomes larger than 1: {list(walk.new(operator.inputs[0]))}")
    walk.set_shape(operator.outputs[0], sizes)
    return True


def _transpose(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    order, sizes = walk.constant(index, 1), walk.sizes(operator.inputs[0])
    if order is None or sorted(order) != list(range(len(sizes))):
        walk.fail(index, "its order is not constant")
    walk.set_shape(operator.outputs[0], tuple(sizes[axis] for axis in order))
    return True


def _split(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    row = operator_type(operator)
    source, axes = operator.inputs[row.data], walk.constant(index, row.operands.index(Role.SPLIT_AXIS))
    if axes is None or len(axes) != 1:
        walk.fail(index, "its axis is not constant")
    sizes = walk.sizes(source)
    axis = axes[0] % len(sizes)
    for output in operator.outputs:
        old = walk.old(output)[axis]
        whole = walk.old(source)[axis]
        share = sizes[axis] if is_fixed(sizes[axis]) else ()
        if share:
            part: tuple[Factor, ...] = (Factor(old, old),)
        elif operator.type == "SPLIT" and new_size(sizes[axis]) * old % whole == 0:
            part = (Factor(old, new_size(sizes[axis]) * old // whole),)
        else:
            walk.fail(index, "it splits along a dimension that changes")
        walk.set_shape(output, (*sizes[:axis], part, *sizes[axis + 1 :]))
    return True


def _blocks(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    block = dict(options.fields).get("block_size") if isinstance(options, OtherOptions) else None
    shape, out = walk.new(operator.inputs[0]), walk.old(operator.outputs[0])
    if not isinstance(block, int) or block < 1 or len(shape) != 4:
        walk.fail(index, "npufit does not understand its block size")
    if operator.type == "SPACE_TO_DEPTH" and (shape[1] % block or shape[2] % block):
        walk.fail(index, f"{shape[1]}x{shape[2]} is not a multiple of its blocks of {block}", MULTIPLE_SUITS)
    rows, columns = (
        size * block if operator.type == "DEPTH_TO_SPACE" else size // block for size in (shape[1], shape[2])
    )
    walk.set_new_shape(index, operator.outputs[0], (shape[0], rows, columns, out[3]))
    return True


def _slice(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    old, new = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    begin, sizes = walk.constant(index, 1), walk.constant(index, 2)
    if begin is None or sizes is None or len(begin) != len(old) or len(sizes) != len(old):
        walk.fail(index, "its bounds are not constant")
    changed = list(sizes)
    for axis, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after or sizes[axis] == -1:
            continue
        if begin[axis] + sizes[axis] != before:
            walk.fail(index, f"it takes {sizes[axis]} of {before} positions; nothing shows how many of {after}")
        changed[axis] = after - begin[axis]
    walk.set_constant(index, 2, changed)
    return False


def _strided_slice(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    old, new = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    if operator.inputs[0] in walk.values:
        return False
    bounds = [walk.constant(index, position) for position in (1, 2, 3)]
    begin, end, strides = bounds
    if begin is None or end is None or strides is None or not isinstance(options, StridedSliceOptions):
        walk.fail(index, "its bounds are not constant")
    if options.ellipsis_mask or options.new_axis_mask or options.offset:
        walk.fail(index, "it uses a mask (ellipsis, new axis) that npufit does not follow")
    changed = list(end)
    for axis, (before, after) in enumerate(zip(old[: len(end)], new[: len(end)], strict=True)):
        if before == after or options.end_mask >> axis & 1 or end[axis] < 0:
            continue
        if options.shrink_axis_mask >> axis & 1 or end[axis] < before or strides[axis] < 0:
            walk.fail(index, f"it takes positions up to {end[axis]} of {before}; nothing shows which of {after}")
        changed[axis] = after
    walk.set_constant(index, 2, changed)
    return False


def _gather(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    axis = options.axis if isinstance(options, GatherOptions) else 0
    if operator.inputs[0] not in walk.values and not walk.is_fixed(operator.inputs[0], axis):
        walk.fail(index, "it picks positions of the old size")
    return False


def _shape(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    walk.values[operator.outputs[0]] = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    walk.set_shape(operator.outputs[0], walk.sizes(operator.outputs[0]))
    return True


LAYOUT_RULES: Mapping[str, Rule] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _squeeze,
    "TRANSPOSE": _transpose,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "DEPTH_TO_SPACE": _blocks,
    "SPACE_TO_DEPTH": _blocks,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "GATHER": _gather,
    "SHAPE": _shape,
}
