"""The rules of this stack: what is documented, what was observed, and what nobody outside NXP knows.

None of them limits the size of a tensor: no public source gives such a limit for i.MX95, and the public observations
contradict a limit per operator.
"""

from __future__ import annotations

from npufit.stacks.neutron import sources
from npufit.stacks.neutron.experiments import (
    ASK_CONVERTER,
    COMPARE_WITH_RUNNER,
    CONVERT_ALONE,
    FOLD_PADS,
    OTHER_RELEASE,
)
from npufit.stacks.rule import Effect, Evidence, Remedy, RemedyKind, Rule, RuleKind, Stage

_ALL = "all releases"

FLOAT = Rule(
    id="neutron.float",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The operator reads or writes floating-point values.",
    limit="8-bit weights; 8-bit or 16-bit integer activations",
    why="The NPU multiplies integers. Every operator with a floating-point activation runs on the CPU, including the "
    "QUANTIZE and DEQUANTIZE at the border of a model with float inputs and outputs.",
    example="A Keras model exported without inference_input_type starts with a QUANTIZE and ends with a DEQUANTIZE; "
    "both run on the CPU at every inference.",
    remedies=(
        Remedy(
            RemedyKind.REWRITE,
            "Quantize the whole model to int8. For inputs and outputs set inference_input_type and "
            "inference_output_type to int8 in TFLiteConverter, and quantize in your own code.",
        ),
    ),
    versions=_ALL,
    evidence=Evidence.DOCUMENTED,
    source=f"{sources.DATA_TYPES}; {sources.DELEGATE_RULES} (int8 and uint8 activations only)",
)

WIDE_INTEGER = Rule(
    id="neutron.wide-integer",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The operator computes integers wider than 16 bits, booleans or strings.",
    limit="8-bit or 16-bit integer activations",
    why="Follows from the documented activation types. Typical cases are shape arithmetic (SHAPE, PACK), ARG_MAX and "
    "CAST. The converter may compute shape arithmetic ahead of time; the operator then disappears.",
    example="SHAPE, STRIDED_SLICE and PACK before a RESHAPE, exported from a model with an open batch size.",
    remedies=(
        Remedy(
            RemedyKind.REWRITE,
            "Export with a fixed batch size so that shapes are constants; compute ARG_MAX in your own code.",
        ),
    ),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=f"{sources.DATA_TYPES}; {sources.DELEGATE_RULES}",
)

CUSTOM_OPERATOR = Rule(
    id="neutron.custom",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The operator is a custom operator.",
    limit="operators of the TFLite schema",
    why="The converter documents a standard TFLite file as its input. It cannot know what a custom operator computes, "
    "so the operator stays unchanged and needs its own CPU kernel at run time.",
    example="TFLite_Detection_PostProcess after an SSD.",
    remedies=(
        Remedy(
            RemedyKind.REWRITE,
            "Keep it at the end of the model, where it splits nothing, or remove it and do its work in your code.",
        ),
    ),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=sources.CONVERTER_STAGES,
)

DEPTH_TO_SPACE = Rule(
    id="neutron.depth-to-space",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="DEPTH_TO_SPACE was seen on the CPU.",
    limit="not published",
    why="A user of SDK 3.1 reports this for the operator in general, not for one network, so npufit takes it as the "
    "likely answer for 3.1. For other releases there is no report, so the answer is unknown.",
    example="The upsampling at the end of a super-resolution network.",
    remedies=(
        Remedy(RemedyKind.REWRITE, "Use TRANSPOSE_CONV, which the same user saw on the NPU (needs training again)."),
        ASK_CONVERTER,
    ),
    versions="3.1",
    evidence=Evidence.OBSERVED,
    source=sources.BOARD_NOTES,
)

LEFT_ON_CPU = Rule(
    id="neutron.left-on-cpu",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The converter left the operator on the CPU.",
    limit="not published",
    why="The converter moves what it can into NeutronGraph operators and copies the rest unchanged; it gives no "
    "reason for a single operator. The operator itself may be unsupported, or the group that it belongs to could not "
    "be scheduled as a whole.",
    example="35 operators of the head of YOLOv8s-seg stay beside a single NeutronGraph (converter 2.0.2).",
    remedies=(CONVERT_ALONE, OTHER_RELEASE),
    versions=_ALL,
    evidence=Evidence.EXECUTED,
    source="the converted file",
)

WRONG_TARGET = Rule(
    id="neutron.wrong-target",
    kind=RuleKind.HAZARD,
    stage=Stage.EXECUTION,
    statement="The file was converted for another chip.",
    limit="a file converted with --target imx95",
    why="Microcode and kernels are made for one NPU: i.MX95 has a Neutron-S with 1024 MACs per cycle, MCX N and i.MX "
    "RT700 have much smaller Neutron-C cores. The effect of foreign microcode is not documented.",
    example="`Target: mcxn94x` in a file that is meant for i.MX95.",
    remedies=(Remedy(RemedyKind.SETTING, "Convert the original model again with --target imx95."),),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=sources.CONVERTER_STAGES,
    effects=(Effect.WRONG,),
)

VERSION_MISMATCH = Rule(
    id="neutron.version-mismatch",
    kind=RuleKind.HAZARD,
    stage=Stage.EXECUTION,
    statement="The converter and the board software come from different releases.",
    limit="the converter flavour of the board's BSP",
    why="Converter, delegate, driver and firmware are released together. From SDK 3.1 on the driver prints "
    "`Microcode version mismatch!`; older software was seen to fall back to the CPU silently or to crash when the "
    "model is prepared. Some mismatched pairs do work: 2.2 and 3.0 files on a firmware of early 2025, a 3.1.3 file "
    "on a 3.1.2 driver.",
    example="Toolkit 1.16.0 is built for LF 6.12.20_2.0.0; its files on LF 6.6.36 are a mismatched pair.",
    remedies=(
        Remedy(RemedyKind.SETTING, "Convert with the flavour of the board's BSP, or update the BSP."),
        Remedy(RemedyKind.SETTING, "If the target is wrong, name the release that the board runs."),
    ),
    versions=_ALL,
    evidence=Evidence.OBSERVED,
    source=f"{sources.CONVERTER_PACKAGE}; {sources.MEDIA_TEST}",
    effects=(Effect.FAILS,),
)

PAYLOAD = Rule(
    id="neutron.payload",
    kind=RuleKind.HAZARD,
    stage=Stage.EXECUTION,
    statement="A NeutronGraph lacks the constants that it needs.",
    limit="microcode, weights and, since April 2024, kernels as the last inputs",
    why="The delegate takes the last three inputs as microcode, weights and kernels; files for BSPs up to 6.6.3 have "
    "only the first two. A file with fewer was truncated, or rewritten by a tool that does not know the operator.",
    example="A NeutronGraph whose last input is an activation.",
    remedies=(Remedy(RemedyKind.SETTING, "Convert the original model again, and do not edit the converted file."),),
    versions=_ALL,
    evidence=Evidence.SOURCE,
    source=sources.DELEGATE_PAYLOAD,
    effects=(Effect.WRONG,),
)

DEPTHWISE_DETECTOR = Rule(
    id="neutron.depthwise-detector",
    kind=RuleKind.HAZARD,
    stage=Stage.EXECUTION,
    statement="Detectors of this kind, with depthwise convolutions, gave wrong outputs on the NPU.",
    limit="none known",
    why="YOLO11 and YOLO26 in INT8 score near zero mAP on the NPU with SDK 3.0.1, while the same file is right on the "
    "CPU; reports on 3.1.3 say the same of the depthwise and C3k2 parts. The cause is not public. npufit "
    "recognises the box decoder that these networks share together with depthwise convolutions. It does not claim "
    "that all networks with both are wrong.",
    example="One INT8 file of a YOLO11: a score of 0.85 on the CPU, 0.01 to 0.3 on the NPU.",
    remedies=(
        COMPARE_WITH_RUNNER,
        Remedy(
            RemedyKind.REWRITE,
            "Use a YOLOv8 of the same size, as users of the board advise, and check its outputs too.",
        ),
    ),
    versions="3.0, 3.1; not reported for others",
    evidence=Evidence.OBSERVED,
    source=f"{sources.EDGEFIRST_BENCHMARK}; {sources.CONVERTER_PACKAGE}",
    effects=(Effect.WRONG,),
)

UNDECIDED = Rule(
    id="neutron.undecided",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="Only NXP's converter decides this operator, and it was not run.",
    limit="not published",
    why="The converter is closed, and its list of supported operators comes only with the SDK. The only readable "
    "rules are those of the delegate of 2024 (lf-6.6.23 to lf-6.6.52): constant 4-D filters without dilation for "
    "convolutions, stride 1 or 2 and depth multiplier 1 for depthwise ones, non-constant inputs for ADD, int8 for "
    "AVERAGE_POOL_2D, channel padding only for PAD, constant shapes for RESHAPE, and nothing else. In the same "
    "year the converter's own answer replaced them, so they are a minimum for old BSPs, not today's rules. Even "
    "an operator that is supported alone can be lost: the converter schedules groups, and MobileNetV2 at 320x320 "
    "lost operators far smaller than others that converted at 224x224.",
    example="CONV_2D in int8.",
    remedies=(ASK_CONVERTER,),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=f"{sources.DELEGATE_RULES}; {sources.TORADEX_RESOLUTION}",
)

PAD_BEFORE_STRIDE = Rule(
    id="neutron.pad-before-stride",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="A PAD comes before an operator with stride 2; what the converter does with it is not published.",
    limit="not published",
    why="Keras networks pad explicitly before stride 2. The delegate had to learn to run PAD on the CPU in May 2024, "
    "so converters of that time left these PADs outside. Both networks known to lose operators at a higher "
    "resolution contain them. That is a suspicion, not a proof: at 224x224 the same PADs did no harm.",
    example="block_1_pad, block_3_pad, block_6_pad and block_13_pad of Keras MobileNetV2.",
    remedies=(FOLD_PADS, ASK_CONVERTER),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=f"{sources.DELEGATE_PAD_COMMIT}; {sources.TORADEX_RESOLUTION}",
)

SOFTMAX = Rule(
    id="neutron.softmax",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="Whether SOFTMAX is converted for i.MX95 is not published.",
    limit="not published for i.MX95",
    why="It was seen on the CPU in the heads of YOLO networks (converters 2.0.2 and 3.2.2). The published limits are "
    "for the smaller Neutron-C cores and prove nothing for the Neutron-S of i.MX95.",
    example="The SOFTMAX at the end of a classifier.",
    remedies=(
        ASK_CONVERTER,
        Remedy(RemedyKind.REWRITE, "Remove it from the end of a classifier: the largest class stays the same."),
    ),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=f"{sources.EDGEFIRST_LOG}; {sources.POSE_BENCHMARK}",
)

MEAN = Rule(
    id="neutron.mean",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="Whether MEAN is converted for i.MX95 is not published.",
    limit="not published for i.MX95",
    why="Global average pooling is exported as MEAN. The delegate of 2024 did not accept it; later converters have a "
    "kernel for it on Neutron-C. Six operators of Keras MobileNetV2 stayed on the CPU at 224x224; which six is "
    "not known.",
    example="GlobalAveragePooling2D of a Keras classifier.",
    remedies=(
        ASK_CONVERTER,
        Remedy(RemedyKind.EXPERIMENT, "Export the pooling as AVERAGE_POOL_2D over the whole feature map and compare."),
    ),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source=f"{sources.DELEGATE_RULES}; {sources.CONSOLE_DUMP}; {sources.TORADEX_RESOLUTION}",
)

DETECTION_HEAD = Rule(
    id="neutron.detection-head",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="The operator decodes boxes in a YOLO head; operators of this kind were seen on the CPU.",
    limit="not published",
    why="In public logs of YOLO networks the operators that stay on the CPU are in the head: TRANSPOSE, SOFTMAX and "
    "part of the arithmetic after them. They take more time than the NPU part of the network. The logs are of "
    "other files, so npufit does not take them as the answer for this one.",
    example="The transpose and softmax over 16 bins in the box branch of YOLOv8.",
    remedies=(
        Remedy(RemedyKind.REWRITE, "Cut the model before the head's decoder and decode in your own code."),
        ASK_CONVERTER,
    ),
    versions="seen with 1.17 (converter 2.0.2) and 3.2",
    evidence=Evidence.INFERRED,
    source=f"{sources.EDGEFIRST_LOG}; {sources.POSE_BENCHMARK}",
)

GROUP_NORM = Rule(
    id="neutron.group-norm",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="The operator belongs to a normalisation computed at run time; one form of it stopped a converter.",
    limit="not published",
    why="A user reports that the reshapes of a decomposed GroupNorm made the compiler 3.2.2 fail; BatchNorm worked, "
    "because it is folded into the convolutions.",
    example="RESHAPE whose result feeds both MEAN and SQUARED_DIFFERENCE.",
    remedies=(
        Remedy(RemedyKind.REWRITE, "Train with BatchNorm, which the export folds away."),
        ASK_CONVERTER,
    ),
    versions="reported for 3.2",
    evidence=Evidence.INFERRED,
    source=sources.GROUP_NORM_NOTES,
)

NOT_TRACED = Rule(
    id="neutron.not-traced",
    kind=RuleKind.UNKNOWN,
    stage=Stage.UNDECIDED,
    statement="The converter ran, but its file does not show what happened to this operator.",
    limit="a sourceIndex list, or tensor names that the converter kept",
    why="The converter rewrites the network before placing it. If the converted file has no list of source operators "
    "and the names changed, an operator cannot be traced into it.",
    example="A RESHAPE that the converter merged into its neighbour.",
    remedies=(
        Remedy(
            RemedyKind.EXPERIMENT,
            "Convert with --run-after-optimize or a dump of the graph after optimization and find the operator there.",
        ),
        CONVERT_ALONE,
    ),
    versions=_ALL,
    evidence=Evidence.INFERRED,
    source="the converted file",
)

RULES: tuple[Rule, ...] = (
    FLOAT,
    WIDE_INTEGER,
    CUSTOM_OPERATOR,
    DEPTH_TO_SPACE,
    LEFT_ON_CPU,
    WRONG_TARGET,
    VERSION_MISMATCH,
    PAYLOAD,
    DEPTHWISE_DETECTOR,
    PAD_BEFORE_STRIDE,
    SOFTMAX,
    MEAN,
    DETECTION_HEAD,
    GROUP_NORM,
    UNDECIDED,
    NOT_TRACED,
)
