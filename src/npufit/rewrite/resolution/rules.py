"""What a new input size means for each operator: dependent constants, and where it is impossible.

A rule sees an operator with a changed operand, before the shapes of its outputs are inferred. It changes options and
constants, refuses with an error, or sets the outputs itself and returns True.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npufit.formatting import shorten
from npufit.graph import (
    CUSTOM,
    NO_TENSOR,
    BatchMatMulOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    GatherOptions,
    OtherOptions,
    Padding,
    Pool2DOptions,
    ReshapeOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    Role,
    StridedSliceOptions,
    TransposeConvOptions,
    constant_values,
    operator_type,
)
from npufit.rewrite.resolution.dimensions import Factor, is_fixed, new_size, reshape
from npufit.rewrite.resolution.walk import Shape, Walk

Rule = Callable[[Walk, int], bool]
_RULES: dict[str, Rule] = {}

_MULTIPLE = "Sizes that are a multiple of 32 suit most networks"


def rule_of(kind: str) -> Rule | None:
    """Return the rule for operators of a type, None if their shapes are enough."""
    return _RULES.get(kind)


def _rule(*kinds: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        _RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


@_rule("CONV_2D", "DEPTHWISE_CONV_2D")
def _convolution(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    ifm, weights = operator.inputs[:2]
    if walk.changes(weights) or len(walk.old(ifm)) != 4 or not walk.is_fixed(ifm, 3):
        walk.fail(index, "the new size would change the channels that its weights are made for")
    return False


@_rule("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
def _pool(walk: Walk, index: int) -> bool:
    """A window over the whole map keeps covering it."""
    operator = walk.operators[index]
    options = operator.options
    old, new = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    if not isinstance(options, Pool2DOptions) or len(old) != 4 or options.padding is not Padding.VALID:
        return False
    if (options.filter_height, options.filter_width) == old[1:3] and old[1:3] != (1, 1):
        strides = [
            new[axis] if stride == old[axis] else stride
            for axis, stride in ((1, options.stride_h), (2, options.stride_w))
        ]
        walk.operators[index] = replace(
            operator,
            options=replace(
                options, filter_height=new[1], filter_width=new[2], stride_h=strides[0], stride_w=strides[1]
            ),
        )
        walk.notes.append(
            f"operator {index} ({operator.type}) covers the whole map: its window of {old[1]}x{old[2]} becomes "
            f"{new[1]}x{new[2]}"
        )
    return False


@_rule("PAD", "PADV2", "MIRROR_PAD")
def _pad(walk: Walk, index: int) -> bool:
    """Keras pads a window with stride 2 by its size's parity: (0, 1) on even sizes and (1, 1) on odd ones for 3x3."""
    operator = walk.operators[index]
    old, new = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    amounts = walk.constant(index, 1)
    if amounts is None:
        walk.fail(index, "its paddings are not constant")
    if len(old) != 4 or len(amounts) != 8:
        return False
    kernel = _strided_window(walk, operator.outputs[0])
    if kernel is None or not _is_keras_pad(old, kernel, amounts) or not _pads_by_parity(walk):
        return False
    rows, columns = (_keras_pad(size, side) for size, side in zip(new[1:3], kernel, strict=True))
    changed = (*amounts[:2], *rows, *columns, *amounts[6:])
    if changed != amounts:
        walk.set_constant(index, 1, changed)
        walk.notes.append(f"operator {index} ({operator.type}) pads by {rows}, {columns}, as Keras does at this size")
    return False


def _keras_pad(size: int, kernel: int) -> tuple[int, int]:
    return kernel // 2 - (1 - size % 2), kernel // 2


def _is_keras_pad(shape: Shape, kernel: tuple[int, int], amounts: Shape) -> bool:
    pairs = zip(shape[1:3], kernel, (amounts[2:4], amounts[4:6]), strict=True)
    return all(_keras_pad(size, side) == found for size, side, found in pairs)


def _pads_by_parity(walk: Walk) -> bool:
    """Return whether the network is one of Keras' that do this: ResNets and PyTorch pad both sides equally at any size.

    On odd sizes both look alike, so an even size is needed to distinguish them.
    """
    for operator in walk.graph.operators:
        if operator.type != "PAD":
            continue
        shape, amounts = walk.old(operator.inputs[0]), constant_values(walk.graph.tensors[operator.inputs[1]])
        kernel = _strided_window(walk, operator.outputs[0])
        if kernel is None or amounts is None or len(amounts) != 8 or len(shape) != 4:
            continue
        if any(size % 2 == 0 for size in shape[1:3]) and _is_keras_pad(shape, kernel, amounts):
            return True
    return False


def _strided_window(walk: Walk, padded: int) -> tuple[int, int] | None:
    """Return the kernel of the only reader of `padded`, if it is a VALID convolution with stride 2."""
    readers = [operator for operator in walk.operators if padded in operator.inputs]
    if len(readers) != 1:
        return None
    options = readers[0].options
    if not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)) or options.padding is not Padding.VALID:
        return None
    weights = walk.old(readers[0].inputs[1])
    if (options.stride_h, options.stride_w) != (2, 2) or len(weights) != 4 or min(weights[1:3]) < 2:
        return None
    return weights[1], weights[2]


@_rule("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def _resize(walk: Walk, index: int) -> bool:
    """The size to resize to: that of the corresponding earlier map, otherwise the same factor as before."""
    operator = walk.operators[index]
    options = operator.options
    aligned = isinstance(options, (ResizeBilinearOptions, ResizeNearestNeighborOptions)) and options.align_corners
    old, new = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    out = walk.old(operator.outputs[0])
    if len(old) != 4 or len(out) != 4:
        walk.fail(index, "its map has unknown rows and columns")
    wanted: Shape | None = None
    for known in _maps_before(walk, index):
        if walk.old(known)[1:3] == out[1:3]:
            wanted = walk.new(known)[1:3]
            break
    if wanted is None:
        sides = [_by_factor(*side, aligned=aligned) for side in zip(old[1:3], new[1:3], out[1:3], strict=True)]
        if sides[0] is None or sides[1] is None:
            walk.fail(index, f"nothing shows what its size of {out[1]}x{out[2]} depends on")
        wanted = sides[0], sides[1]
    walk.require(index, 1, wanted)
    walk.set_new_shape(index, operator.outputs[0], (new[0], *wanted, new[3]))
    return True


def _maps_before(walk: Walk, index: int) -> list[int]:
    """Return the maps that the operator at `index` depends on, the nearest first, and then the other earlier ones."""
    writers = {tensor: at for at in range(index) for tensor in walk.operators[at].outputs}
    waiting, found = [walk.operators[index].inputs[0]], dict[int, None]()
    while waiting:
        tensor = waiting.pop(0)
        if tensor not in found:
            found[tensor] = None
            if tensor in writers:
                waiting += [one for one in walk.operators[writers[tensor]].inputs if one != NO_TENSOR]
    found |= dict.fromkeys(tensor for at in reversed(range(index)) for tensor in walk.operators[at].outputs)
    return [tensor for tensor in found if len(walk.old(tensor)) == 4 and not walk.tensors[tensor].is_constant]


def _by_factor(old: int, new: int, out: int, *, aligned: bool) -> int | None:
    edge = 1 if aligned and min(old, out) > 1 else 0
    inside, outside = old - edge, out - edge
    scaled = (new - edge) * outside
    return scaled // inside + edge if scaled % inside == 0 else None


@_rule("RESHAPE")
def _reshape(walk: Walk, index: int) -> bool:
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


@_rule("FULLY_CONNECTED")
def _fully_connected(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    ifm, weights = operator.inputs[:2]
    sizes, depth = walk.sizes(ifm), (walk.old(weights) or (0,))[-1]
    flat, taken = 1, 0
    while flat < depth and taken < len(sizes):
        taken += 1
        flat *= walk.old(ifm)[-taken]
    if flat != depth or walk.changes(weights) or not all(map(is_fixed, sizes[len(sizes) - taken :])):
        walk.fail(
            index,
            f"its weights are made for {depth} values, a flattened map of the old size; {list(walk.new(ifm))} would "
            "arrive",
            "Only the training code can give this network another input size",
        )
    return False


@_rule("BATCH_MATMUL")
def _batch_matmul(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    first, second = (walk.new(tensor) for tensor in operator.inputs[:2])
    if not isinstance(options, BatchMatMulOptions) or min(len(first), len(second)) < 2:
        return False
    if first[-2 if options.adj_x else -1] != second[-1 if options.adj_y else -2]:
        walk.fail(index, f"it multiplies {list(first)} by {list(second)}, which were made for the old size")
    return False


@_rule("CONCATENATION")
def _concatenation(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    shapes = [walk.new(tensor) for tensor in operator.inputs]
    if not isinstance(options, ConcatenationOptions) or not shapes[0]:
        return False
    axis = options.axis % len(shapes[0])
    rests = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    if len(rests) > 1:
        _meet(walk, index)
    return False


@_rule("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "PRELU")
def _broadcast(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    rank = len(walk.old(operator.outputs[0]))
    shapes = [(1,) * (rank - len(walk.new(one))) + walk.new(one) for one in operator.inputs]
    constant = [tensor for tensor in operator.inputs if walk.tensors[tensor].is_constant]
    for axis in range(rank):
        sizes = {shape[axis] for shape in shapes}
        fixed = [walk.old(one)[axis - rank] for one in constant if len(walk.old(one)) >= rank - axis]
        moved = any(
            len(walk.old(one)) >= rank - axis and not walk.is_fixed(one, axis - rank) for one in operator.inputs
        )
        if moved and any(size > 1 for size in fixed):
            values = next(one for one in constant if max(walk.old(one), default=1) > 1)
            name, shape = shorten(walk.tensors[values].name), list(walk.old(values))
            walk.fail(
                index,
                f"its constant '{name}' of {shape} has a value for each position of the old size (anchors, a grid or "
                "a position embedding)",
                "Export the model at the new size, or cut this part off first",
            )
        if len(sizes - {1}) > 1:
            _meet(walk, index)
    return False


def _meet(walk: Walk, index: int) -> None:
    shapes = " and ".join(str(list(walk.new(tensor))) for tensor in walk.operators[index].inputs)
    walk.fail(index, f"{shapes} would meet, which do not match", _MULTIPLE)


@_rule("SLICE")
def _slice(walk: Walk, index: int) -> bool:
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


@_rule("STRIDED_SLICE")
def _strided_slice(walk: Walk, index: int) -> bool:
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


@_rule("GATHER")
def _gather(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    axis = options.axis if isinstance(options, GatherOptions) else 0
    if operator.inputs[0] not in walk.values and not walk.is_fixed(operator.inputs[0], axis):
        walk.fail(index, "it picks positions of the old size")
    return False


@_rule("TRANSPOSE_CONV")
def _transpose_convolution(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    options, ifm, output = operator.options, operator.input(2), operator.outputs[0]
    if not isinstance(options, TransposeConvOptions) or ifm == NO_TENSOR:
        walk.fail(index, "npufit does not understand its operands")
    old, new, out = walk.old(ifm), walk.new(ifm), walk.old(output)
    if len(old) != 4 or len(out) != 4:
        walk.fail(index, "its maps have unknown rows and columns")
    strides = options.stride_h, options.stride_w
    rows, columns = (out[axis] + (new[axis] - old[axis]) * strides[axis - 1] for axis in (1, 2))
    shape = new[0], rows, columns, out[3]
    walk.require(index, 0, shape)
    walk.set_new_shape(index, output, shape)
    return True


@_rule("TRANSPOSE")
def _transpose(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    order, sizes = walk.constant(index, 1), walk.sizes(operator.inputs[0])
    if order is None or sorted(order) != list(range(len(sizes))):
        walk.fail(index, "its order is not constant")
    walk.set_shape(operator.outputs[0], tuple(sizes[axis] for axis in order))
    return True


@_rule("SQUEEZE")
def _squeeze(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    sizes = reshape(walk.sizes(operator.inputs[0]), walk.old(operator.outputs[0]))
    if sizes is None:
        walk.fail(index, f"a dimension that it drops becomes larger than 1: {list(walk.new(operator.inputs[0]))}")
    walk.set_shape(operator.outputs[0], sizes)
    return True


@_rule("SPLIT", "SPLIT_V")
def _split(walk: Walk, index: int) -> bool:
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


@_rule("DEPTH_TO_SPACE", "SPACE_TO_DEPTH")
def _blocks(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    block = dict(options.fields).get("block_size") if isinstance(options, OtherOptions) else None
    shape, out = walk.new(operator.inputs[0]), walk.old(operator.outputs[0])
    if not isinstance(block, int) or block < 1 or len(shape) != 4:
        walk.fail(index, "npufit does not understand its block size")
    if operator.type == "SPACE_TO_DEPTH" and (shape[1] % block or shape[2] % block):
        walk.fail(index, f"{shape[1]}x{shape[2]} is not a multiple of its blocks of {block}", _MULTIPLE)
    rows, columns = (
        size * block if operator.type == "DEPTH_TO_SPACE" else size // block for size in (shape[1], shape[2])
    )
    walk.set_new_shape(index, operator.outputs[0], (shape[0], rows, columns, out[3]))
    return True


@_rule("SHAPE")
def _shape(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    walk.values[operator.outputs[0]] = walk.old(operator.inputs[0]), walk.new(operator.inputs[0])
    walk.set_shape(operator.outputs[0], walk.sizes(operator.outputs[0]))
    return True


@_rule(CUSTOM)
def _custom(walk: Walk, index: int) -> bool:
    operator = walk.operators[index]
    if operator.custom_code == "TFLite_Detection_PostProcess":
        anchors = walk.old(operator.input(2)) if operator.input(2) != NO_TENSOR else ()
        walk.fail(
            index,
            f"its {(anchors or (0,))[0]} anchors are those of the old size; {_boxes(walk, index)} boxes would arrive",
            "Cut the post-processing off first (npufit fit, pass cut), or export the model at the new size",
        )
    walk.fail(index, "npufit does not know how a custom operator depends on the size of its input")


def _boxes(walk: Walk, index: int) -> int:
    shape = walk.new(walk.operators[index].inputs[0])
    return shape[1] if len(shape) > 1 else 0


def known_values(walk: Walk, index: int) -> None:
    """Follow small integers, from which shapes are computed, through the operator at `index`."""
    operator = walk.operators[index]
    if not operator.outputs or not any(tensor in walk.values for tensor in operator.inputs):
        return
    pairs = [_value(walk, tensor) for tensor in operator.inputs]
    compute = _VALUES.get(operator.type)
    if compute is None:
        return
    sides: list[Shape] = []
    for side in (0, 1):
        operands = [None if pair is None else pair[side] for pair in pairs]
        result = compute(walk, index, operands)
        if result is None:
            return
        sides.append(result)
    walk.values[operator.outputs[0]] = sides[0], sides[1]


def _value(walk: Walk, tensor: int) -> tuple[Shape, Shape] | None:
    if tensor == NO_TENSOR:
        return None
    known = walk.values.get(tensor)
    if known is not None:
        return known
    constant = constant_values(walk.tensors[tensor])
    return None if constant is None else (constant, constant)


_Compute = Callable[[Walk, int, list[Shape | None]], Shape | None]


def _take(walk: Walk, index: int, operands: list[Shape | None]) -> Shape | None:
    options = walk.operators[index].options
    values, begin, end, strides = operands
    if values is None or begin is None or end is None or strides is None or len(begin) != 1:
        return None
    if not isinstance(options, StridedSliceOptions):
        return None
    if options.shrink_axis_mask:
        return (values[begin[0]],)
    first, last = (None if options.begin_mask else begin[0]), (None if options.end_mask else end[0])
    return values[first : last : strides[0]]


def _together(walk: Walk, index: int, operands: list[Shape | None]) -> Shape | None:
    if any(operand is None for operand in operands):
        return None
    return tuple(value for operand in operands for value in operand or ())


def _same(walk: Walk, index: int, operands: list[Shape | None]) -> Shape | None:
    return operands[0]


def _product(walk: Walk, index: int, operands: list[Shape | None]) -> Shape | None:
    first, second = operands
    if first is None or second is None:
        return None
    count = max(len(first), len(second))
    if {len(first), len(second)} - {1, count}:
        return None
    first, second = (one * count if len(one) == 1 else one for one in (first, second))
    return tuple(a * b for a, b in zip(first, second, strict=True))


_VALUES: dict[str, _Compute] = {
    "STRIDED_SLICE": _take,
    "PACK": _together,
    "CONCATENATION": _together,
    "CAST": _same,
    "RESHAPE": _same,
    "SQUEEZE": _same,
    "MUL": _product,
}
