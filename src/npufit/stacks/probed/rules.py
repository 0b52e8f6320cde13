"""The rules of a converter that is known by its answers. What they say of an operator comes from a rule file."""

from __future__ import annotations

from collections.abc import Mapping

from npufit.stacks.hazard import hazard_rule
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage

_VERSIONS = "the release that was probed"
_SOURCE = "answers of the converter to generated models"
_ASK = Remedy(RemedyKind.EXPERIMENT, "Ask the converter about this model, or probe the operator: npufit probe.")
_SMALLER = Remedy(RemedyKind.REWRITE, "Use a smaller input (npufit resize), or fewer channels.")


def _refusal(
    rule_id: str, statement: str, limit: str, why: str, example: str, *remedies: Remedy, stage: Stage = Stage.COMPILER
) -> Rule:
    return Rule(
        id=rule_id,
        kind=RuleKind.REFUSAL,
        stage=stage,
        statement=statement,
        limit=limit,
        why=why,
        example=example,
        remedies=remedies,
        versions=_VERSIONS,
        evidence=Evidence.EXECUTED,
        source=_SOURCE,
    )


_HOW = (
    "A probe asked the converter about generated models of one operator, found the largest value that it takes and "
    "the smallest that it does not, and confirmed both with other models. The operator here was not asked about; it "
    "is judged by the limit."
)

LIMIT = _refusal(
    "probed.limit",
    "The operator is beyond a limit that a probe found.",
    "given by the rule file",
    _HOW,
    "CONV_2D with h*w*c of 1,204,224, if every probed model up to 1,048,576 was taken and none above.",
    _SMALLER,
)
ELEMENT_TYPE = _refusal(
    "probed.element-type",
    "The operator has an element type that the converter refused in every probed model.",
    "given by the rule file",
    _HOW,
    "CONV_2D with float32 values, if only int8 and uint8 were taken.",
    Remedy(RemedyKind.REWRITE, "Quantize the model to a type that is taken."),
)
QUANTIZATION = _refusal(
    "probed.quantization",
    "The operator is quantized in a way that the converter refused in every probed model.",
    "given by the rule file",
    _HOW,
    "CONV_2D with a scale per channel, if only one scale for all weights was taken.",
    Remedy(RemedyKind.REWRITE, "Quantize the weights in the way that is taken."),
)
OPTION = _refusal(
    "probed.option",
    "The operator has an option that the converter refused in every probed model.",
    "given by the rule file",
    _HOW,
    "AVERAGE_POOL_2D with padding VALID, if only SAME was taken.",
    Remedy(RemedyKind.REWRITE, "Export the operator with an option that is taken."),
)
NEVER_TAKEN = _refusal(
    "probed.never-taken",
    "The converter took no probed model with this operator.",
    "an operator that is taken",
    "A probe asked about small models of this operator in several types; the converter left all to the CPU.",
    "A converter without GATHER leaves every GATHER to the CPU.",
    Remedy(RemedyKind.REWRITE, "Replace the operator by others that are taken."),
)
GROUP = _refusal(
    "probed.group",
    "The operator is taken alone, but not in a group of this size.",
    "given by the rule file",
    "A probe found that the converter decides over groups of operators: beyond a limit it keeps a part of a group, or "
    "nothing. Which part is kept was seen in chains of operators, so it is less certain in graphs with branches.",
    "The first 66 operators of a network whose feature maps together exceed what the converter plans for.",
    Remedy(RemedyKind.REWRITE, "Use a smaller input (npufit resize), or cut the model into several."),
)
SEPARATOR = _refusal(
    "probed.separator",
    "The operator is taken alone, but lost through another operator, which the converter never takes.",
    "no such operator on this side of it",
    "A probe found operators that the converter never takes and that also keep their neighbours off the NPU.",
    "A PAD that splits a network, where only the last part is kept.",
    Remedy(RemedyKind.REWRITE, "Remove the operator that separates, or move it to an end of the model."),
)
UNASKED = Rule(
    id="probed.unasked",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNASKED,
    statement="The probe asked about no operator like this.",
    limit="what the probe asked about",
    why="A rule file knows the operators and the values that its probe asked about, and nothing beyond: a converter "
    "that takes 4,096 columns may refuse 4,097.",
    example="A GATHER, if the probe asked about convolutions only.",
    remedies=(_ASK,),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)
CRASH = hazard_rule(
    "probed.crash",
    "The converter crashes, hangs or ends with an error on a model with this operator.",
    "given by the rule file",
    "A probe saw the converter fail on such an operator, so it may write no file for the whole model.",
    "RESHAPE with five dimensions, on which a compiler stops at an assertion.",
    versions=_VERSIONS,
    source=_SOURCE,
    remedies=(
        Remedy(RemedyKind.REWRITE, "Change the operator, or keep it out of the model."),
        Remedy(RemedyKind.EXPERIMENT, "Reduce the model for a bug report: npufit probe --shrink."),
    ),
    evidence=Evidence.EXECUTED,
    effects=(Effect.FAILS,),
)

RULES = (LIMIT, ELEMENT_TYPE, QUANTIZATION, OPTION, NEVER_TAKEN, GROUP, SEPARATOR, UNASKED, CRASH)

_OF_QUANTITY: Mapping[str, Rule] = {
    **dict.fromkeys(("dtype", "ofm_dtype", "weights_dtype"), ELEMENT_TYPE),
    **dict.fromkeys(("quantization", "zero_point", "weights_zero_point", "ofm_zero_point", "rescaled"), QUANTIZATION),
    **dict.fromkeys(
        ("padding", "activation", "bias", "weights", "axes", "axis", "order", "keep_dims", "align_corners"), OPTION
    ),
    **dict.fromkeys(("half_pixel_centers", "broadcast", "constant_operand", "padded", "parameters"), OPTION),
    **dict.fromkeys(("ofm_size", "mode", "changed_axes", "keep_num_dims", "adj_x", "adj_y"), OPTION),
}

_CURES: Mapping[str, Remedy] = {
    "batch": Remedy(RemedyKind.REWRITE, "Export the model with a smaller batch."),
    **dict.fromkeys(
        ("kh", "kw", "kh*kw", "stride_h", "stride_w", "stride", "dilation_h", "dilation_w"),
        Remedy(RemedyKind.REWRITE, "Use a smaller window, stride or dilation, or several operators in its place."),
    ),
    **dict.fromkeys(
        ("weights_bytes", "weights_sum", "depthwise_weights_sum", "ofm_c"),
        Remedy(RemedyKind.REWRITE, "Split the operator by output channels, and concatenate the parts."),
    ),
    **dict.fromkeys(
        ("scale_h", "scale_w", "scale"),
        Remedy(RemedyKind.REWRITE, "Enlarge in steps by a factor that is taken."),
    ),
    "rank": Remedy(RemedyKind.REWRITE, "Reshape to a number of dimensions that is taken."),
    "inputs": Remedy(RemedyKind.REWRITE, "Join the inputs in several steps."),
}


def rule_of(quantity: str) -> Rule:
    """Return the rule for a limit on `quantity`."""
    return _OF_QUANTITY.get(quantity, LIMIT)


def remedies_of(quantity: str) -> tuple[Remedy, ...]:
    """Return the ways out of a limit on `quantity`."""
    cure = _CURES.get(quantity)
    return rule_of(quantity).remedies if cure is None else (cure,)
