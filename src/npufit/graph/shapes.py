"""Output shapes of operators, for files that store none and for networks that are being built.

A rule covers one operator type and is registered with it. Where no rule applies the shape stays unknown (None).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from npufit.graph.model import NO_TENSOR, Operator, Subgraph
from npufit.graph.options import (
    BatchMatMulOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    GatherOptions,
    OtherOptions,
    PackOptions,
    Padding,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    UnpackOptions,
)
from npufit.graph.tensor import Tensor
from npufit.graph.validation import shape_problem
from npufit.graph.values import constant_values

Shape = tuple[int, ...]
_Rule = Callable[[Operator, tuple[Tensor | None, ...]], Shape | None]
_RULES: dict[str, _Rule] = {}


def _shape_of(*types: str) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        _RULES.update(dict.fromkeys(types, rule))
        return rule

    return register


def infer_shapes(subgraph: Subgraph) -> Subgraph:
    """Return `subgraph` with the missing shapes of activations filled in, as far as the rules reach.

    A tensor lacks its shape where it is None, or where it is empty although an operator's rule gives it dimensions
    (files of some converters store an empty shape without `has_rank`).
    """
    tensors = list(subgraph.tensors)
    changed = False
    for operator in subgraph.operators:
        lacking = [index for index in operator.outputs if index != NO_TENSOR and _lacks_shape(tensors[index])]
        rule = _RULES.get(operator.type)
        if not lacking or rule is None:
            continue
        inputs = tuple(None if index == NO_TENSOR else tensors[index] for index in operator.inputs)
        shape = rule(operator, inputs)
        if shape is None or shape_problem(shape):
            continue
        for index in lacking:
            tensors[index] = replace(tensors[index], shape=shape)
            changed = True
    return replace(subgraph, tensors=tuple(tensors)) if changed else subgraph


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return the padding (before, after) that TFLite's SAME adds along one axis; the odd one goes behind."""
    span = (kernel - 1) * dilation + 1
    stride = max(1, stride)
    output = -(-size // stride)
    total = max(0, (output - 1) * stride + span - size)
    return total // 2, total - total // 2


def _lacks_shape(tensor: Tensor) -> bool:
    return tensor.shape is None or (tensor.shape == () and not tensor.has_rank and not tensor.is_constant)


def _known(tensor: Tensor | None) -> Shape | None:
    return None if tensor is None or _lacks_shape(tensor) else tensor.shape


def _window(size: int, kernel: int, stride: int, dilation: int, padding: Padding) -> int:
    stride = max(1, stride)
    if padding is Padding.SAME:
        return -(-size // stride)
    return max(0, (size - ((kernel - 1) * dilation + 1)) // stride + 1)


def _constant(inputs: tuple[Tensor | None, ...], position: int) -> tuple[int, ...] | None:
    """Return the values of the input at `position`; None where it is left out or no small constant."""
    tensor = inputs[position] if position < len(inputs) else None
    return None if tensor is None else constant_values(tensor)


def _broadcast_shapes(first: Shape, second: Shape) -> Shape | None:
    rank = max(len(first), len(second))
    pairs = list(zip((1,) * (rank - len(first)) + first, (1,) * (rank - len(second)) + second, strict=True))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        return None
    return tuple(b if a == 1 else a for a, b in pairs)


@_shape_of("CONV_2D", "DEPTHWISE_CONV_2D")
def _convolution(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    options = operator.options
    if not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)) or len(inputs) < 2:
        return None
    ifm, weights = _known(inputs[0]), _known(inputs[1])
    if ifm is None or weights is None or len(ifm) != 4 or len(weights) != 4:
        return None
    height = _window(ifm[1], weights[1], options.stride_h, options.dilation_h_factor, options.padding)
    width = _window(ifm[2], weights[2], options.stride_w, options.dilation_w_factor, options.padding)
    return ifm[0], height, width, weights[3 if operator.type == "DEPTHWISE_CONV_2D" else 0]


@_shape_of("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
def _pool(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    options = operator.options
    ifm = _known(inputs[0]) if inputs else None
    if not isinstance(options, Pool2DOptions) or ifm is None or len(ifm) != 4:
        return None
    height = _window(ifm[1], options.filter_height, options.stride_h, 1, options.padding)
    width = _window(ifm[2], options.filter_width, options.stride_w, 1, options.padding)
    return ifm[0], height, width, ifm[3]


@_shape_of("FULLY_CONNECTED")
def _fully_connected(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm, weights = (_known(inputs[0]), _known(inputs[1])) if len(inputs) > 1 else (None, None)
    if ifm is None or weights is None or len(weights) != 2 or not weights[1]:
        return None
    if isinstance(operator.options, FullyConnectedOptions) and operator.options.keep_num_dims:
        return (*ifm[:-1], weights[0])
    return prod(ifm) // weights[1], weights[0]


@_shape_of("SVDF")
def _svdf(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm, filters = (_known(inputs[0]), _known(inputs[1])) if len(inputs) > 1 else (None, None)
    rank = dict(operator.options.fields).get("rank") if isinstance(operator.options, OtherOptions) else None
    if not ifm or not filters or not isinstance(rank, int) or rank < 1:
        return None
    return ifm[0], filters[0] // rank


@_shape_of("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW")
def _broadcast(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    first, second = (_known(inputs[0]), _known(inputs[1])) if len(inputs) == 2 else (None, None)
    return None if first is None or second is None else _broadcast_shapes(first, second)


@_shape_of(
    "RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "PRELU", "LOGISTIC", "TANH", "HARD_SWISH", "ELU", "GELU",
    "ABS", "EXP", "LOG", "SQRT", "RSQRT", "SQUARE", "NEG", "FLOOR", "CEIL", "ROUND", "SIN", "COS",
    "SOFTMAX", "LOG_SOFTMAX", "QUANTIZE", "DEQUANTIZE", "CAST", "L2_NORMALIZATION",
)  # fmt: skip
def _unchanged(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    return _known(inputs[0]) if inputs else None


@_shape_of("CONCATENATION")
def _concatenation(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    shapes = [shape for shape in map(_known, inputs) if shape is not None]
    if not isinstance(operator.options, ConcatenationOptions) or len(shapes) != len(inputs) or not shapes:
        return None
    rank = len(shapes[0])
    axis = operator.options.axis + (rank if operator.options.axis < 0 else 0)
    if not 0 <= axis < rank or any(len(shape) != rank for shape in shapes):
        return None
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


@_shape_of("PAD", "PADV2", "MIRROR_PAD")
def _pad(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    amounts = _constant(inputs, 1)
    if ifm is None or amounts is None or len(amounts) != 2 * len(ifm):
        return None
    return tuple(size + amounts[2 * axis] + amounts[2 * axis + 1] for axis, size in enumerate(ifm))


@_shape_of("RESHAPE")
def _reshape(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    wanted = _constant(inputs, 1)
    if wanted is None and isinstance(operator.options, ReshapeOptions):
        wanted = operator.options.new_shape
    if ifm is None or wanted is None or sum(size < 0 for size in wanted) > 1:
        return None
    known = prod(size for size in wanted if size >= 0)
    if any(size < 0 for size in wanted) and known == 0:
        return None
    return tuple(prod(ifm) // known if size < 0 else size for size in wanted)


@_shape_of("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")
def _reduce(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    axes = _constant(inputs, 1)
    if ifm is None or axes is None:
        return None
    reduced = {axis + len(ifm) if axis < 0 else axis for axis in axes}
    if isinstance(operator.options, ReducerOptions) and operator.options.keep_dims:
        return tuple(1 if axis in reduced else size for axis, size in enumerate(ifm))
    return tuple(size for axis, size in enumerate(ifm) if axis not in reduced)


@_shape_of("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def _resize(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    size = _constant(inputs, 1)
    if ifm is None or len(ifm) != 4 or size is None or len(size) != 2:
        return None
    return ifm[0], size[0], size[1], ifm[3]


@_shape_of("TRANSPOSE")
def _transpose(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    order = _constant(inputs, 1)
    if ifm is None or order is None or sorted(order) != list(range(len(ifm))):
        return None
    return tuple(ifm[axis] for axis in order)


@_shape_of("TRANSPOSE_CONV")
def _transpose_convolution(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    return _constant(inputs, 0)


@_shape_of("BATCH_MATMUL")
def _batch_matmul(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    options = operator.options
    first, second = (_known(inputs[0]), _known(inputs[1])) if len(inputs) == 2 else (None, None)
    if first is None or second is None or min(len(first), len(second)) < 2:
        return None
    if not isinstance(options, BatchMatMulOptions):
        return None
    batch = _broadcast_shapes(first[:-2], second[:-2])
    rows, columns = first[-1 if options.adj_x else -2], second[-2 if options.adj_y else -1]
    return None if batch is None else (*batch, rows, columns)


@_shape_of("SHAPE")
def _rank(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    return None if ifm is None else (len(ifm),)


@_shape_of("ARG_MAX", "ARG_MIN")
def _arg_extreme(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm, axes = _known(inputs[0]) if inputs else None, _constant(inputs, 1)
    if not ifm or axes is None or len(axes) != 1 or not -len(ifm) <= axes[0] < len(ifm):
        return None
    axis = axes[0] % len(ifm)
    return (*ifm[:axis], *ifm[axis + 1 :])


@_shape_of("SLICE")
def _slice(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm, begin, sizes = _known(inputs[0]) if inputs else None, _constant(inputs, 1), _constant(inputs, 2)
    if ifm is None or begin is None or sizes is None or not len(ifm) == len(begin) == len(sizes):
        return None
    return tuple(whole - first if size == -1 else size for whole, first, size in zip(ifm, begin, sizes, strict=True))


@_shape_of("STRIDED_SLICE")
def _strided_slice(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    options = operator.options
    ifm = _known(inputs[0]) if inputs else None
    begin, end, strides = _constant(inputs, 1), _constant(inputs, 2), _constant(inputs, 3)
    if ifm is None or begin is None or end is None or strides is None or not isinstance(options, StridedSliceOptions):
        return None
    if not len(begin) == len(end) == len(strides) <= len(ifm) or 0 in strides:
        return None
    if options.ellipsis_mask or options.new_axis_mask or options.offset:
        return None
    shape: list[int] = []
    for axis, size in enumerate(ifm[: len(begin)]):
        first = None if options.begin_mask >> axis & 1 else begin[axis]
        last = None if options.end_mask >> axis & 1 else end[axis]
        if not options.shrink_axis_mask >> axis & 1:
            shape.append(len(range(*slice(first, last, strides[axis]).indices(size))))
    return (*shape, *ifm[len(begin) :])


@_shape_of("SPLIT")
def _split(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    options = operator.options
    ifm, axes = _known(inputs[1]) if len(inputs) == 2 else None, _constant(inputs, 0)
    if not ifm or axes is None or len(axes) != 1 or not isinstance(options, SplitOptions):
        return None
    axis = axes[0] % len(ifm)
    if options.num_splits < 1 or ifm[axis] % options.num_splits:
        return None
    return (*ifm[:axis], ifm[axis] // options.num_splits, *ifm[axis + 1 :])


@_shape_of("PACK")
def _pack(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    part = _known(inputs[0]) if inputs else None
    if part is None or not isinstance(operator.options, PackOptions):
        return None
    axis = operator.options.axis % (len(part) + 1)
    return (*part[:axis], len(inputs), *part[axis:])


@_shape_of("UNPACK")
def _unpack(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    if not ifm or not isinstance(operator.options, UnpackOptions):
        return None
    axis = operator.options.axis % len(ifm)
    return (*ifm[:axis], *ifm[axis + 1 :])


@_shape_of("GATHER")
def _gather(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    options = operator.options
    ifm, indices = (_known(inputs[0]), _known(inputs[1])) if len(inputs) == 2 else (None, None)
    if not ifm or indices is None or not isinstance(options, GatherOptions):
        return None
    axis = options.axis % len(ifm)
    return (*ifm[:axis], *indices[max(0, options.batch_dims) :], *ifm[axis + 1 :])


@_shape_of("EXPAND_DIMS")
def _expand_dims(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm, axes = _known(inputs[0]) if inputs else None, _constant(inputs, 1)
    if ifm is None or axes is None or len(axes) != 1:
        return None
    axis = axes[0] % (len(ifm) + 1)
    return (*ifm[:axis], 1, *ifm[axis:])


@_shape_of("SQUEEZE")
def _squeeze(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    ifm = _known(inputs[0]) if inputs else None
    if not ifm or not isinstance(operator.options, SqueezeOptions):
        return None
    dropped = {axis % len(ifm) for axis in operator.options.squeeze_dims or ()}
    return tuple(size for axis, size in enumerate(ifm) if size != 1 or (dropped and axis not in dropped))
