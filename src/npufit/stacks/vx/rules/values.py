"""Refusals of element types by operators that compute or choose values."""

from __future__ import annotations

from npufit.graph import Activation, ElementType, Tensor
from npufit.stacks.vx.check import Check, check, refusal
from npufit.stacks.vx.releases import ALL, Generation, since, until
from npufit.stacks.vx.vx_operator import VxOperator, is_affine, several_scales

_FLOAT, _HALF = ElementType.FLOAT32, ElementType.FLOAT16
_INT8, _UINT8, _INT16, _INT32 = ElementType.INT8, ElementType.UINT8, ElementType.INT16, ElementType.INT32
_EIGHT_BITS = (_INT8, _UINT8)
_SHUFFLED = 1
_MIRROR_MODES = (0, 1)
_SINCE_52 = since(Generation.L5_15_52)
_BETWEEN_52_AND_611 = _SINCE_52 & until(Generation.L6_1_1)

RELU1_INT32 = refusal(
    "vx.relu1-int32",
    "ADD, SUB, MUL or DIV of int32 with a fused RELU_N1_TO_1 is refused.",
    "another activation, or other types than int32 in and out",
    'In a log: "I32 input/I32 output is not supported in Relu1."',
    "An index computation clamped to -1..1.",
    _SINCE_52,
    "clamp with separate MINIMUM and MAXIMUM operators",
)
POW_INT32 = refusal(
    "vx.pow-int32",
    "POW of two int32 operands is refused.",
    "operands that are not both int32",
    'In a log: "I32 input/I32 output is not supported in pow."',
    "Powers of an integer step.",
    _SINCE_52,
)
ARG_INT8 = refusal(
    "vx.arg-int8",
    "ARG_MAX or ARG_MIN from int8 to int32 is refused.",
    "a uint8 or float32 input",
    'In a log: "I8 input/I32 output is not supported".',
    "The class map at the end of an int8 segmentation network.",
    _BETWEEN_52_AND_611,
)
SELECT_TYPE = refusal(
    "vx.select-type",
    "SELECT or SELECT_V2 of 8-bit or boolean values is refused.",
    "values and output of types other than int8, uint8 and bool, which no quantized model has",
    'In a log: "Bool type input is not supported" or "Bool type output is not supported", for int8 and uint8 as well.',
    "A mask over int8 attention scores.",
    ALL,
    "write the choice as a MUL with a mask of 0 and 1 and an ADD",
)
ONE_HOT_BOOL = refusal(
    "vx.one-hot-bool",
    "ONE_HOT with a boolean output is refused.",
    "an output that is not bool",
    'In a log: "Bool type output is not supported".',
    "tf.one_hot(indices, depth, dtype=tf.bool).",
    since(Generation.L5_15_32),
    "let ONE_HOT produce float32",
)
PACK_TYPE = refusal(
    "vx.pack-type",
    "PACK of int32 values or of 8-bit vectors is refused.",
    "a first input that is not int32, and has rank 2 or more if it is int8 or uint8",
    "The delegate prints nothing for this. BSP 5.10.72 refuses int8 of any rank.",
    "The PACK that builds the shape for a RESHAPE in a Keras model with a dynamic batch.",
    until(Generation.L6_1_36),
    "fix the batch before the conversion, so that the converter folds the shape into a constant",
)
EMBEDDING_TYPE = refusal(
    "vx.embedding-type",
    "EMBEDDING_LOOKUP from a uint8 table to an int8 output is refused.",
    "table and output of one type",
    'In a log: "Does not support hybrid quantization with U8 weight and I8 output".',
    "A text model whose table and activations were quantized by different tools.",
    since(Generation.L6_1_22),
    executed=False,
)
SQUARED_DIFFERENCE_TYPE = refusal(
    "vx.squared-difference-type",
    "SQUARED_DIFFERENCE is refused unless it is all float32, or 8-bit of one type with one scale each.",
    "both inputs and the output float32; or all int8, or all uint8, with one scale for the first input and the output",
    "The delegate prints nothing for this.",
    "A layer normalization in int16.",
    since(Generation.L6_1_36),
    "quantize to int8",
)
MIRROR_PAD_MODE = refusal(
    "vx.mirror-pad-mode",
    "MIRROR_PAD with a mode that is not in the schema is refused.",
    "REFLECT or SYMMETRIC",
    'In a log: "MirrorPad mode should have certain value".',
    "A file written by a broken tool.",
    since(Generation.L6_1_36),
    executed=False,
)


def _relu1(site: VxOperator) -> str | None:
    first, output = site.input(0), site.output
    wide = first is not None and output is not None and first.element is output.element is _INT32
    return "RELU_N1_TO_1 on int32" if wide and site.activation is Activation.RELU_N1_TO_1 else None


def _pow(site: VxOperator) -> str | None:
    operands = (site.input(0), site.input(1))
    return "int32" if all(operand is not None and operand.element is _INT32 for operand in operands) else None


def _arg(site: VxOperator) -> str | None:
    source, output = site.input(0), site.output
    narrow = source is not None and output is not None and source.element is _INT8 and output.element is _INT32
    return "int8 to int32" if narrow else None


def _select_values(site: VxOperator) -> str | None:
    values = (site.subgraph.tensors[index] for index in site.operator.inputs[1:] if index >= 0)
    return next((_narrow(tensor) for tensor in values if _narrow(tensor)), None)


def _select_output(site: VxOperator) -> str | None:
    return next((_narrow(tensor) for tensor in site.outputs if _narrow(tensor)), None)


def _narrow(tensor: Tensor) -> str | None:
    return str(tensor.element) if tensor.element in (*_EIGHT_BITS, ElementType.BOOL) else None


def _bool_output(site: VxOperator) -> str | None:
    return "bool" if site.output is not None and site.output.element is ElementType.BOOL else None


def _packs_int8(site: VxOperator) -> str | None:
    first = site.input(0)
    return "int8" if first is not None and first.element is _INT8 else None


def _packs_small(site: VxOperator) -> str | None:
    first = site.input(0)
    if first is None:
        return None
    if first.element is _INT32:
        return "int32"
    vector = first.shape is not None and not first.shape_is_inferred and len(first.shape) == 1
    return f"{first.element} of rank 1" if first.element in _EIGHT_BITS and vector else None


def _embedding(site: VxOperator) -> str | None:
    table, output = site.input(1), site.output
    mixed = table is not None and output is not None and table.element is _UINT8 and output.element is _INT8
    return "uint8 to int8" if mixed else None


def _squared_difference(site: VxOperator) -> str | None:
    first, second, output = site.input(0), site.input(1), site.output
    if first is None or second is None or output is None:
        return None
    types = f"{first.element}, {second.element} to {output.element}"
    if first.element is not second.element or first.element is not output.element:
        return types
    if first.element is _FLOAT:
        return None
    if first.element not in _EIGHT_BITS:
        return types
    # Without any scale the delegate follows a null pointer; that is a hazard, not a refusal.
    return several_scales(first) or (several_scales(output) if is_affine(first) else None)


def _mirror_mode(site: VxOperator) -> str | None:
    mode = site.number("mode")
    return None if mode in _MIRROR_MODES else f"mode {mode}"


CHECKS: tuple[Check, ...] = (
    check(RELU1_INT32, "ADD SUB MUL DIV", _SINCE_52, _relu1, "I32 input/I32 output is not supported in Relu1."),
    check(POW_INT32, "POW", _SINCE_52, _pow, "I32 input/I32 output is not supported in pow."),
    check(ARG_INT8, "ARG_MAX ARG_MIN", _BETWEEN_52_AND_611, _arg, "I8 input/I32 output is not supported"),
    check(SELECT_TYPE, "SELECT SELECT_V2", ALL, _select_values, "Bool type input is not supported"),
    check(SELECT_TYPE, "SELECT SELECT_V2", ALL, _select_output, "Bool type output is not supported"),
    check(ONE_HOT_BOOL, "ONE_HOT", since(Generation.L5_15_32), _bool_output, "Bool type output is not supported"),
    check(PACK_TYPE, "PACK", until(Generation.L5_10_72), _packs_int8, "", executed=False),
    check(PACK_TYPE, "PACK", until(Generation.L6_1_36), _packs_small, ""),
    check(
        EMBEDDING_TYPE,
        "EMBEDDING_LOOKUP",
        since(Generation.L6_1_22),
        _embedding,
        "Does not support hybrid quantization with U8 weight and I8 output",
        executed=False,
    ),
    check(SQUARED_DIFFERENCE_TYPE, "SQUARED_DIFFERENCE", since(Generation.L6_1_36), _squared_difference, ""),
    check(
        MIRROR_PAD_MODE,
        "MIRROR_PAD",
        since(Generation.L6_1_36),
        _mirror_mode,
        "MirrorPad mode should have certain value",
        executed=False,
    ),
)
