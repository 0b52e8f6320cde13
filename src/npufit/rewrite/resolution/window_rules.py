"""What a new input size means for operators that slide a window over a map or resize it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from npufit.graph import (
    NO_TENSOR,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Padding,
    Pool2DOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    TransposeConvOptions,
    constant_values,
)
from npufit.rewrite.resolution.walk import ResizeWalk, Rule, Shape


def _convolution(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    ifm, weights = operator.inputs[:2]
    if walk.changes(weights) or len(walk.old(ifm)) != 4 or not walk.is_fixed(ifm, 3):
        walk.fail(index, "the new size would change the channels that its weights are made for")
    return False


def _pool(walk: ResizeWalk, index: int) -> bool:
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


def _pad(walk: ResizeWalk, index: int) -> bool:
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


def _pads_by_parity(walk: ResizeWalk) -> bool:
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


def _strided_window(walk: ResizeWalk, padded: int) -> tuple[int, int] | None:
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


def _transpose_convolution(walk: ResizeWalk, index: int) -> bool:
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


def _resize(walk: ResizeWalk, index: int) -> bool:
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


def _maps_before(walk: ResizeWalk, index: int) -> list[int]:
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


WINDOW_RULES: Mapping[str, Rule] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
    "L2_POOL_2D": _pool,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "TRANSPOSE_CONV": _transpose_convolution,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
}
