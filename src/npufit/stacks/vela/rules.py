"""Why Vela leaves operators on the CPU, in the words of its own warnings.

Vela's Python tables of supported operators contradict its compiler, so nothing here predicts; the rules classify what
the compiler said about this model.
"""

from __future__ import annotations

import re

from npufit.graph import Model, Operator
from npufit.stacks.rule import Effect, Evidence, Finding, Remedy, RemedyKind, Rule, RuleKind, Stage
from npufit.stacks.vela.labels import restore_names
from npufit.stacks.vela.reasons import NO_RECIPE, Reason
from npufit.stacks.vela.releases import bsps_with
from npufit.stacks.vela.translated import translated_since, translated_types

_VERSIONS = "3.3 to 5.2"
_SOURCE = "warnings and compiled files of Vela 3.8, 3.10, 3.12 and 5.2 on real models"

_INTEGER_INTERFACE = Remedy(
    RemedyKind.REWRITE,
    "convert with integer inputs and outputs (inference_input_type and inference_output_type int8 or uint8), "
    "or quantize and dequantize in the application",
)
_QUANTIZE = Remedy(RemedyKind.REWRITE, "quantize the model fully to int8, leaving no float tensor")
_FIX_SHAPES = Remedy(RemedyKind.REWRITE, "fix the batch and every other dimension before converting to TFLite")
_IGNORE_UNSUPPORTED = Remedy(
    RemedyKind.REWRITE, "replace it with operators that `npufit rules` does not name, or move it out of the model"
)

_REWRITES = {
    "QUANTIZE": _INTEGER_INTERFACE,
    "DEQUANTIZE": _INTEGER_INTERFACE,
    "GATHER": Remedy(
        RemedyKind.REWRITE, "if the indices are constant and consecutive, use STRIDED_SLICE, which Vela accepts"
    ),
    "TFLite_Detection_PostProcess": Remedy(
        RemedyKind.REWRITE, "end the model before it, and decode boxes and suppress duplicates in the application"
    ),
}
"""Ways out that depend on the operator's type."""

UNSUPPORTED_TYPE = Rule(
    id="vela.unsupported-type",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="Vela has no translation of this operator type to the Ethos-U.",
    limit="an operator type that Vela translates",
    why="Vela turns each type that it knows into convolutions, poolings, elementwise operations and table look-ups; a "
    "type without a recipe stays in the file unchanged.",
    example="GATHER in ShuffleNet; TFLite_Detection_PostProcess at the end of SSD; DEQUANTIZE before a float output.",
    remedies=(_IGNORE_UNSUPPORTED,),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

FLOAT = Rule(
    id="vela.float",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The operator reads or writes a float tensor, but the Ethos-U computes only in integers.",
    limit="feature maps of 8-, 16-, 32- or 64-bit integers",
    why="The hardware has integer multipliers but no float unit.",
    example="The QUANTIZE after a float32 input; EXP between a DEQUANTIZE and a QUANTIZE.",
    remedies=(_QUANTIZE,),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

DATA_TYPE = Rule(
    id="vela.data-type",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="A tensor of the operator has an element type that Vela does not accept there.",
    limit="the element types that Vela's warning lists",
    why="Each of Vela's recipes covers the integer types of its hardware operation.",
    example="RELU over uint16 or over int32.",
    remedies=(Remedy(RemedyKind.REWRITE, "convert the model with int8 feature maps"),),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

UNQUANTIZED = Rule(
    id="vela.unquantized",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="A tensor of the operator has no quantization parameters.",
    limit="scale and zero point on every feature map and weight tensor",
    why="Vela needs them to compute the integer scaling of each command.",
    example="LOGISTIC over int8 tensors without a scale.",
    remedies=(Remedy(RemedyKind.REWRITE, "quantize the model with a converter that writes all parameters"),),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

SHAPE = Rule(
    id="vela.unknown-shape",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="A tensor of the operator has no constant shape.",
    limit="constant shapes",
    why="Vela plans memory and writes commands before inference, so it needs every size.",
    example="PACK and STRIDED_SLICE in the chain that Keras adds to compute the shape of a reshape with an open batch.",
    remedies=(_FIX_SHAPES,),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

BATCH = Rule(
    id="vela.batch",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The operator has a batch above 1, which Vela's recipe for it does not cover.",
    limit="batch 1",
    why="The hardware's feature maps have height, width and depth, but no batch.",
    example="MEAN over a tensor of shape 3x2x4x5.",
    remedies=(Remedy(RemedyKind.REWRITE, "convert the model with batch 1"),),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

RANK = Rule(
    id="vela.rank",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="A tensor of the operator has more than four dimensions.",
    limit="4 dimensions",
    why="Releases before 5 describe feature maps by batch, height, width and depth.",
    example="The RESHAPE to 2x1x24x28x28 with which ShuffleNet shuffles channels.",
    remedies=(
        Remedy(RemedyKind.REWRITE, "express it with tensors of four dimensions, for example by splitting channels"),
        Remedy(
            RemedyKind.VERSION,
            "Vela 5.2 accepts more dimensions for many operators; NXP's board software needs it too",
        ),
    ),
    versions="3.3 to 4.5",
    evidence=Evidence.EXECUTED,
    source="warnings of Vela 3.8, 3.10 and 3.12 on ShuffleNet",
)

CONSTRAINT = Rule(
    id="vela.constraint",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The operator breaks a constraint of Vela's recipe for its type.",
    limit="the constraint that Vela's warning states",
    why="Recipes exist for the sizes, strides and attributes that the underlying hardware operation supports.",
    example="RESIZE_NEAREST_NEIGHBOR by a factor of 3.",
    remedies=(Remedy(RemedyKind.REWRITE, "change the operator to meet the constraint that Vela states"),),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

UNEXPLAINED = Rule(
    id="vela.unexplained",
    kind=RuleKind.REFUSAL,
    stage=Stage.COMPILER,
    statement="The compiled file has the operator on the CPU, and Vela gave no reason.",
    limit="unknown",
    why="Vela prints a warning for operators that its checks refuse. Later steps leave operators on the CPU without "
    "one, and a file that was already compiled carries no warnings.",
    example="An operator beside ethos-u in a file compiled elsewhere.",
    remedies=(
        Remedy(RemedyKind.EXPERIMENT, "compile a model with only this operator, to see whether Vela accepts it"),
    ),
    versions=_VERSIONS,
    evidence=Evidence.EXECUTED,
    source=_SOURCE,
)

OTHER_ACCELERATOR = Rule(
    id="vela.other-accelerator",
    kind=RuleKind.HAZARD,
    stage=Stage.EXECUTION,
    statement="The file was compiled for a different Ethos-U from the chip's.",
    limit="the accelerator in the chip's profile",
    why="A command stream is written for one product and number of multipliers; block sizes and the order of weights "
    "depend on them. The driver header before each stream names both.",
    example="person_detect_vela.tflite of TensorFlow Lite Micro, compiled for ethos-u55-256.",
    remedies=(Remedy(RemedyKind.SETTING, "compile the original model again with the chip's --accelerator-config"),),
    versions="all that write COP1 driver headers",
    evidence=Evidence.SOURCE,
    source="ethos-u-vela 5.2.0: ethosu/vela/driver_actions.py, build_config_word",
    effects=(Effect.FAILS,),
)

RULES = (
    UNSUPPORTED_TYPE,
    FLOAT,
    DATA_TYPE,
    UNQUANTIZED,
    SHAPE,
    BATCH,
    RANK,
    CONSTRAINT,
    UNEXPLAINED,
    OTHER_ACCELERATOR,
)

_SORTED_BY = (
    (re.compile(rf"^Unsupported opType|^{NO_RECIPE}$"), UNSUPPORTED_TYPE),
    (re.compile(r"(?:unsupported datatype|data type:?) \w*float", re.IGNORECASE), FLOAT),
    (re.compile(r"unsupported datatype|^Tensors (?:must be of type|which are int32)", re.IGNORECASE), DATA_TYPE),
    (re.compile(r"missing quantization"), UNQUANTIZED),
    (re.compile(r"shapeless|must not be dynamic|must have a defined shape|^Shape must be constant"), SHAPE),
    (re.compile(r"^Batch > 1|batch size must be 1"), BATCH),
    (re.compile(r"must not be greater than 4D"), RANK),
)
"""Patterns of what a warning found (Vela 5) or requires (before), and the rule."""


def explain(operator: Operator, reason: Reason | None, model: Model, version: str) -> Finding:
    """Return why Vela `version` left `operator` of `model` on the CPU, from its warning if there was one."""
    if reason is None:
        found = f"{operator.name} in the compiled file, without a warning"
        return UNEXPLAINED.finding(found, Evidence.EXECUTED, f"Vela {version}: compiled file")
    rule = _rule_of(operator, reason, version)
    rewrite = _REWRITES.get(operator.name)
    remedies = (rewrite,) if rewrite else rule.remedies
    found, wanted = restore_names(reason.found, model), restore_names(reason.wanted, model)
    if rule is UNSUPPORTED_TYPE:
        # Older releases check what they expect of every operator first, and complain of that.
        found, wanted = operator.name, ""
        remedies = (*remedies, *_later_release(operator.name, version))
    return Finding(
        rule, wanted or rule.limit, found or operator.name, remedies, Evidence.EXECUTED, f"Vela {version}: warning"
    )


def _rule_of(operator: Operator, reason: Reason, version: str) -> Rule:
    types = translated_types(version)
    if types is not None and operator.name not in types:
        return UNSUPPORTED_TYPE
    if operator.name == "QUANTIZE" and "missing quantization" in reason.found:
        return FLOAT  # only a float tensor has none there
    return next(
        (rule for pattern, rule in _SORTED_BY if pattern.search(reason.found) or pattern.search(reason.wanted)),
        CONSTRAINT,
    )


def _later_release(name: str, version: str) -> tuple[Remedy, ...]:
    """Return the first later release with a recipe for the type, for users who may update their BSP."""
    since = translated_since(name)
    if translated_types(version) is None or since is None:
        return ()
    bsps = bsps_with(since)
    text = f"Vela {since} translates {name}{f' (BSP {bsps[0]})' if bsps else ''}; NXP's board software needs it too"
    return (Remedy(RemedyKind.VERSION, text),)
