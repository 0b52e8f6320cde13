"""What the etnaviv driver (VeriSilicon VIPNano: i.MX8M Plus, A311D) accepts.

Its source was read in a state from the 26.1 era; for other releases the rules are inferred.
"""

from __future__ import annotations

from npufit.graph import CONVOLUTIONS, constant_values
from npufit.stacks.rule import Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.teflon.check import Check
from npufit.stacks.teflon.drivers import common
from npufit.stacks.teflon.drivers.driver import Driver
from npufit.stacks.teflon.node import Node, four_dimensions
from npufit.stacks.teflon.release import ALL, Release, describe
from npufit.stacks.teflon.sources import ETNAVIV as SOURCE
from npufit.stacks.teflon.sources import FRONTEND_NEW

READ = frozenset({Release.M26_1})
VERSIONS = "read for 26.1; inferred for the other releases"
_ACCEPTED = frozenset(
    {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "ADD",
        "SUB",
        "CONCATENATION",
        "SPLIT",
        "PAD",
        "FULLY_CONNECTED",
        "RESHAPE",
        "LOGISTIC",
        "RELU",
        "ABS",
        "TRANSPOSE",
    }
)
_PERMUTATIONS = ((0, 3, 1, 2), (0, 2, 3, 1))
_MAX_PAD = 2
_MAX_FULLY_CONNECTED_DEPTH = 1280


def _unsupported(node: Node, release: Release) -> str | None:
    return None if node.type in _ACCEPTED else node.type


def _split(node: Node, release: Release) -> str | None:
    axis_tensor = node.input(0)
    axis = constant_values(axis_tensor) if axis_tensor is not None else None
    if axis is None or axis[0] not in (3, -1):
        return f"axis {axis[0]}" if axis else "an axis that is not constant"
    depths = [four_dimensions(tensor)[3] for tensor in node.outputs]
    return None if len(set(depths)) <= 1 else f"outputs with {', '.join(map(str, depths[:8]))} channels"


def _pad(node: Node, release: Release) -> str | None:
    paddings = node.input(1)
    amounts = constant_values(paddings) if paddings is not None else None
    if amounts is None:
        return "paddings that are not constant"
    largest = max(amounts[:8], default=0)
    return None if largest <= _MAX_PAD else f"a padding of {largest}"


def _pad_rank(node: Node, release: Release) -> str | None:
    paddings = node.input(1)
    amounts = constant_values(paddings) if paddings is not None else None
    return None if amounts is None or len(amounts) >= 8 else f"{len(amounts)} paddings, but 8 are read"


def _fully_connected_depth(node: Node, release: Release) -> str | None:
    ifm = node.input(0)
    depth = four_dimensions(ifm)[3] if ifm is not None else 0
    return None if depth < _MAX_FULLY_CONNECTED_DEPTH else f"last dimension {depth}"


def _permutation(node: Node, release: Release) -> str | None:
    order = node.input(1)
    values = constant_values(order) if order is not None else None
    return None if values is not None and values[:4] in _PERMUTATIONS else f"permutation {values}"


def _rule(slug: str, statement: str, limit: str, why: str, example: str, way_out: str) -> Rule:
    return common.driver_rule(
        f"etnaviv.{slug}", statement, limit, why, example, way_out, versions=VERSIONS, source=SOURCE
    )


UNSUPPORTED = _rule(
    "unsupported-type",
    "Teflon translates this operator type, but the etnaviv driver has no implementation for it.",
    "a type that the driver implements: " + ", ".join(sorted(_ACCEPTED)),
    "The frontend is shared by three drivers; it maps more than any of them takes.",
    "MAX_POOL_2D, AVERAGE_POOL_2D, MUL.",
    "an average pooling without padding can be written as a depthwise convolution with equal weights",
)
PER_CHANNEL = common.per_channel_rule("etnaviv", VERSIONS, SOURCE)
DILATION = common.dilation_rule("etnaviv", VERSIONS, SOURCE)
CONSTANT_OPERAND = _rule(
    "constant-operand",
    "ADD and SUB are refused if one operand is a constant.",
    "both operands computed",
    "The source gives no reason for the limit.",
    "x + 3 in a hard-swish that was not fused.",
    "fold the constant into the bias of the convolution before it",
)
CONCAT_AXIS = _rule(
    "concat-axis",
    "CONCATENATION is refused unless the file writes its axis as 3 or -1.",
    "axis 3 or -1, as written in the file",
    "The driver uses the number as the file writes it, for any rank.",
    "The box and class concatenations of an SSD network (axis 1).",
    "write the axis as 3 or -1 if it is the last; no way out is known for other axes",
)
SPLIT = _rule(
    "split",
    "SPLIT is refused unless it cuts the channels into equal parts.",
    "axis 3 or -1 and the same number of channels in every output",
    "The source gives no reason.",
    "A split along the height.",
    "",
)
PAD = _rule(
    "pad",
    "PAD is refused if an amount is above 2.",
    f"each amount at most {_MAX_PAD}",
    "The source gives no reason for the limit.",
    "The 3-pixel padding before the 7x7 convolution of a Keras ResNet.",
    "fold the PAD into the convolution after it as padding SAME if that is equivalent",
)
PAD_RANK = Rule(
    id="etnaviv.pad-rank",
    kind=RuleKind.UNKNOWN,
    stage=Stage.DRIVER_CHECK,
    statement="Whether a PAD of fewer than four dimensions is accepted depends on the bytes after its paddings.",
    limit="a PAD of rank 4; or one with an amount above 2, which is refused",
    why="Teflon copies eight paddings, but a tensor of rank 3 has six. The driver compares all eight with its limit "
    "of 2, so the bytes after the operand in the file decide.",
    example="A PAD of rank 3: Debian's 26.1.6 and 26.2.6 left the one that was tried on the CPU.",
    remedies=(Remedy(RemedyKind.REWRITE, "put a RESHAPE to rank 4 around the PAD"),),
    versions=describe(ALL),
    evidence=Evidence.EXECUTED,
    source=f"{FRONTEND_NEW}; {SOURCE}; executed: Debian's binaries on a virtual device",
)
FULLY_CONNECTED_DEPTH = _rule(
    "fully-connected-depth",
    "FULLY_CONNECTED is refused if the last dimension of its input is 1280 or more.",
    f"last input dimension below {_MAX_FULLY_CONNECTED_DEPTH}",
    "The source gives no reason for the limit.",
    "The classifier of MobileNetV2: 1280 inputs.",
    "write it as a 1x1 CONV_2D over [1, 1, 1, depth], for which no limit was found",
)
TRANSPOSE = _rule(
    "transpose",
    "TRANSPOSE is refused unless it moves the channels to the front or to the back.",
    "permutation (0, 3, 1, 2) or (0, 2, 3, 1)",
    "The source gives no reason.",
    "The channel shuffle of ShuffleNet.",
    "",
)

ETNAVIV = Driver(
    "etnaviv",
    (
        Check(UNSUPPORTED, None, ALL, _unsupported, READ),
        Check(PER_CHANNEL, CONVOLUTIONS, ALL, common.per_channel, READ),
        Check(DILATION, CONVOLUTIONS, ALL, common.dilation, READ),
        Check(CONSTANT_OPERAND, frozenset({"ADD", "SUB"}), ALL, common.constant_operand, READ),
        Check(CONCAT_AXIS, frozenset({"CONCATENATION"}), ALL, common.axis_not_last, READ),
        Check(SPLIT, frozenset({"SPLIT"}), ALL, _split, READ, True),
        Check(PAD, frozenset({"PAD"}), ALL, _pad, READ),
        Check(PAD_RANK, frozenset({"PAD"}), ALL, _pad_rank, READ),
        Check(FULLY_CONNECTED_DEPTH, frozenset({"FULLY_CONNECTED"}), ALL, _fully_connected_depth, READ, True),
        Check(TRANSPOSE, frozenset({"TRANSPOSE"}), ALL, _permutation, READ),
    ),
    {Release.M26_1: SOURCE},
)
