"""Hazards of windows that move over an image: padding, strides, depth multipliers (H2, H3, H7, H12)."""

from __future__ import annotations

from collections.abc import Iterator

from npufit.graph import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Padding,
    Pool2DOptions,
    constant_values,
    same_padding,
)
from npufit.stacks.placement import Hazard
from npufit.stacks.rule import Evidence
from npufit.stacks.teflon.hazards.hazard import PlacedGraph, hazard_rule, report
from npufit.stacks.teflon.node import CONVOLUTIONS, POOLS, Node, four_dimensions
from npufit.stacks.teflon.release import ALL, Release, until
from npufit.stacks.teflon.sources import ETHOSU_LOWERING

_RELEASED = until(Release.M26_2)
_OLD = until(Release.M26_0)

H2 = hazard_rule(
    "H2",
    "PAD is accepted but never executed: it is folded into the convolution behind it, with the wrong amounts.",
    "until 26.1: 1 row above and 1 column to the left, nothing else; in 26.2: the same amounts in height and width; "
    "a convolution without padding of its own as the only reader",
    "The driver drops the PAD and pads the convolution instead. Until 26.1 it pads one row above and one column to "
    "the left whatever the PAD says; 26.2 uses the amounts but exchanges height and width. Where the reader is no "
    "convolution, or the padded tensor leaves the partition, nobody writes it.",
    "The four PADs before the stride-2 depthwise convolutions of a Keras MobileNetV2 of TF <= 2.16 (0, 1, 0, 1). "
    "Executed, three quarters of the first layer behind it differ from the reference.",
    _RELEASED,
    f"{ETHOSU_LOWERING}; seen when captured submissions of 25.3 were executed",
    rewrite="fold the PAD into the convolution as padding SAME where that is the same (it is for 0, 1, 0, 1 before a "
    "stride of 2 on even sizes; TensorFlow 2.18 and later export it so)",
    fixed_in="main",
)

H3 = hazard_rule(
    "H3",
    "SAME padding of a window that is smaller than its stride underflows to 65535.",
    "(output - 1) * stride + kernel >= input, in height and width",
    "The total padding is computed without a sign. A 1x1 convolution with stride 2 on an even size needs -1.",
    "The 1x1 stride-2 shortcut of a ResNet at 56x56.",
    _OLD,
    f"{ETHOSU_LOWERING}; release notes of Mesa 26.1.0",
    rewrite="use padding VALID: with a window smaller than its stride it computes the same",
    fixed_in="26.1",
)

H7 = hazard_rule(
    "H7",
    "A depthwise convolution with one input channel, or with a depth multiplier, is computed with the weights in the "
    "wrong order.",
    "as many output channels as input channels, or one input channel and a kernel of 1x1",
    "Until 26.1 a depthwise convolution of one channel into several is taken for a normal one without turning its "
    "weights; 26.2 turns them. A depth multiplier above 1 over several channels is not handled in any release.",
    "The first layer of a keyword-spotting network: 1 channel to 8.",
    ALL,
    ETHOSU_LOWERING,
    rewrite="write it as CONV_2D: with one input channel that is the same operator with its weights transposed",
)

H12 = hazard_rule(
    "H12",
    "A stride above 3 is accepted although the NPU's register cannot hold it.",
    "stride 1 to 3 in height and width",
    "Nothing checks the stride until main, which refuses such convolutions.",
    "A patch embedding with stride 4; an average pooling with stride 7.",
    ALL,
    ETHOSU_LOWERING,
    rewrite="split the stride into two operators",
)


def find_pads(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H2: PADs that are folded away wrongly or not executed at all."""
    if graph.release not in _RELEASED:
        return
    for node in graph.accepted("PAD"):
        tensor = node.operator.outputs[0]
        name = graph.tensor(tensor).name
        paddings = node.input(1)
        amounts = constant_values(paddings) if paddings is not None else None
        if amounts is None:
            yield report(graph, H2, (node.index,), (tensor,), "the paddings are computed at run time and are read "
                         "before that", "paddings that are not a constant")  # fmt: skip
            continue
        taker = graph.leaves_partition(node.index, tensor)
        readers = graph.readers_inside(node.index, tensor)
        others = [reader for reader in readers if graph.subgraph.operators[reader].type not in CONVOLUTIONS]
        if taker or others or not readers:
            who = taker or ", ".join(f"operator {r} ({graph.subgraph.operators[r].name})" for r in others)
            yield report(
                graph,
                H2,
                (node.index, *others),
                (tensor,),
                f"'{name}' is never written, and {who or 'nobody'} reads it",
                _amounts_in_words(amounts),
            )
            continue
        problem = _fold_problem(graph, amounts, readers)
        if problem:
            yield report(graph, H2, (node.index, *readers), (tensor,), problem, _amounts_in_words(amounts))


def _fold_problem(graph: PlacedGraph, amounts: tuple[int, ...], readers: tuple[int, ...]) -> str:
    """Return what goes wrong when the PAD is folded into its readers, empty where it is right."""
    *outer, top, bottom, left, right, front, back = (0,) * max(0, 8 - len(amounts)) + amounts
    if any(outer) or front or back:
        return "channels or batch are padded, which folding drops"
    for reader in readers:
        own = _own_padding(Node(graph.subgraph, reader))
        if own:
            return f"operator {reader} pads by itself as well ({own}), and the two are not added"
    if graph.release <= Release.M26_1:
        if (top, bottom, left, right) == (1, 0, 1, 0):
            return ""
        return "the convolution is padded with 1 row above and 1 column to the left instead"
    if (top, bottom) == (left, right):
        return ""
    return "the convolution is padded with height and width exchanged"


def _own_padding(node: Node) -> str:
    options, ifm, weights = node.operator.options, node.input(0), node.input(1)
    if not isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)) or options.padding is Padding.VALID:
        return ""
    if ifm is None or weights is None:
        return ""
    _, height, width, _ = four_dimensions(ifm)
    _, kernel_h, kernel_w, _ = four_dimensions(weights)
    vertical = same_padding(height, kernel_h, max(1, options.stride_h))
    horizontal = same_padding(width, kernel_w, max(1, options.stride_w))
    return f"SAME, {vertical} and {horizontal}" if any((*vertical, *horizontal)) else ""


def _amounts_in_words(amounts: tuple[int, ...]) -> str:
    *_, top, bottom, left, right, _front, _back = (0,) * max(0, 8 - len(amounts)) + amounts
    return f"top {top}, bottom {bottom}, left {left}, right {right}"


def find_padding_underflows(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H3: windows whose SAME padding underflows."""
    if graph.release not in _OLD:
        return
    for node in graph.accepted(*CONVOLUTIONS, *POOLS):
        options, ifm, ofm = node.operator.options, node.input(0), node.output
        if ifm is None or ofm is None or getattr(options, "padding", None) is not Padding.SAME:
            continue
        kernel = _kernel(node)
        for axis, size in enumerate(("height", "width"), start=1):
            stride = max(1, node.strides[axis - 1])
            reach = (four_dimensions(ofm)[axis] - 1) * stride + kernel[axis - 1]
            if reach < four_dimensions(ifm)[axis]:
                yield report(
                    graph,
                    H3,
                    (node.index,),
                    node.operator.outputs[:1],
                    f"the padding in {size} becomes 65535 instead of 0",
                    f"kernel {kernel[0]}x{kernel[1]}, stride {node.strides[0]}x{node.strides[1]}, input "
                    f"{four_dimensions(ifm)[1]}x{four_dimensions(ifm)[2]}",
                )
                break


def _kernel(node: Node) -> tuple[int, int]:
    options, weights = node.operator.options, node.input(1)
    if isinstance(options, Pool2DOptions):
        return options.filter_height, options.filter_width
    if weights is None:
        return 1, 1
    _, height, width, _ = four_dimensions(weights)
    return height, width


def find_depth_multipliers(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H7: depthwise convolutions whose weights are read in the wrong order."""
    for node in graph.accepted("DEPTHWISE_CONV_2D"):
        ifm, ofm = node.input(0), node.output
        if ifm is None or ofm is None:
            continue
        depth_in, depth_out = four_dimensions(ifm)[3], four_dimensions(ofm)[3]
        found = f"{depth_in} channels in, {depth_out} out, kernel {_kernel(node)[0]}x{_kernel(node)[1]}"
        if depth_in > 1 and depth_out > depth_in:
            message = f"the depth multiplier of {depth_out // depth_in} is not handled"
            yield report(graph, H7, (node.index,), node.operator.outputs[:1], message, found)
        elif depth_in == 1 and depth_out > 1 and _kernel(node) != (1, 1) and graph.release <= Release.M26_1:
            message = "it is taken for a normal convolution, but its weights are not turned"
            yield report(graph, H7, (node.index,), node.operator.outputs[:1], message, found)


def find_large_strides(graph: PlacedGraph) -> Iterator[Hazard]:
    """Yield H12: strides that the NPU's register cannot hold."""
    for node in graph.accepted(*CONVOLUTIONS, *POOLS):
        height, width = node.strides
        if max(height, width) > 3:
            yield report(
                graph,
                H12,
                (node.index,),
                node.operator.outputs[:1],
                "the stride does not fit its register field",
                f"stride {height}x{width}",
                Evidence.INFERRED if node.type in POOLS else None,
            )
