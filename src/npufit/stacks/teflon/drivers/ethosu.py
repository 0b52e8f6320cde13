"""What the ethosu driver (Arm Ethos-U65 and U85) accepts. A new rule is one more `Check` in `ETHOSU`."""

from __future__ import annotations

from math import prod

from npufit.graph import CONVOLUTIONS, constant_values
from npufit.stacks.rule import Rule
from npufit.stacks.teflon.check import Check
from npufit.stacks.teflon.drivers import common
from npufit.stacks.teflon.drivers.driver import Driver
from npufit.stacks.teflon.node import Node, four_dimensions
from npufit.stacks.teflon.release import ALL, Release, describe, since, until
from npufit.stacks.teflon.sources import ETHOSU_26_1, ETHOSU_26_2, ETHOSU_MAIN, ETHOSU_OLD

_OLD = until(Release.M26_0)
_MAIN = frozenset({Release.MAIN})

_ACCEPTED_SINCE: dict[str, Release] = {
    **dict.fromkeys(
        (
            "CONV_2D",
            "DEPTHWISE_CONV_2D",
            "AVERAGE_POOL_2D",
            "MAX_POOL_2D",
            "ADD",
            "CONCATENATION",
            "STRIDED_SLICE",
            "RESIZE_NEAREST_NEIGHBOR",
            "PAD",
        ),
        Release.M25_3,
    ),
    **dict.fromkeys(
        (
            "FULLY_CONNECTED",
            "RESHAPE",
            "LOGISTIC",
            "TANH",
            "HARD_SWISH",
            "LEAKY_RELU",
            "QUANTIZE",
            "MUL",
            "MAXIMUM",
            "MINIMUM",
        ),
        Release.M26_2_0,
    ),
    "SUB": Release.MAIN,
    "SOFTMAX": Release.MAIN,
}
"""The operator types that the driver implements, and the release that added each."""


def _taken(since: Release) -> str:
    return ", ".join(sorted(name for name, first in _ACCEPTED_SINCE.items() if first is since))


def _unsupported(node: Node, release: Release) -> str | None:
    first = _ACCEPTED_SINCE.get(node.type)
    return None if first is not None and release >= first else node.type


def _wide_element(node: Node, release: Release) -> str | None:
    for role, tensor in (("input", node.input(0)), ("output", node.output)):
        if tensor is not None and tensor.element.bits == 32:
            return f"{role} '{node.name_of(tensor)}' is {tensor.element}"
    return None


def _large_stride(node: Node, release: Release) -> str | None:
    height, width = node.strides
    return f"stride {height}x{width}" if max(height, width) > 3 else None


def _concat_axis(node: Node, release: Release) -> str | None:
    axis = node.concatenation_axis
    return None if -1 <= axis <= 3 else f"axis {axis}"


def _resize_factor(node: Node, release: Release) -> str | None:
    ifm, ofm = node.input(0), node.output
    if ifm is None or ofm is None:
        return None
    (_, in_h, in_w, _), (_, out_h, out_w, _) = four_dimensions(ifm), four_dimensions(ofm)
    return None if (out_h, out_w) == (2 * in_h, 2 * in_w) else f"{in_h}x{in_w} to {out_h}x{out_w}"


def _pad_shape(node: Node, release: Release) -> str | None:
    ifm, paddings, ofm = node.input(0), node.input(1), node.output
    amounts = constant_values(paddings) if paddings is not None else None
    if ifm is None or ofm is None or amounts is None:
        return "paddings that are not constant"
    shape = ifm.shape or ()
    expected = tuple(size + sum(amounts[2 * axis : 2 * axis + 2]) for axis, size in enumerate(shape))
    return None if expected == ofm.shape else f"output {list(ofm.shape or ())}, input and paddings {list(expected)}"


def _fully_connected_shape(node: Node, release: Release) -> str | None:
    ifm, weights, ofm = node.input(0), node.input(1), node.output
    if ifm is None or ofm is None:
        return None
    if weights is None:
        return "no weights"
    lead_n, lead_h, depth_out, depth_in = four_dimensions(weights)
    if (lead_n, lead_h) != (1, 1) or not depth_out or not depth_in:
        return f"weights {list(weights.shape or ())}"
    # With keep_num_dims a rank-3 input [1, N, I] arrives as [1, 1, N, I]: the batch is still the first of four.
    if four_dimensions(ifm)[0] != four_dimensions(ofm)[0]:
        return f"batch {four_dimensions(ifm)[0]} in, {four_dimensions(ofm)[0]} out"
    elements_in, elements_out = prod(four_dimensions(ifm)), prod(four_dimensions(ofm))
    if elements_in % depth_in or elements_out != elements_in // depth_in * depth_out:
        return f"{elements_in} elements in, {elements_out} out, weights {depth_out}x{depth_in}"
    return None


def _subtract_broadcast(node: Node, release: Release) -> str | None:
    first, second, ofm = node.input(0), node.input(1), node.output
    if first is None or second is None or ofm is None:
        return None
    wanted = four_dimensions(ofm)
    if four_dimensions(first) != wanted and four_dimensions(second) != wanted:
        return f"{list(first.shape or ())} minus {list(second.shape or ())}"
    return None


def _softmax_form(node: Node, release: Release) -> str | None:
    ifm, ofm = node.input(0), node.output
    if ifm is None or ofm is None:
        return None
    if not ifm.element.is_8_bit or ifm.element is not ofm.element:
        return f"{ifm.element} in, {ofm.element} out"
    depth = four_dimensions(ifm)[3]
    return None if 2 <= depth <= 4095 else f"depth {depth}"


def _rule(
    slug: str,
    statement: str,
    limit: str,
    why: str,
    example: str,
    way_out: str,
    versions: frozenset[Release],
    source: str,
) -> Rule:
    return common.driver_rule(
        f"ethosu.{slug}", statement, limit, why, example, way_out, versions=describe(versions), source=source
    )


UNSUPPORTED = _rule(
    "unsupported-type",
    "Teflon translates this operator type, but the ethosu driver has no implementation for it.",
    "a type that the driver of this release implements",
    "The frontend is shared by three drivers; it maps more than any of them takes. This driver takes from 25.3 on: "
    + _taken(Release.M25_3)
    + ". From 26.2 on also: "
    + _taken(Release.M26_2_0)
    + ". In main also: "
    + _taken(Release.MAIN)
    + ".",
    "RESHAPE and LOGISTIC in 25.3 to 26.1; RELU, ABS, SPLIT and TRANSPOSE in every release.",
    "express it with operators that the driver implements, or move it out of the middle of the graph",
    ALL,
    f"{ETHOSU_OLD}; {ETHOSU_26_1}; {ETHOSU_26_2}; {ETHOSU_MAIN}",
)

WIDE_ELEMENT = _rule(
    "element-size",
    "An operator whose first input or output has elements of four bytes (float32, int32) is refused.",
    "first input and output with elements of 1 or 2 bytes",
    "The source gives no reason. Before 26.1 this was not checked: these operators were accepted and computed wrongly "
    "(see teflon.element-type).",
    "The QUANTIZE at the start of a network with float input; shape arithmetic in int32.",
    "give the network int8 or uint8 inputs and outputs, and quantize the float operators in its middle",
    since(Release.M26_1),
    ETHOSU_26_1,
)

PER_CHANNEL = _rule(
    "per-channel",
    "A convolution is refused if its input, weights, bias or output are quantized per channel.",
    "one scale for each of input, weights, bias and output",
    "The driver of these releases handles one scale per tensor. The TFLite converter makes per-channel weights by "
    "default, so in practically every int8 model all convolutions fall back to the CPU.",
    "A Keras MobileNetV2 after post-training quantization: 52 of 52 convolutions on the CPU.",
    "quantize the weights per tensor (costs accuracy)",
    _OLD,
    ETHOSU_OLD,
)

DILATION = _rule(
    "dilation",
    "A dilated convolution is refused.",
    "dilation 1x1",
    "The source gives no reason.",
    "The atrous convolutions of DeepLab.",
    "write the dilated kernel explicitly, with zeros between its taps (SPACE_TO_BATCH_ND does not help: it is not "
    "mapped)",
    ALL,
    f"{ETHOSU_OLD}; {ETHOSU_26_2}; {ETHOSU_MAIN}",
)

STRIDE = _rule(
    "stride",
    "A convolution with a stride above 3 is refused.",
    "stride 1 to 3 in height and width",
    "The register field cannot hold more. Older releases accept the operator: see ethosu.stride-overflow.",
    "A patch embedding with stride 4.",
    "split the stride: with padding VALID, a stride of 4 is a stride of 2 followed by a 1x1 MAX_POOL_2D with stride 2",
    _MAIN,
    ETHOSU_MAIN,
)

ADD_CONSTANT = _rule(
    "add-constant",
    "ADD is refused if one of its operands is a constant.",
    "both operands computed",
    "The source gives no reason; later releases take constants.",
    "x + 3 in a hard-swish that was not fused.",
    "fold the constant into the bias of the convolution before it",
    _OLD,
    ETHOSU_OLD,
)

CONCAT_LAST_AXIS = _rule(
    "concat-last-axis",
    "CONCATENATION is refused unless the file writes its axis as 3 or -1.",
    "axis 3 or -1, as written in the file, for any rank",
    "Only joining along the channels is implemented, and the axis is not normalised: axis 2 of a rank-3 tensor is the "
    "same axis but is refused.",
    "The box and class concatenations of an SSD network (axis 1).",
    "write the axis as 3 or -1 if it is the last; no way out is known for other axes",
    until(Release.M26_1),
    ETHOSU_26_1,
)

CONCAT_AXIS = _rule(
    "concat-axis",
    "CONCATENATION is refused if the file writes a negative axis other than -1.",
    "axis -1 to 3, as written in the file",
    "The driver uses the number as the file writes it.",
    "axis -3 of a rank-4 tensor.",
    "write the axis as a positive number (ethosu.concat-misplaced says which axes are then computed correctly)",
    since(Release.M26_2_0),
    ETHOSU_26_2,
)

RESIZE_FACTOR = _rule(
    "resize-factor",
    "RESIZE_NEAREST_NEIGHBOR is refused unless it doubles height and width exactly.",
    "output height and width exactly twice the input's",
    "The driver executes every resize as an exact doubling; until 26.0 without a check (see ethosu.resize-doubled).",
    "An upsampling by 3 or to an odd size.",
    "write a factor of 4 as two of 2; no way out is known for other factors",
    since(Release.M26_1),
    ETHOSU_26_1,
)

PAD_SHAPE = _rule(
    "pad-shape",
    "PAD is refused if its output is not its input plus the paddings.",
    "output = input + constant paddings, per dimension",
    "The driver of main executes PAD, and checks its shapes first.",
    "A PAD whose paddings are computed at run time.",
    "make the paddings a constant that leads from the input's shape to the output's",
    _MAIN,
    ETHOSU_MAIN,
)

FULLY_CONNECTED_SHAPE = _rule(
    "fully-connected-shape",
    "FULLY_CONNECTED is refused unless its shapes are those of one matrix product with an unchanged batch.",
    "weights [O, I]; first of four dimensions equal in and out; output elements = input elements / I * O",
    "The source gives no reason.",
    "A product from [2, 1, 1, 64] to [2, 10]: the batch of 2 becomes a width.",
    "put a RESHAPE before it, so that the first of four dimensions is the same in and out",
    since(Release.M26_2_0),
    ETHOSU_26_2,
)

SUBTRACT_BROADCAST = _rule(
    "subtract-broadcast",
    "SUB is refused if both operands would have to be broadcast.",
    "at most one operand smaller than the output",
    "On the Ethos-U65 the subtrahend must not be broadcast if the minuend is.",
    "[1, 8, 1, 16] minus [1, 1, 8, 16].",
    "expand one operand beforehand",
    _MAIN,
    ETHOSU_MAIN,
)

SOFTMAX_FORM = _rule(
    "softmax-form",
    "SOFTMAX is refused unless it is int8 or uint8 on both sides with a depth of 2 to 4095.",
    "int8 or uint8, the same type in and out, depth 2 to 4095",
    "The source gives no reason for the limits.",
    "A SOFTMAX over int16.",
    "quantize its input and output alike",
    _MAIN,
    ETHOSU_MAIN,
)

_CONCATENATION = frozenset({"CONCATENATION"})

ETHOSU = Driver(
    "ethosu",
    (
        Check(UNSUPPORTED, None, ALL, _unsupported, ALL),
        Check(WIDE_ELEMENT, None, since(Release.M26_1), _wide_element, ALL),
        Check(PER_CHANNEL, CONVOLUTIONS, _OLD, common.per_channel, ALL),
        Check(DILATION, CONVOLUTIONS, ALL, common.dilation, ALL),
        Check(STRIDE, CONVOLUTIONS, _MAIN, _large_stride, ALL),
        Check(ADD_CONSTANT, frozenset({"ADD"}), _OLD, common.constant_operand, ALL),
        Check(CONCAT_LAST_AXIS, _CONCATENATION, until(Release.M26_1), common.axis_not_last, ALL),
        Check(CONCAT_AXIS, _CONCATENATION, since(Release.M26_2_0), _concat_axis, ALL),
        Check(RESIZE_FACTOR, frozenset({"RESIZE_NEAREST_NEIGHBOR"}), since(Release.M26_1), _resize_factor, ALL, True),
        Check(PAD_SHAPE, frozenset({"PAD"}), _MAIN, _pad_shape, ALL, True),
        Check(
            FULLY_CONNECTED_SHAPE,
            frozenset({"FULLY_CONNECTED"}),
            since(Release.M26_2_0),
            _fully_connected_shape,
            ALL,
            True,
        ),
        Check(SUBTRACT_BROADCAST, frozenset({"SUB"}), _MAIN, _subtract_broadcast, ALL, True),
        Check(SOFTMAX_FORM, frozenset({"SOFTMAX"}), _MAIN, _softmax_form, ALL, True),
    ),
    {
        Release.M25_3: ETHOSU_OLD,
        Release.M26_0: ETHOSU_OLD,
        Release.M26_1: ETHOSU_26_1,
        Release.M26_2_0: ETHOSU_26_2,
        Release.M26_2: ETHOSU_26_2,
        Release.MAIN: ETHOSU_MAIN,
    },
)
