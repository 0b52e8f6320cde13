"""The shapes of operators' results: the rules that rows of the table name; None for an underivable shape."""

from __future__ import annotations

from math import prod

from npufit.graph.model import Operator
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
from npufit.graph.values import constant_values

Shape = tuple[int, ...]


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return the padding (before, after) that TFLite's SAME adds along one axis; an odd remainder goes after."""
    span = (kernel - 1) * dilation + 1
    stride = max(1, stride)
    output = -(-size // stride)
    total = max(0, (output - 1) * stride + span - size)
    return total // 2, total - total // 2


def lacks_shape(tensor: Tensor) -> bool:
    """Return whether the shape of `tensor` is unknown; some converters store an empty shape without a rank."""
    return tensor.shape is None or (tensor.shape == () and not tensor.has_rank and not tensor.is_constant)


def _known(tensor: Tensor | None) -> Shape | None:
    return None if tensor is None or lacks_shape(tensor) else tensor.shape


def _window(size: int, kernel: int, stride: int, dilation: int, padding: Padding) -> int:
    stride = max(1, stride)
    if padding is Padding.SAME:
        return -(-size // stride)
    return max(0, (size - ((kernel - 1) * dilation + 1)) // stride + 1)


def _constant(inputs: tuple[Tensor | None, ...], position: int) -> tuple[int, ...] | None:
    """Return the values of the input at `position`; None if it is omitted or not a small constant."""
    tensor = inputs[position] if position < len(inputs) else None
    return None if tensor is None else constant_values(tensor)


def _broadcast_shapes(first: Shape, second: Shape) -> Shape | None:
    rank = max(len(first), len(second))
    pairs = list(zip((1,) * (rank - len(first)) + first, (1,) * (rank - len(second)) + second, strict=True))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        return None
    return tuple(b if a == 1 else a for a, b in pairs)


def convolution(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The positions of the window, and a channel for each filter."""
    options = operator.options
    if not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)) or len(inputs) < 2:
        return None
    ifm, weights = _known(inputs[0]), _known(inputs[1])
    if ifm is None or weights is None or len(ifm) != 4 or len(weights) != 4:
        return None
    height = _window(ifm[1], weights[1], options.stride_h, options.dilation_h_factor, options.padding)
    width = _window(ifm[2], weights[2], options.stride_w, options.dilation_w_factor, options.padding)
    return ifm[0], height, width, weights[3 if operator.type == "DEPTHWISE_CONV_2D" else 0]


def pool(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The positions of the window; channels stay."""
    options = operator.options
    ifm = _known(inputs[0]) if inputs else None
    if not isinstance(options, Pool2DOptions) or ifm is None or len(ifm) != 4:
        return None
    height = _window(ifm[1], options.filter_height, options.stride_h, 1, options.padding)
    width = _window(ifm[2], options.filter_width, options.stride_w, 1, options.padding)
    return ifm[0], height, width, ifm[3]


def fully_connected(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """A row of results for each row of data that the weights consume."""
    ifm, weights = (_known(inputs[0]), _known(inputs[1])) if len(inputs) > 1 else (None, None)
    if ifm is None or weights is None or len(weights) != 2 or not weights[1]:
        return None
    if isinstance(operator.options, FullyConnectedOptions) and operator.options.keep_num_dims:
        return (*ifm[:-1], weights[0])
    return prod(ifm) // weights[1], weights[0]


def svdf(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """A result for each group of filters."""
    ifm, filters = (_known(inputs[0]), _known(inputs[1])) if len(inputs) > 1 else (None, None)
    rank = dict(operator.options.fields).get("rank") if isinstance(operator.options, OtherOptions) else None
    if not ifm or not filters or not isinstance(rank, int) or rank < 1:
        return None
    return ifm[0], filters[0] // rank


def broadcast(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape to which both operands stretch."""
    first, second = (_known(inputs[0]), _known(inputs[1])) if len(inputs) == 2 else (None, None)
    return None if first is None or second is None else _broadcast_shapes(first, second)


def unchanged(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data."""
    return _known(inputs[0]) if inputs else None


def concatenation(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data, added up along the axis in the options."""
    shapes = [shape for shape in map(_known, inputs) if shape is not None]
    if not isinstance(operator.options, ConcatenationOptions) or len(shapes) != len(inputs) or not shapes:
        return None
    rank = len(shapes[0])
    axis = operator.options.axis + (rank if operator.options.axis < 0 else 0)
    if not 0 <= axis < rank or any(len(shape) != rank for shape in shapes):
        return None
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def pad(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data with the paddings."""
    ifm = _known(inputs[0]) if inputs else None
    amounts = _constant(inputs, 1)
    if ifm is None or amounts is None or len(amounts) != 2 * len(ifm):
        return None
    return tuple(size + amounts[2 * axis] + amounts[2 * axis + 1] for axis, size in enumerate(ifm))


def reshape(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape that the second operand or the options give."""
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


def reduce(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data without the reduced axes, or with 1 in their place."""
    ifm = _known(inputs[0]) if inputs else None
    axes = _constant(inputs, 1)
    if ifm is None or axes is None:
        return None
    reduced = {axis + len(ifm) if axis < 0 else axis for axis in axes}
    if isinstance(operator.options, ReducerOptions) and operator.options.keep_dims:
        return tuple(1 if axis in reduced else size for axis, size in enumerate(ifm))
    return tuple(size for axis, size in enumerate(ifm) if axis not in reduced)


def resize(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The data with the rows and columns that the second operand gives."""
    ifm = _known(inputs[0]) if inputs else None
    size = _constant(inputs, 1)
    if ifm is None or len(ifm) != 4 or size is None or len(size) != 2:
        return None
    return ifm[0], size[0], size[1], ifm[3]


def transpose(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data in another order."""
    ifm = _known(inputs[0]) if inputs else None
    order = _constant(inputs, 1)
    if ifm is None or order is None or sorted(order) != list(range(len(ifm))):
        return None
    return tuple(ifm[axis] for axis in order)


def transpose_convolution(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape that the first operand gives."""
    return _constant(inputs, 0)


def batch_matmul(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """Rows of the first operand, columns of the second."""
    options = operator.options
    first, second = (_known(inputs[0]), _known(inputs[1])) if len(inputs) == 2 else (None, None)
    if first is None or second is None or min(len(first), len(second)) < 2:
        return None
    if not isinstance(options, BatchMatMulOptions):
        return None
    batch = _broadcast_shapes(first[:-2], second[:-2])
    rows, columns = first[-1 if options.adj_x else -2], second[-2 if options.adj_y else -1]
    return None if batch is None else (*batch, rows, columns)


def rank(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """One value for each dimension of the data."""
    ifm = _known(inputs[0]) if inputs else None
    return None if ifm is None else (len(ifm),)


def arg_extreme(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data without the searched axis."""
    ifm, axes = _known(inputs[0]) if inputs else None, _constant(inputs, 1)
    if not ifm or axes is None or len(axes) != 1 or not -len(ifm) <= axes[0] < len(ifm):
        return None
    axis = axes[0] % len(ifm)
    return (*ifm[:axis], *ifm[axis + 1 :])


def part(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The sizes that the third operand gives."""
    ifm, begin, sizes = _known(inputs[0]) if inputs else None, _constant(inputs, 1), _constant(inputs, 2)
    if ifm is None or begin is None or sizes is None or not len(ifm) == len(begin) == len(sizes):
        return None
    return tuple(whole - first if size == -1 else size for whole, first, size in zip(ifm, begin, sizes, strict=True))


def strided_slice(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """How many steps fit between begin and end, axis by axis."""
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


def split(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """An equal share of the data."""
    options = operator.options
    ifm, axes = _known(inputs[1]) if len(inputs) == 2 else None, _constant(inputs, 0)
    if not ifm or axes is None or len(axes) != 1 or not isinstance(options, SplitOptions):
        return None
    axis = axes[0] % len(ifm)
    if options.num_splits < 1 or ifm[axis] % options.num_splits:
        return None
    return (*ifm[:axis], ifm[axis] // options.num_splits, *ifm[axis + 1 :])


def pack(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of one part with an additional axis."""
    part = _known(inputs[0]) if inputs else None
    if part is None or not isinstance(operator.options, PackOptions):
        return None
    axis = operator.options.axis % (len(part) + 1)
    return (*part[:axis], len(inputs), *part[axis:])


def unpack(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data without one axis."""
    ifm = _known(inputs[0]) if inputs else None
    if not ifm or not isinstance(operator.options, UnpackOptions):
        return None
    axis = operator.options.axis % len(ifm)
    return (*ifm[:axis], *ifm[axis + 1 :])


def gather(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data with one axis replaced by the shape of the indices."""
    options = operator.options
    ifm, indices = (_known(inputs[0]), _known(inputs[1])) if len(inputs) == 2 else (None, None)
    if not ifm or indices is None or not isinstance(options, GatherOptions):
        return None
    axis = options.axis % len(ifm)
    return (*ifm[:axis], *indices[max(0, options.batch_dims) :], *ifm[axis + 1 :])


def expand_dims(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data with an additional axis of 1."""
    ifm, axes = _known(inputs[0]) if inputs else None, _constant(inputs, 1)
    if ifm is None or axes is None or len(axes) != 1:
        return None
    axis = axes[0] % (len(ifm) + 1)
    return (*ifm[:axis], 1, *ifm[axis:])


def squeeze(operator: Operator, inputs: tuple[Tensor | None, ...]) -> Shape | None:
    """The shape of the data without axes of 1."""
    ifm = _known(inputs[0]) if inputs else None
    if not ifm or not isinstance(operator.options, SqueezeOptions):
        return None
    dropped = {axis % len(ifm) for axis in operator.options.squeeze_dims or ()}
    return tuple(size for axis, size in enumerate(ifm) if size != 1 or (dropped and axis not in dropped))
