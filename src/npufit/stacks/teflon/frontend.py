"""What Teflon itself translates and refuses, before any driver is asked.

The rules are the same for ethosu, etnaviv and rocket. A new rule is one more `Check` in `CHECKS`.
"""

from __future__ import annotations

from npufit.graph import CONVOLUTIONS, Activation, ElementType, constant_values
from npufit.stacks.rule import Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.teflon.check import Check
from npufit.stacks.teflon.node import Node, real_maximum
from npufit.stacks.teflon.release import ALL, Release, describe, until
from npufit.stacks.teflon.sources import FRONTEND_NEW

MAPPED_SINCE: dict[str, Release] = {
    **dict.fromkeys(
        (
            "CONV_2D",
            "DEPTHWISE_CONV_2D",
            "ADD",
            "AVERAGE_POOL_2D",
            "MAX_POOL_2D",
            "CONCATENATION",
            "SPLIT",
            "PAD",
            "FULLY_CONNECTED",
            "RESHAPE",
            "RELU",
            "ABS",
            "LOGISTIC",
            "SUB",
            "TRANSPOSE",
            "STRIDED_SLICE",
            "RESIZE_NEAREST_NEIGHBOR",
        ),
        Release.M25_3,
    ),
    **dict.fromkeys(
        ("MUL", "TANH", "HARD_SWISH", "LEAKY_RELU", "QUANTIZE", "MAXIMUM", "MINIMUM"),
        Release.M26_2_0,
    ),
}
"""The builtin operators that Teflon translates, and the release that added each."""

READ = until(Release.M26_2)
"""The frontend of main was not read; its behaviour is inferred from 26.2."""


def _type_of(node: Node, release: Release) -> str | None:
    first = MAPPED_SINCE.get(node.type)
    if first is not None and release >= first:
        return None
    return node.operator.name if node.type != "CUSTOM" else f"the custom operator {node.operator.name}"


def _relu6_maximum(node: Node, release: Release) -> str | None:
    output = node.output
    if node.activation is not Activation.RELU6 or output is None or not output.element.is_8_bit:
        return None
    channels = range(max(1, len(output.quantization.scales)))
    maxima = [real_maximum(output, channel) for channel in channels]
    above = [maximum for maximum in maxima if maximum > 6.0]
    if not above:
        return None
    quantization = output.quantization
    digits = 6 if max(above) > 6.0001 else 8
    return f"{max(above):.{digits}g} (scale {quantization.scale:.8g}, zero point {quantization.zero_point})"


def _relu6_type(node: Node, release: Release) -> str | None:
    output = node.output
    if node.activation is not Activation.RELU6 or output is None or output.element.is_8_bit:
        return None
    return str(output.element)


def _pad_arguments(node: Node, release: Release) -> str | None:
    if len(node.operator.inputs) != 2:
        return f"{len(node.operator.inputs)} inputs"
    paddings = node.input(1)
    if paddings is None or paddings.element is not ElementType.INT32:
        return f"paddings of type {paddings.element}" if paddings else "no paddings"
    # The first two values count as the batch's whatever the rank.
    amounts = constant_values(paddings)
    if amounts and any(amounts[:2]):
        return f"padding of the first dimension {', '.join(map(str, amounts[:2]))}"
    return None


def _fully_connected_type(node: Node, release: Release) -> str | None:
    ifm = node.input(0)
    return None if ifm is None or ifm.element.is_8_bit else str(ifm.element)


UNMAPPED = Rule(
    id="teflon.unmapped",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_UNMAPPED,
    statement="Teflon has no translation for this operator type, so no driver is ever asked.",
    limit="a type that Teflon maps (`npufit rules teflon.unmapped` lists them)",
    why="The delegate goes through the operators and translates each into an operation that Mesa's drivers know. "
    "Types without a case go back to TensorFlow Lite, without a message unless TEFLON_DEBUG=verbose is set. "
    "Mapped from 25.3 on: "
    + ", ".join(sorted(name for name, first in MAPPED_SINCE.items() if first is Release.M25_3))
    + ". From 26.2 on also: "
    + ", ".join(sorted(name for name, first in MAPPED_SINCE.items() if first is Release.M26_2_0))
    + ".",
    example="SOFTMAX at the end of a classifier; MEAN as the global average of a Keras network; "
    "TFLite_Detection_PostProcess of an SSD network.",
    remedies=(
        Remedy(
            RemedyKind.REWRITE,
            "replace the operator with mapped ones, or cut it off and compute it in the application, so that it does "
            "not split the graph",
        ),
    ),
    versions="all; MUL, TANH, HARD_SWISH, LEAKY_RELU, QUANTIZE, MAXIMUM and MINIMUM are mapped from 26.2",
    evidence=Evidence.SOURCE,
    source=FRONTEND_NEW,
)

RELU6_RANGE = Rule(
    id="teflon.relu6-range",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_CHECK,
    statement="A convolution with a fused RELU6 is refused if its output can hold a real value above 6.",
    limit="(highest integer - zero point) * scale <= 6.0 in 32-bit floats, for every output scale",
    why="Teflon passes RELU6 on as RELU, which is right only if the quantized output ends at 6 anyway. The product is "
    "compared with 6.0 in 32-bit floats, so a scale slightly above 6/255 is refused.",
    example="The first extra layer of an SSD MobileNet V1: with a zero point of 121 and a scale of 0.0512 its output "
    "reaches 6.87.",
    remedies=(
        Remedy(
            RemedyKind.REWRITE,
            "requantize the output so that it ends at 6 or below (scale 6/255 as a 32-bit float, zero point at the "
            "lowest integer); the clamp is then the range itself",
        ),
    ),
    versions=describe(ALL),
    evidence=Evidence.SOURCE,
    source=FRONTEND_NEW,
)

RELU6_TYPE = Rule(
    id="teflon.relu6-type",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_CHECK,
    statement="A convolution with a fused RELU6 is refused if its output is neither int8 nor uint8.",
    limit="output of type int8 or uint8",
    why="The check of the range (see teflon.relu6-range) knows only the limits of the two 8-bit types.",
    example="A float32 MobileNet.",
    remedies=(Remedy(RemedyKind.REWRITE, "quantize the network to int8 or uint8"),),
    versions=describe(ALL),
    evidence=Evidence.SOURCE,
    source=FRONTEND_NEW,
)

PAD_ARGUMENTS = Rule(
    id="teflon.pad-arguments",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_CHECK,
    statement="PAD is refused unless it has two inputs, int32 paddings and no padding of its first dimension.",
    limit="2 inputs, paddings of type int32, padding of the first dimension (taken for the batch) 0, 0",
    why="Padding with values other than zero is not implemented, nor is padding of the batch. The source gives no "
    "reason for the type.",
    example="A PAD whose paddings are int64.",
    remedies=(Remedy(RemedyKind.REWRITE, "write the paddings as int32, in rank 4, and pad height and width only"),),
    versions=describe(ALL),
    evidence=Evidence.SOURCE,
    source=FRONTEND_NEW,
)

FULLY_CONNECTED_TYPE = Rule(
    id="teflon.fully-connected-type",
    kind=RuleKind.REFUSAL,
    stage=Stage.FRONTEND_CHECK,
    statement="FULLY_CONNECTED is refused if its input is neither int8 nor uint8.",
    limit="input of type int8 or uint8",
    why="The source gives no reason. This also refuses hybrid products (float input, int8 weights).",
    example="A dynamic-range model: float32 activations, int8 weights.",
    remedies=(Remedy(RemedyKind.REWRITE, "quantize the activations too (full-integer quantization)"),),
    versions=describe(ALL),
    evidence=Evidence.SOURCE,
    source=FRONTEND_NEW,
)

MAIN_UNREAD = Rule(
    id="teflon.main-unread",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="The driver of main would take this operator, but whether Teflon of main translates it is unknown.",
    limit="unknown",
    why="26.2 does not map this type. The ethosu driver of main implements it; the frontend of main was not read.",
    example="SOFTMAX with int8 input and output and 1000 classes.",
    remedies=(
        Remedy(
            RemedyKind.EXPERIMENT,
            "run the model on the board with TEFLON_DEBUG=verbose and give npufit the output with --log",
        ),
    ),
    versions="main (unreleased)",
    evidence=Evidence.INFERRED,
    source="Mesa src/gallium/drivers/ethosu (sailfishos-mirror/mesa @01488fa346e7); the frontend of that date was "
    "not read",
)

CHECKS: tuple[Check, ...] = (
    Check(UNMAPPED, None, ALL, _type_of, READ),
    Check(RELU6_RANGE, CONVOLUTIONS, ALL, _relu6_maximum, READ),
    Check(RELU6_TYPE, CONVOLUTIONS, ALL, _relu6_type, READ),
    Check(PAD_ARGUMENTS, frozenset({"PAD"}), ALL, _pad_arguments, READ),
    Check(FULLY_CONNECTED_TYPE, frozenset({"FULLY_CONNECTED"}), ALL, _fully_connected_type, READ),
)
