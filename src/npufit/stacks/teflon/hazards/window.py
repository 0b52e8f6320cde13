"""Hazards of windows that move over an image: padding, strides, depth multipliers."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.graph import CONVOLUTIONS, NO_TENSOR, Padding, Pool2DOptions, Tensor, constant_values, same_padding
from npufit.stacks.delegates import hazard_at
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Effect, Evidence
from npufit.stacks.teflon.hazards.hazard import (
    TeflonGraph,
    inferred_on_main,
    seen_on_25_3,
    teflon_hazard,
)
from npufit.stacks.teflon.node import POOLS, Node, four_dimensions
from npufit.stacks.teflon.release import ALL, Release, until
from npufit.stacks.teflon.sources import ETHOSU_LOWERING, ETHOSU_WEIGHTS

_RELEASED = until(Release.M26_2)
_OLD = until(Release.M26_0)

PAD_FOLDED = teflon_hazard(
    "ethosu.pad-folded",
    "PAD is accepted but never executed: it is folded into the convolutions after it, with the wrong amounts.",
    "until 26.1: 1 row above and 1 column to the left, nothing else; in 26.2: the same amounts in height and width; "
    "convolutions in the same partition as the only readers",
    "The driver drops the PAD and pads each convolution that reads it instead. Until 26.1 it pads one row above and "
    "one column to the left whatever the PAD says; 26.2 uses the PAD's amounts but exchanges height and width. If a "
    "reader is not a convolution, or the padded tensor leaves the partition, nothing writes it. A partition of PADs "
    "alone needs no memory: the driver asks Linux for an empty buffer, is refused (EINVAL), goes on without one and "
    "crashes in the first inference.",
    "The four PADs (0, 1, 0, 1) before the stride-2 depthwise convolutions of a Keras MobileNetV2, which TensorFlow "
    "before 2.18 leaves in the file. When executed, three quarters of the values of the first layer after one differ "
    "from the reference.",
    _RELEASED,
    f"{ETHOSU_LOWERING}; Linux drivers/accel/ethosu/ethosu_drv.c (6.19 to 7.3); executed: captured submissions of 25.3 "
    "(npufit run --capture), and a build of 25.3 on a virtual device",
    rewrite="fold the PAD into the convolution as padding SAME if that is equivalent (it is for 0, 1, 0, 1 before a "
    "3x3 kernel with stride 2 on even sizes; TensorFlow 2.18 and later export it like this)",
    fixed_in="main",
    effects=(Effect.WRONG, Effect.CRASH),
)

PADDING_UNDERFLOW = teflon_hazard(
    "ethosu.padding-underflow",
    "SAME padding of a window that is smaller than its stride underflows to 65535.",
    "(output - 1) * stride + kernel >= input, in height and width",
    "The total padding is computed as an unsigned number. A 1x1 convolution with stride 2 on an even size needs -1. "
    "Captured streams contain 65535 there.",
    "The 1x1 stride-2 shortcut of a ResNet at 56x56.",
    _OLD,
    f"{ETHOSU_LOWERING}; release notes of Mesa 26.1.0",
    rewrite="use padding VALID, which computes the same if the other dimension needs no padding either",
    fixed_in="26.1",
)

DEPTHWISE_WEIGHTS = teflon_hazard(
    "ethosu.depthwise-weights",
    "A depthwise convolution with one input channel, with a depth multiplier, or with a kernel that is not square uses "
    "its weights in the wrong order.",
    "as many output channels as input channels, or one input channel and a kernel of 1x1; until 26.0 also: a kernel as "
    "high as wide, or one row high",
    "Until 26.1 a depthwise convolution of one channel into several is treated as a normal one without transposing "
    "its weights; 26.2 transposes them. For a depth multiplier above 1 over several channels no release that was read "
    "has code. Until 26.0 the driver takes the height of the kernel for the length of its rows. Of a kernel that is "
    "wider than high it uses some weights twice and others never; of one that is higher than wide it reads beyond "
    "the weights and crashes if it finds what is no weight there. Of 97 such kernels on a real library of the 25.3 "
    "era, 32 crashed and 65 gave a wrong answer.",
    "The first layer of a keyword-spotting network: 1 channel to 8. A convolution over time: a kernel of 9x1.",
    ALL,
    f"{ETHOSU_LOWERING}; {ETHOSU_WEIGHTS}; executed: a build of 25.3 on a virtual device",
    rewrite="write it as CONV_2D: with one input channel that is the same operator with transposed weights; with "
    "several, the other weights are zeros",
    effects=(Effect.WRONG, Effect.CRASH),
)

STRIDE_OVERFLOW = teflon_hazard(
    "ethosu.stride-overflow",
    "A stride above 3 is accepted although the NPU's register cannot hold it.",
    "stride 1 to 3, even if the output has a single row or column",
    "Nothing checks the stride until main, which refuses convolutions like this but not poolings. For a stride S the "
    "register KERNEL_STRIDE holds the two low bits of S - 1; the driver writes the others into reserved bits. A "
    "global pooling never takes a second step, so its stride itself does not matter. What the hardware does with "
    "reserved bits is unknown; Linux up to 7.3.4 accepts them.",
    "A patch embedding with stride 4.",
    ALL,
    ETHOSU_LOWERING,
    rewrite="split the stride: with padding VALID, a stride of 4 is a stride of 2 followed by a 1x1 MAX_POOL_2D with "
    "stride 2; if the output has a single row and column, write a stride that is never taken as 1",
)


def find_pads(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield PADs that are folded wrongly or not executed at all."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted("PAD"):
        tensor, paddings = node.output_index, node.input(1)
        amounts = constant_values(paddings) if paddings is not None else None
        if tensor == NO_TENSOR or amounts is None:
            continue  # Paddings that are computed are teflon.operand-read-early.
        taker = graph.leaves_partition(node, tensor)
        readers = graph.readers_inside(node, tensor)
        others = [reader for reader in readers if reader.type not in CONVOLUTIONS]
        if taker or others or not readers:
            inside = ", ".join(reader.words for reader in others[:3])
            who = ", ".join(filter(None, (inside, taker))) or "nobody"
            message = f"'{graph.name_of(tensor)}' is never written, but {who} reads it"
            found = _in_words(_sides(amounts))
            if graph.is_alone(node):
                message += "; the partition needs no memory, and an empty buffer crashes the first inference"
                evidence = seen_on_25_3(graph.release)
                yield hazard_at(graph, PAD_FOLDED, node, message, found, evidence=evidence, effect=Effect.CRASH)
                continue
            yield hazard_at(graph, PAD_FOLDED, node, message, found, others=[reader.index for reader in others])
            continue
        problem = _fold_problem(graph, node, amounts, readers)
        if problem:
            found, evidence = _in_words(_sides(amounts)), seen_on_25_3(graph.release)
            folded = [reader.index for reader in readers]
            yield hazard_at(graph, PAD_FOLDED, node, problem, found, others=folded, evidence=evidence)


def _fold_problem(graph: TeflonGraph, pad: Node, amounts: tuple[int, ...], readers: tuple[Node, ...]) -> str:
    """Return what goes wrong when the PAD is folded into its readers, empty if nothing does."""
    if len(amounts) != 8 or any(amounts[:2]) or any(amounts[6:]):
        return "channels or batch are padded, which folding drops"
    sides = top, bottom, left, right = _sides(amounts)
    for convolution in readers:
        ifm, unpadded = convolution.input(0), pad.input(0)
        if ifm is None or unpadded is None:
            continue
        own_top, own_bottom, own_left, own_right = _own_padding(convolution, ifm)
        wanted = (top + own_top, bottom + own_bottom, left + own_left, right + own_right)
        if graph.release >= Release.M26_2_0:
            executed = (left + own_top, right + own_bottom, top + own_left, bottom + own_right)
        else:
            # Until 26.0 the driver computes SAME for the input without the PAD.
            measured = unpadded if graph.release <= Release.M26_0 else ifm
            _, below, _, behind = _own_padding(convolution, measured)
            executed = (1, below, 1, behind)
        if executed != wanted:
            own = f" (it also pads itself: {_in_words(wanted)} would be correct)" if wanted != sides else ""
            return f"the convolution after it is padded with {_in_words(executed)} instead{own}"
    return ""


def _own_padding(node: Node, ifm: Tensor) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of a convolution's own padding SAME over `ifm`; zeros for VALID."""
    if getattr(node.operator.options, "padding", Padding.VALID) is not Padding.SAME:
        return 0, 0, 0, 0
    _, height, width, _ = four_dimensions(ifm)
    (kernel_h, kernel_w), (stride_h, stride_w) = _kernel(node), node.strides
    return *same_padding(height, kernel_h, stride_h), *same_padding(width, kernel_w, stride_w)


def _sides(amounts: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of constant paddings, read as those of the last three dimensions."""
    *_, top, bottom, left, right, _front, _back = (0,) * max(0, 6 - len(amounts)) + amounts
    return top, bottom, left, right


def _in_words(sides: tuple[int, int, int, int]) -> str:
    top, bottom, left, right = sides
    return f"top {top}, bottom {bottom}, left {left}, right {right}"


def find_padding_underflows(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield windows whose SAME padding underflows."""
    if graph.release not in _OLD:
        return
    for node in graph.accepted(*CONVOLUTIONS, *POOLS):
        ifm, ofm = node.input(0), node.output
        if ifm is None or ofm is None or ifm.shape is None or ofm.shape is None:
            continue
        if getattr(node.operator.options, "padding", None) is not Padding.SAME:
            continue
        (_, in_h, in_w, _), (_, out_h, out_w, _) = four_dimensions(ifm), four_dimensions(ofm)
        (kernel_h, kernel_w), (stride_h, stride_w) = _kernel(node), node.strides
        lacking = [
            name
            for name, size_in, size_out, kernel, stride in (
                ("height", in_h, out_h, kernel_h, stride_h),
                ("width", in_w, out_w, kernel_w, stride_w),
            )
            if (size_out - 1) * stride + kernel < size_in
        ]
        if lacking:
            yield hazard_at(
                graph,
                PADDING_UNDERFLOW,
                node,
                f"the padding in {' and '.join(lacking)} becomes 65535 instead of 0",
                f"kernel {kernel_h}x{kernel_w}, stride {stride_h}x{stride_w}, input {in_h}x{in_w}",
            )


def _kernel(node: Node) -> tuple[int, int]:
    options, weights = node.operator.options, node.input(1)
    if isinstance(options, Pool2DOptions):
        return options.filter_height, options.filter_width
    if weights is None:
        return 1, 1
    _, height, width, _ = four_dimensions(weights)
    return height, width


def find_depth_multipliers(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield depthwise convolutions whose weights are read in the wrong order."""
    for node in graph.accepted("DEPTHWISE_CONV_2D"):
        ifm, ofm = node.input(0), node.output
        if ifm is None or ofm is None or ifm.shape is None or ofm.shape is None:
            continue
        depth_in, depth_out, kernel = four_dimensions(ifm)[3], four_dimensions(ofm)[3], _kernel(node)
        found = f"{depth_in} channels in, {depth_out} out, kernel {kernel[0]}x{kernel[1]}"
        if depth_in > 1 and depth_out > depth_in:
            message = f"the depth multiplier of {depth_out // depth_in} is not handled"
            yield hazard_at(graph, DEPTHWISE_WEIGHTS, node, message, found, evidence=inferred_on_main(graph.release))
        elif depth_in == 1 and depth_out > 1 and kernel != (1, 1) and graph.release <= Release.M26_1:
            yield hazard_at(
                graph,
                DEPTHWISE_WEIGHTS,
                node,
                "it is treated as a normal convolution, but its weights are not transposed",
                found,
            )
        elif depth_in > 1 and kernel[0] > 1 and kernel[0] != kernel[1] and graph.release in _OLD:
            is_higher = kernel[0] > kernel[1]
            yield hazard_at(
                graph,
                DEPTHWISE_WEIGHTS,
                node,
                "the driver reads beyond the weights: it crashes, or the answer is wrong"
                if is_higher
                else "the rows of its weights are taken to be as long as the kernel is high",
                found,
                evidence=seen_on_25_3(graph.release),
                effect=Effect.CRASH if is_higher else Effect.WRONG,
                certain=not is_higher,
            )


def find_large_strides(graph: TeflonGraph) -> Iterator[Hazard]:
    """Yield strides that are used and that the NPU's register cannot hold."""
    for node in graph.accepted(*CONVOLUTIONS, *POOLS):
        ofm = node.output
        if ofm is None or ofm.shape is None:
            continue
        _, out_h, out_w, _ = four_dimensions(ofm)
        stride_h, stride_w = node.strides
        if max(stride_h, stride_w) <= 3:
            continue
        found = f"stride {stride_h}x{stride_w}, output {out_h}x{out_w}"
        if (stride_h > 3 and out_h > 1) or (stride_w > 3 and out_w > 1):
            evidence = inferred_on_main(graph.release)
            yield hazard_at(
                graph, STRIDE_OVERFLOW, node, "the stride does not fit its register field", found, evidence=evidence
            )
        else:
            message = (
                "the stride is never taken, but it sets reserved bits of KERNEL_STRIDE "
                f"({_reserved_bits(stride_h, stride_w):#06x}), and what the hardware does with them is unknown"
            )
            yield hazard_at(graph, STRIDE_OVERFLOW, node, message, found, evidence=Evidence.INFERRED)


def _reserved_bits(stride_h: int, stride_w: int) -> int:
    """Return what is written into reserved bits: above bit 6 for the stride along the width, above 9 for the height."""
    return ((stride_w - 1 >> 1) << 6 | (stride_h - 1 >> 1) << 9) & 0xFFFF & ~(1 << 6 | 1 << 9)
