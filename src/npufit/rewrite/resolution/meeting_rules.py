"""What a new size means for operators with operands that may change differently: weights, constants, other branches."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.formatting import shorten
from npufit.graph import (
    CUSTOM,
    NO_TENSOR,
    BatchMatMulOptions,
    ConcatenationOptions,
)
from npufit.rewrite.resolution.dimensions import is_fixed
from npufit.rewrite.resolution.walk import MULTIPLE_SUITS, ResizeWalk, Rule


def _fully_connected(walk: ResizeWalk, index: int) -> bool:
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


def _batch_matmul(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    options = operator.options
    first, second = (walk.new(tensor) for tensor in operator.inputs[:2])
    if not isinstance(options, BatchMatMulOptions) or min(len(first), len(second)) < 2:
        return False
    if first[-2 if options.adj_x else -1] != second[-1 if options.adj_y else -2]:
        walk.fail(index, f"it multiplies {list(first)} by {list(second)}, which were made for the old size")
    return False


def _concatenation(walk: ResizeWalk, index: int) -> bool:
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


def _broadcast(walk: ResizeWalk, index: int) -> bool:
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


def _meet(walk: ResizeWalk, index: int) -> None:
    shapes = " and ".join(str(list(walk.new(tensor))) for tensor in walk.operators[index].inputs)
    walk.fail(index, f"{shapes} would meet, which do not match", MULTIPLE_SUITS)


def _custom(walk: ResizeWalk, index: int) -> bool:
    operator = walk.operators[index]
    if operator.custom_code == "TFLite_Detection_PostProcess":
        anchors = walk.old(operator.input(2)) if operator.input(2) != NO_TENSOR else ()
        walk.fail(
            index,
            f"its {(anchors or (0,))[0]} anchors are those of the old size; {_boxes(walk, index)} boxes would arrive",
            "Cut the post-processing off first (npufit fit, pass cut), or export the model at the new size",
        )
    walk.fail(index, "npufit does not know how a custom operator depends on the size of its input")


def _boxes(walk: ResizeWalk, index: int) -> int:
    shape = walk.new(walk.operators[index].inputs[0])
    return shape[1] if len(shape) > 1 else 0


MEETING_RULES: Mapping[str, Rule] = {
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "CONCATENATION": _concatenation,
    "ADD": _broadcast,
    "SUB": _broadcast,
    "MUL": _broadcast,
    "DIV": _broadcast,
    "MAXIMUM": _broadcast,
    "MINIMUM": _broadcast,
    "SQUARED_DIFFERENCE": _broadcast,
    "POW": _broadcast,
    "PRELU": _broadcast,
    CUSTOM: _custom,
}
