"""Hazards of memory layout: bricks that leak out, concatenations, slices, resizes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from npufit.graph import NO_TENSOR, ResizeNearestNeighborOptions, StridedSliceOptions, Tensor, constant_values
from npufit.stacks.delegates import hazard_at
from npufit.stacks.placement import Hazard
from npufit.stacks.teflon.hazards.hazard import (
    TeflonGraph,
    inferred_on_main,
    seen_on_25_3,
    teflon_hazard,
)
from npufit.stacks.teflon.node import Dimensions, Node, four_dimensions
from npufit.stacks.teflon.release import ALL, Release, until
from npufit.stacks.teflon.sources import ETHOSU_LOWERING, ETHOSU_MAIN, FRONTEND_NEW

_RELEASED = until(Release.M26_2)

BRICK_ORDER = teflon_hazard(
    "ethosu.brick-order",
    "A feature map that is read both inside and outside its partition leaves it in the NPU's brick order.",
    "at most 16 channels, or one column, or channels that are not a multiple of 16, or no reader inside the "
    "partition; in 26.2 also a RESHAPE as first reader",
    "Between two operators of a partition the driver keeps feature maps whose channels are a multiple of 16 in bricks "
    "of 16 channels. When the same tensor is also read by another partition or the CPU, or is an output of the model, "
    "its bytes are copied out in that order. 26.2 keeps plain order if the first reader is a RESHAPE, and ignores the "
    "other readers.",
    "The 10x10x768 feature map of SSD MobileNet V1: the NPU reads it for the box predictor, and the CPU for the first "
    "extra layer.",
    _RELEASED,
    f"{ETHOSU_LOWERING}; executed: captured submissions of 25.3 (npufit run --capture)",
    rewrite="keep the tensor's readers on one side: remove the refusal that puts one of them on the CPU, or give the "
    "CPU reader its own copy (for example through a 1x1 identity convolution that nothing on the NPU reads)",
    fixed_in="main",
)

CONCAT_MISPLACED = teflon_hazard(
    "ethosu.concat-misplaced",
    "CONCATENATION puts channels in the wrong place, or does not rescale its inputs exactly.",
    "inputs quantized like the output; channels of every input but the last a multiple of 16 if the output's are; an "
    "axis that the release implements",
    "Inputs are copied side by side. Until 26.1 an input with a different scale is rescaled inexactly. Until 26.2, in "
    "brick layout, an input whose channels are not a multiple of 16 shifts all that follow. 26.2 uses the file's axis "
    "although the dimensions were moved to the right, and joins every axis but 1 along the channels. The driver of "
    "main stops at an assertion for the axes -1 and 0.",
    "Joining 24 and 40 channels into 64; joining along the width.",
    ALL,
    f"{ETHOSU_LOWERING}; {ETHOSU_MAIN}",
    rewrite="give all inputs the output's scale; order the inputs so that only the last has channels that are not a "
    "multiple of 16, or widen the convolutions that produce them; write the last axis as 3 in rank 4",
)

SLICE_OFFSET = teflon_hazard(
    "ethosu.slice-offset",
    "STRIDED_SLICE reads from the wrong place: strides, masks and most offsets are ignored.",
    "rank 4, strides 1, no new axes, no begin that a mask or a negative number moves; until 26.2 also: an offset in "
    "height or width only if the following dimensions are kept whole, and in width or channels only outside bricks",
    "The offset is computed from the numbers in the file with the output's dimensions, and as if the input were in "
    "plain order. The masks and the strides are not read. When executed, a slice in height alone and one in width "
    "alone were exact.",
    "The second half of the channel split in YOLOv8's C2f blocks; x[:, ::2]; a crop in height and width.",
    ALL,
    f"{ETHOSU_LOWERING}; {FRONTEND_NEW}; executed captures of 25.3",
    rewrite="replace the slice: a channel slice is a 1x1 convolution that selects channels, or two convolutions "
    "instead of one that is split; crop height and width one after the other",
)

RESIZE_DOUBLED = teflon_hazard(
    "ethosu.resize-doubled",
    "RESIZE_NEAREST_NEIGHBOR is always executed as an exact doubling with plain coordinates.",
    "output exactly twice the input, and not align_corners together with half_pixel_centers",
    "Until 26.0 other sizes were not refused; the coordinate options are not read in any release. For an exact "
    "doubling, either option alone picks the same pixels as none.",
    "An upsampling by 3 on 25.3.",
    ALL,
    f"{ETHOSU_LOWERING}; {FRONTEND_NEW}",
    rewrite="upsample by 2, once or several times, without the two options together",
)


def find_bricks_that_leave(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield feature maps that leave a partition in brick order, or that are read flat in brick order."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted():
        if node.type in ("PAD", "RESHAPE"):
            continue  # A PAD is never written (ethosu.pad-folded), a RESHAPE only another name: its input is reported.
        for tensor in node.operator.outputs:
            if tensor == NO_TENSOR or tensor not in graph.bricks or not graph.bricks_matter(tensor):
                continue
            _, height, width, channels = four_dimensions(graph.tensor(tensor))
            readers = graph.readers_inside(node, tensor)
            taker = graph.leaves_partition(node, tensor)
            if taker:
                yield hazard_at(
                    graph,
                    BRICK_ORDER,
                    node,
                    f"'{graph.name_of(tensor)}' is read inside the partition and also passed to {taker}: the bytes "
                    "arrive there in bricks of 16 channels",
                    f"{height}x{width}x{channels}, {graph.tensor(tensor).size_bytes} bytes",
                    others=[reader.index for reader in readers],
                    tensor=tensor,
                    evidence=seen_on_25_3(graph.release),
                )
            for reader in readers:
                if reader.type == "RESHAPE":
                    yield hazard_at(
                        graph,
                        BRICK_ORDER,
                        node,
                        f"'{graph.name_of(tensor)}' is laid out in bricks for its first reader, but "
                        f"{reader.words} reads it as a plain row of elements",
                        f"{height}x{width}x{channels}",
                        others=(reader.index,),
                        tensor=tensor,
                    )


def find_concatenations(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield concatenations that come out wrong."""
    for node in graph.accepted("CONCATENATION"):
        output = node.output
        if output is not None:
            for message, found in _concatenation_problems(graph, node, output):
                yield hazard_at(graph, CONCAT_MISPLACED, node, message, found)


def _concatenation_problems(graph: TeflonGraph, node: Node, output: Tensor) -> Iterator[tuple[str, str]]:
    axis, rank = node.concatenation_axis, 4 if output.shape is None else len(output.shape)
    if graph.release is Release.MAIN:
        if axis in (-1, 0) and len(node.inputs) > 1:
            yield "the driver of main stops at an assertion for this axis", f"axis {axis}"
        return
    if graph.release <= Release.M26_1:
        yield from _requantized_input(node, output)
    bricks = node.output_index in graph.bricks
    if bricks and axis in (-1, rank - 1):
        depths = [four_dimensions(tensor)[3] for tensor in node.inputs[:-1]]
        odd = next((depth for depth in depths if depth % 16), None)
        if odd is not None:
            yield (
                "an input before the last has channels that are not a multiple of 16 while the output is kept in "
                "bricks of 16: everything after it is shifted",
                f"{odd} channels of {four_dimensions(output)[3]}",
            )
    if graph.release >= Release.M26_2_0:
        problem = _axis_problem(four_dimensions(output), axis, rank, bricks)
        if problem:
            yield problem, f"axis {axis} of {list(output.shape or ())}"


def _requantized_input(node: Node, output: Tensor) -> Iterator[tuple[str, str]]:
    wanted = (output.quantization.scale, output.quantization.zero_point)
    for position, tensor in enumerate(node.inputs):
        found = (tensor.quantization.scale, tensor.quantization.zero_point)
        if found != wanted:
            yield (
                "an input has a different quantization from the output and is rescaled inexactly",
                f"input {position}: scale {found[0]:.6g} zero point {found[1]}; output: {wanted[0]:.6g}, {wanted[1]}",
            )
            return


def _axis_problem(output: Dimensions, axis: int, rank: int, bricks: bool) -> str:
    """Return what 26.2 does wrong for this axis, empty if it is correct."""
    if axis != 1:
        return "" if axis in (-1, rank - 1) else "the inputs are joined along the channels instead of along this axis"
    shifted = max(0, axis + 4 - rank)
    if bricks and (shifted == 2 or output[1] > 1):
        return "the output is kept in bricks of 16 channels, in which joining along this axis is not contiguous"
    if prod(output[:shifted]) != 1:
        return "each input is written as one block, although a dimension before this axis is larger than 1"
    return ""


def find_slices(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield slices that read from the wrong place."""
    for node in graph.accepted("STRIDED_SLICE"):
        ifm, ofm = node.input(0), node.output
        operands = [node.input(position) for position in (1, 2, 3)]
        begin, end, strides = (constant_values(operand) if operand is not None else None for operand in operands)
        if ifm is None or ofm is None or begin is None or end is None or strides is None:
            continue  # Operands that are computed are teflon.operand-read-early.
        if ifm.shape is None or ofm.shape is None or not len(begin) == len(end) == len(strides) <= len(ifm.shape):
            continue
        problem = _unread_option(node, begin, strides) or _wrong_offset(graph, node, ifm.shape, ofm, begin)
        if problem:
            message, found = problem
            yield hazard_at(graph, SLICE_OFFSET, node, message, found, evidence=inferred_on_main(graph.release))


def _unread_option(node: Node, begin: tuple[int, ...], strides: tuple[int, ...]) -> tuple[str, str] | None:
    """Return what the operator requests that no release reads. The output's shape gives the end."""
    if any(stride != 1 for stride in strides):
        return "the strides are ignored", f"strides {list(strides)}"
    options = node.operator.options
    if not isinstance(options, StridedSliceOptions):
        return None
    if options.ellipsis_mask or options.new_axis_mask:
        return "the ellipsis and new-axis masks are ignored", f"{options.ellipsis_mask}, {options.new_axis_mask}"
    for axis, first in enumerate(begin):
        if first and options.begin_mask >> axis & 1:
            return "the begin mask is ignored: the number in the file is used", f"axis {axis} begins at {first}"
    return None


def _wrong_offset(
    graph: TeflonGraph, node: Node, shape: tuple[int, ...], ofm: Tensor, begin: tuple[int, ...]
) -> tuple[str, str] | None:
    sizes = list(shape)
    options = node.operator.options
    if isinstance(options, StridedSliceOptions) and options.shrink_axis_mask:
        sizes = [1 if options.shrink_axis_mask >> axis & 1 else size for axis, size in enumerate(shape)]
        if len(shape) == 4 and [size != 1 for size in four_dimensions(ofm)] != [size != 1 for size in sizes]:
            return "the shrink-axis mask is ignored: the output's dimensions are misread", f"{sizes}"
    if any(first < 0 for first in begin):
        return "negative numbers are not resolved", f"begins at {list(begin)}"
    if graph.release is Release.MAIN or not any(begin):
        return None
    if len(shape) != 4 or len(begin) != 4:
        return "offsets are computed for rank 4", f"begins at {list(begin)} of {list(shape)}"
    _, in_h, in_w, in_c = shape
    _, _, out_w, out_c = four_dimensions(ofm)
    in_bricks = node.operator.input(0) in graph.bricks
    first_n, first_h, first_w, first_c = begin
    right = first_n * in_h * in_w * in_c + first_h * in_w * in_c
    right += first_c // 16 * 16 * in_w + first_w * 16 + first_c % 16 if in_bricks else first_w * in_c + first_c
    used = first_n + first_h * out_w * out_c + first_w * out_c + first_c
    if used != right or (in_bricks and first_c % 16):
        layout = "bricks of 16 channels" if in_bricks else "plain order"
        return (
            f"the input is read from byte {used} instead of {right}: the offset is computed with the output's "
            f"dimensions and for plain order, but the input is laid out in {layout}",
            f"begins at {list(begin)} of {list(shape)}",
        )
    return None


def find_resizes(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield resizes that are executed as something else."""
    for node in graph.accepted("RESIZE_NEAREST_NEIGHBOR"):
        ifm, ofm, options = node.input(0), node.output, node.operator.options
        if ifm is None or ofm is None or ifm.shape is None or ofm.shape is None:
            continue
        (_, in_h, in_w, _), (_, out_h, out_w, _) = four_dimensions(ifm), four_dimensions(ofm)
        if (out_h, out_w) != (2 * in_h, 2 * in_w):
            message = "the driver doubles height and width whatever the output's size"
            found = f"{in_h}x{in_w} to {out_h}x{out_w}"
            yield hazard_at(graph, RESIZE_DOUBLED, node, message, found, evidence=seen_on_25_3(graph.release))
        elif (
            isinstance(options, ResizeNearestNeighborOptions)
            and options.align_corners
            and options.half_pixel_centers
            and max(in_h, in_w) > 1
        ):
            yield hazard_at(
                graph,
                RESIZE_DOUBLED,
                node,
                "the coordinate options are ignored; the driver repeats each pixel twice",
                "align_corners and half_pixel_centers",
                evidence=inferred_on_main(graph.release),
            )
