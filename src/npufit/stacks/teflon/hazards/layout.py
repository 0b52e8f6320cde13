"""Hazards of where bytes lie: bricks that leak out, concatenations, slices, resizes (H1, H4, H5, H6)."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from npufit.graph import (
    NO_TENSOR,
    ConcatenationOptions,
    ResizeNearestNeighborOptions,
    StridedSliceOptions,
    constant_values,
)
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Evidence
from npufit.stacks.teflon.hazards.hazard import PlacedGraph, hazard_rule, reads_flat, report
from npufit.stacks.teflon.node import Node, four_dimensions
from npufit.stacks.teflon.release import ALL, Release, until
from npufit.stacks.teflon.sources import ETHOSU_LOWERING, ETHOSU_MAIN, FRONTEND_NEW

_RELEASED = until(Release.M26_2)

H1 = hazard_rule(
    "H1",
    "A feature map that stays in the partition and leaves it as well is handed out in the NPU's brick order.",
    "at most 16 channels, or one column, or channels that are no multiple of 16, or no reader inside the partition",
    "Between two operators of a partition the driver keeps feature maps whose channels are a multiple of 16 in bricks "
    "of 16 channels. When the same tensor is also read by the CPU or is an output of the model, its bytes are copied "
    "out as they lie.",
    "The 10x10x768 feature map of SSD MobileNet V1: the NPU reads it for the box predictor, and the CPU for the first "
    "extra layer.",
    _RELEASED,
    f"{ETHOSU_LOWERING}; seen when a captured submission of 25.3 was executed",
    rewrite="keep the tensor's readers on one side: lift the refusal that puts one of them on the CPU, or give the CPU "
    "reader a copy of its own (for example through a 1x1 identity convolution that nothing on the NPU reads)",
    fixed_in="main",
)

H4 = hazard_rule(
    "H4",
    "CONCATENATION puts channels in the wrong place, or does not rescale its inputs exactly.",
    "inputs quantized like the output; channels of every input but the last a multiple of 16 where the output's are; "
    "an axis that the release implements",
    "Inputs are copied side by side. Until 26.1 an input with another scale is rescaled inexactly. In brick layout an "
    "input whose channels are no multiple of 16 shifts all that follow. In 26.2 the file's axis is used although the "
    "dimensions were moved to the right.",
    "Joining 24 and 40 channels into 64; joining along the width.",
    ALL,
    f"{ETHOSU_LOWERING}; {ETHOSU_MAIN}",
    rewrite="give all inputs the output's scale; order the inputs so that only the last has channels that are no "
    "multiple of 16, or pad them",
)

H5 = hazard_rule(
    "H5",
    "STRIDED_SLICE reads from the wrong place: strides, masks, and offsets other than plain ones are ignored.",
    "rank 4, strides 1, a slice in height alone or in width alone, no brick layout, masks without effect",
    "Offsets are computed with the output's dimensions and the masks are not read.",
    "The channel split of YOLOv8's C2f blocks; x[:, ::2].",
    ALL,
    f"{ETHOSU_LOWERING}; {FRONTEND_NEW}",
    rewrite="replace the slice: a channel slice is a 1x1 convolution that selects channels, or two convolutions "
    "instead of one that is split",
)

H6 = hazard_rule(
    "H6",
    "RESIZE_NEAREST_NEIGHBOR is executed as an exact doubling with plain coordinates, whatever the operator says.",
    "output exactly twice the input, align_corners off",
    "The NPU's upscaling doubles. Until 26.0 other factors were not refused; the coordinate options are not read in "
    "any release.",
    "An upsampling by 3 on 25.3.",
    ALL,
    f"{ETHOSU_LOWERING}; {FRONTEND_NEW}",
    rewrite="upsample by 2 with align_corners off",
)


def find_bricks_that_leave(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H1: feature maps that leave a partition in brick order, or that are read flat in brick order."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted():
        for index in node.operator.outputs:
            if index == NO_TENSOR or not graph.has_bricks(index):
                continue
            _, height, width, channels = four_dimensions(graph.tensor(index))
            readers = graph.readers_inside(node.index, index)
            taker = graph.leaves_partition(node.index, index)
            if taker and graph.bricks_matter(index):
                yield report(
                    graph,
                    H1,
                    (node.index, *readers),
                    (index,),
                    f"'{graph.tensor(index).name}' is read inside the partition and goes out to {taker}: the bytes "
                    "arrive there in bricks of 16 channels",
                    f"{height}x{width}x{channels}, {graph.tensor(index).size_bytes} bytes",
                )
            if graph.release < Release.M26_2_0 or not graph.bricks_matter(index):
                continue
            flat = [reader for reader in readers if reads_flat(Node(graph.subgraph, reader), index)]
            for reader in flat:
                yield report(
                    graph,
                    H1,
                    (node.index, reader),
                    (index,),
                    f"'{graph.tensor(index).name}' lies in bricks for its first reader, and operator {reader} "
                    f"({graph.subgraph.operators[reader].name}) reads it as a plain row of elements",
                    f"{height}x{width}x{channels}",
                )


def find_concatenations(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H4: concatenations that come out wrong."""
    for node in graph.accepted("CONCATENATION"):
        output = node.output
        if output is None:
            continue
        for message, found in _concatenation_problems(graph, node):
            yield report(graph, H4, (node.index,), node.operator.outputs[:1], message, found)


def _concatenation_problems(graph: PlacedGraph, node: Node) -> Iterator[tuple[str, str]]:
    output = node.output
    assert output is not None
    if graph.release <= Release.M26_1:
        for position, tensor in enumerate(node.inputs):
            if (tensor.quantization.scale, tensor.quantization.zero_point) != (
                output.quantization.scale,
                output.quantization.zero_point,
            ):
                yield (
                    "an input has another quantization than the output and is rescaled inexactly",
                    f"input {position}: scale {tensor.quantization.scale:.6g} zero point "
                    f"{tensor.quantization.zero_point}; output: {output.quantization.scale:.6g}, "
                    f"{output.quantization.zero_point}",
                )
                break
    bricks = graph.has_bricks(node.operator.outputs[0])
    if graph.release <= Release.M26_2 and bricks:
        odd = [four_dimensions(tensor)[3] for tensor in node.inputs[:-1] if four_dimensions(tensor)[3] % 16]
        if odd and _last_axis(node):
            yield (
                "an input that is not the last has channels that are no multiple of 16 while the output is kept in "
                "bricks of 16: everything behind it is shifted",
                f"{odd[0]} channels of {four_dimensions(output)[3]}",
            )
    options = node.operator.options
    axis = options.axis if isinstance(options, ConcatenationOptions) else 0
    if graph.release in (Release.M26_2_0, Release.M26_2):
        problem = _axis_problem(node, axis, bricks)
        if problem:
            yield problem, f"axis {axis} of rank {len(output.shape or ())}"
    if graph.release is Release.MAIN and axis in (-1, 0) and len(node.inputs) > 1:
        yield "the driver of main stops at an assertion for this axis", f"axis {axis}"


def _last_axis(node: Node) -> bool:
    options = node.operator.options
    axis = options.axis if isinstance(options, ConcatenationOptions) else 0
    rank = len(node.output.shape or ()) if node.output else 0
    return axis in (-1, rank - 1)


def _axis_problem(node: Node, axis: int, bricks: bool) -> str:
    """Return what 26.2 does wrong for this axis, empty where it is right."""
    output = node.output
    assert output is not None
    rank = len(output.shape or ())
    if _last_axis(node) and axis != 1:
        return ""
    shifted = axis + 4 - rank
    dimensions = four_dimensions(output)
    if axis != 1:
        return "the inputs are joined along the channels instead of along this axis"
    if bricks and (shifted == 2 or dimensions[1] > 1):
        return "the output is kept in bricks of 16 channels, in which joining along this axis is not contiguous"
    if prod(dimensions[:shifted]) != 1:
        return "each input is written as one block, although a dimension before this axis is larger than 1"
    return ""


def find_slices(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H5: slices that read from the wrong place."""
    for node in graph.accepted("STRIDED_SLICE"):
        ifm, ofm = node.input(0), node.output
        if ifm is None or ofm is None:
            continue
        problem = _slice_problem(graph, node)
        if problem:
            message, found = problem
            yield report(graph, H5, (node.index,), node.operator.outputs[:1], message, found)


def _slice_problem(graph: PlacedGraph, node: Node) -> tuple[str, str] | None:
    ifm, ofm, options = node.input(0), node.output, node.operator.options
    assert ifm is not None
    assert ofm is not None
    operands = [node.input(position) for position in (1, 2, 3)]
    values = [constant_values(operand) if operand is not None else None for operand in operands]
    begin, end, strides = values
    if begin is None or end is None or strides is None:
        return "begin, end or strides are not constants, and are read before they are computed", "computed operands"
    if any(stride != 1 for stride in strides):
        return "the strides are ignored", f"strides {list(strides)}"
    if not isinstance(options, StridedSliceOptions):
        return None
    shape = ifm.shape or ()
    if options.ellipsis_mask or options.new_axis_mask or options.shrink_axis_mask:
        return "ellipsis, new-axis and shrink-axis masks are ignored", "a mask is set"
    for axis, size in enumerate(shape[: len(begin)]):
        first = 0 if options.begin_mask >> axis & 1 else begin[axis]
        last = size if options.end_mask >> axis & 1 else end[axis]
        if first != begin[axis] or last != end[axis] or first < 0 or last < 0:
            return (
                "masks and negative indices are not resolved: the numbers in the file are used as they stand",
                f"axis {axis}: {begin[axis]} to {end[axis]} of {size}",
            )
    if graph.release is Release.MAIN:
        return None
    sliced = [axis for axis, size in enumerate(shape) if axis < len(begin) and (begin[axis], end[axis]) != (0, size)]
    if not sliced:
        return None
    if len(shape) != 4:
        return "offsets are computed for rank 4", f"rank {len(shape)}"
    if sliced not in ([1], [2]):
        return (
            "offsets are computed with the output's dimensions, which is right only for a slice in height or in "
            "width alone",
            f"slices axis {', '.join(map(str, sliced))} of {list(shape)}",
        )
    for role, tensor in (("input", node.operator.input(0)), ("output", node.operator.outputs[0])):
        if graph.has_bricks(tensor) and graph.bricks_matter(tensor):
            return f"the {role} lies in bricks of 16 channels, which slices do not follow", f"{list(shape)}"
    return None


def find_resizes(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H6: resizes that are executed as something else."""
    for node in graph.accepted("RESIZE_NEAREST_NEIGHBOR"):
        ifm, ofm, options = node.input(0), node.output, node.operator.options
        if ifm is None or ofm is None:
            continue
        (_, in_h, in_w, _), (_, out_h, out_w, _) = four_dimensions(ifm), four_dimensions(ofm)
        if (out_h, out_w) != (2 * in_h, 2 * in_w):
            yield report(
                graph,
                H6,
                (node.index,),
                node.operator.outputs[:1],
                "the driver doubles height and width whatever the output's size is",
                f"{in_h}x{in_w} to {out_h}x{out_w}",
            )
        elif isinstance(options, ResizeNearestNeighborOptions) and options.align_corners and max(in_h, in_w) > 1:
            yield report(
                graph,
                H6,
                (node.index,),
                node.operator.outputs[:1],
                "align_corners is ignored; the driver repeats each pixel twice",
                "align_corners",
                Evidence.INFERRED if graph.release is Release.MAIN else None,
            )
