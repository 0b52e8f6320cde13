"""Which operators can run on parts of their maps, and how their operands depend on each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npufit.graph import (
    NO_TENSOR,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Operator,
    OtherOptions,
    Padding,
    Pool2DOptions,
    ResizeBilinearOptions,
    ResizeNearestNeighborOptions,
    StridedSliceOptions,
    Subgraph,
    Tensor,
    constant_values,
    measure_work,
    operator_type,
)
from npufit.rewrite.tiling.axes import AxisMap, Padded, Same, Whole, WholeBlocks, scaled, window

ROWS, COLUMNS = 0, 1
"""The two axes of a map: the second and the third of a tensor in NHWC."""

Maps = tuple[AxisMap, AxisMap]


@dataclass(frozen=True, slots=True)
class Operand:
    """An activation that a step reads: its position among the operator's inputs, the tensor, and both axes."""

    position: int
    tensor: int
    maps: Maps


@dataclass(frozen=True, slots=True)
class TileableOperator:
    """One operator that can run on parts of its maps."""

    index: int
    operands: tuple[Operand, ...]
    outputs: tuple[int, ...]
    macs: int


_Find = Callable[[Subgraph, Operator, Tensor], Maps | None]


def find_tileable(graph: Subgraph) -> tuple[TileableOperator | None, ...]:
    """Return each operator of `graph` as a step, None if it cannot run on parts."""
    return tuple(_tileable(graph, index, operator) for index, operator in enumerate(graph.operators))


def is_map(tensor: Tensor) -> bool:
    """Return whether the tensor is an activation in NHWC of a known size."""
    shape = tensor.shape
    if shape is None or len(shape) != 4 or min(shape) < 1 or tensor.is_constant or tensor.is_variable:
        return False
    return not any(size < 0 for size in (tensor.shape_signature or ())[1:]) and tensor.sparsity is None


def _tileable(graph: Subgraph, index: int, operator: Operator) -> TileableOperator | None:
    tensors = graph.tensors
    if NO_TENSOR in operator.outputs or not operator.outputs or operator.intermediates:
        return None
    results = [tensors[output] for output in operator.outputs]
    if not all(map(is_map, results)) or len({_size(result) for result in results}) != 1:
        return None
    row = operator_type(operator)
    if row.is_elementwise or operator.type in _BY_CHANNELS:
        operands = _pointwise(graph, operator, results[0])
    else:
        find = _FIND.get(operator.type)
        position = row.data
        source = operator.input(position)
        if find is None or source == NO_TENSOR or not is_map(tensors[source]):
            return None
        if any(
            other != NO_TENSOR and not tensors[other].is_constant
            for place, other in enumerate(operator.inputs)
            if place != position
        ):
            return None
        maps = find(graph, operator, tensors[source])
        operands = None if maps is None else (Operand(position, source, maps),)
    if not operands or any(tensors[operand.tensor].shape is None for operand in operands):
        return None
    macs = measure_work(graph, operator).macs
    return TileableOperator(index, operands, operator.outputs, macs)


def _size(tensor: Tensor) -> tuple[int, int]:
    shape = tensor.shape or (0, 0, 0, 0)
    return shape[1], shape[2]


def _pointwise(graph: Subgraph, operator: Operator, result: Tensor) -> tuple[Operand, ...] | None:
    """Return the activations of a pointwise operator, some of them perhaps broadcast."""
    operands: list[Operand] = []
    options = operator.options
    if operator.type == "CONCATENATION" and not (isinstance(options, ConcatenationOptions) and options.axis in (3, -1)):
        return None
    for position, index in enumerate(operator.inputs):
        tensor = graph.tensors[index] if index != NO_TENSOR else None
        if tensor is None:
            return None
        if tensor.is_constant:
            if not _can_part(tensor, result):
                return None
            continue
        if not is_map(tensor):
            return None
        maps = [
            Same(size) if size == whole else Whole(size)
            for size, whole in zip(_size(tensor), _size(result), strict=True)
        ]
        if any(isinstance(one, Whole) and one.size != 1 for one in maps):
            return None
        operands.append(Operand(position, index, (maps[0], maps[1])))
    return tuple(operands)


def _can_part(constant: Tensor, result: Tensor) -> bool:
    """Return whether a constant operand is one value, one for each channel, or one that can be cut like the map."""
    shape = constant.shape
    if shape is None or len(shape) > 4 or constant.sparsity is not None or constant.external_data is not None:
        return False
    rows, columns = (1, 1, 1, 1, *shape)[-3:-1]
    height, width = _size(result)
    return rows in (1, height) and columns in (1, width) and constant.element.bits % 8 == 0


def _window(graph: Subgraph, operator: Operator, ifm: Tensor) -> Maps | None:
    options = operator.options
    if isinstance(options, Pool2DOptions):
        kernels, dilations = (options.filter_height, options.filter_width), (1, 1)
    elif isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)):
        weights = graph.tensors[operator.input(1)] if operator.input(1) != NO_TENSOR else None
        if weights is None or weights.shape is None or len(weights.shape) != 4:
            return None
        kernels = weights.shape[1], weights.shape[2]
        dilations = max(1, options.dilation_h_factor), max(1, options.dilation_w_factor)
    else:
        return None
    if min(kernels) < 1 or min(options.stride_h, options.stride_w) < 1:
        return None
    same = options.padding is Padding.SAME
    outputs = _size(graph.tensors[operator.outputs[0]])
    sizes = _size(ifm)
    strides = options.stride_h, options.stride_w
    rows, columns = (
        window(sizes[axis], outputs[axis], kernels[axis], strides[axis], dilations[axis], same=same)
        for axis in (ROWS, COLUMNS)
    )
    return rows, columns


def _padding(graph: Subgraph, operator: Operator, ifm: Tensor) -> Maps | None:
    amounts = constant_values(graph.tensors[operator.input(1)]) if operator.input(1) != NO_TENSOR else None
    if amounts is None or len(amounts) != 8 or min(amounts) < 0 or any(amounts[:2]):
        return None
    height, width = _size(ifm)
    return Padded(height, amounts[2], amounts[3]), Padded(width, amounts[4], amounts[5])


def _resize(graph: Subgraph, operator: Operator, ifm: Tensor) -> Maps | None:
    options = operator.options
    if not isinstance(options, (ResizeBilinearOptions, ResizeNearestNeighborOptions)):
        return None
    taps = 2 if isinstance(options, ResizeBilinearOptions) else 1
    outputs = _size(graph.tensors[operator.outputs[0]])
    rows, columns = (
        scaled(size, output, aligned=options.align_corners, half=options.half_pixel_centers, taps=taps)
        for size, output in zip(_size(ifm), outputs, strict=True)
    )
    return None if rows is None or columns is None else (rows, columns)


def _channels(graph: Subgraph, operator: Operator, ifm: Tensor) -> Maps | None:
    """Return the maps of a slice, if it takes all rows and columns and only slices."""
    options = operator.options
    if isinstance(options, StridedSliceOptions) and (
        options.ellipsis_mask or options.new_axis_mask or options.shrink_axis_mask or options.offset
    ):
        return None
    begin = constant_values(graph.tensors[operator.inputs[1]])
    strides = constant_values(graph.tensors[operator.inputs[3]]) if operator.type == "STRIDED_SLICE" else (1,) * 4
    if begin is None or strides is None or len(begin) != 4 or len(strides) != 4 or strides[1:3] != (1, 1):
        return None
    if _size(graph.tensors[operator.outputs[0]]) != _size(ifm):
        return None
    return Same(_size(ifm)[0]), Same(_size(ifm)[1])


def _split(graph: Subgraph, operator: Operator, ifm: Tensor) -> Maps | None:
    axes = constant_values(graph.tensors[operator.inputs[0]])
    return (Same(_size(ifm)[0]), Same(_size(ifm)[1])) if axes in ((3,), (-1,)) else None


def _blocks(graph: Subgraph, operator: Operator, ifm: Tensor) -> Maps | None:
    """Return the maps of DEPTH_TO_SPACE and SPACE_TO_DEPTH: rows and columns in whole blocks."""
    options = operator.options
    block = dict(options.fields).get("block_size") if isinstance(options, OtherOptions) else None
    if not isinstance(block, int) or block < 1:
        return None
    if operator.type == "SPACE_TO_DEPTH":
        return WholeBlocks(_size(ifm)[0], block), WholeBlocks(_size(ifm)[1], block)
    outputs = _size(graph.tensors[operator.outputs[0]])
    rows, columns = (
        scaled(size, output, aligned=False, half=False, taps=1)
        for size, output in zip(_size(ifm), outputs, strict=True)
    )
    return None if rows is None or columns is None else (rows, columns)


_FIND: dict[str, _Find] = {
    "CONV_2D": _window,
    "DEPTHWISE_CONV_2D": _window,
    "AVERAGE_POOL_2D": _window,
    "MAX_POOL_2D": _window,
    "PAD": _padding,
    "PADV2": _padding,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "SLICE": _channels,
    "STRIDED_SLICE": _channels,
    "SPLIT": _split,
    "DEPTH_TO_SPACE": _blocks,
    "SPACE_TO_DEPTH": _blocks,
}

_BY_CHANNELS = frozenset({"CONCATENATION", "SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"})
"""Operators whose result at a position depends on the channels there; CONCATENATION if it joins channels."""
