"""Refusals of convolutions and matrix products."""

from __future__ import annotations

from npufit.graph import ElementType
from npufit.stacks.vx.check import Check, check, refusal
from npufit.stacks.vx.releases import ALL, Generation, since, until
from npufit.stacks.vx.vx_operator import VxOperator, written_shape

_FLOAT, _HALF = ElementType.FLOAT32, ElementType.FLOAT16
_INT8, _UINT8, _INT16, _INT32 = ElementType.INT8, ElementType.UINT8, ElementType.INT16, ElementType.INT32
_EIGHT_BITS = (_INT8, _UINT8)
_SHUFFLED = 1
_RANK = 4
_MIRROR_MODES = (0, 1)
_SINCE_52 = since(Generation.L5_15_52)
_BETWEEN_52_AND_611 = _SINCE_52 & until(Generation.L6_1_1)

HYBRID = refusal(
    "vx.hybrid",
    "A convolution or FULLY_CONNECTED is refused if input and weights differ in type.",
    "input and weights of the same type",
    'In a log: "hybrid data type is not supported in conv2d." (DepthwiseConv2d, fullyconnected, conv3d). To the '
    "delegate, float activations with int8 weights and 16x8 are both hybrid.",
    "A dynamic-range model: float32 activations, int8 weights.",
    ALL,
    "quantize activations too (full-integer quantization), or leave the model in float32",
)
GROUPED_BATCH = refusal(
    "vx.grouped-batch",
    "A grouped CONV_2D with a batch above 1 is refused.",
    "batch 1, or as many input channels as the weights have",
    'In a log: "batch is not supported in grouped conv2d."',
    "A ResNeXt block, converted with a batch of 4.",
    _SINCE_52,
    "convert with batch 1 and run it once for each image",
)
SHUFFLED = refusal(
    "vx.shuffled-weights",
    "FULLY_CONNECTED with shuffled weights is refused.",
    "weights in the default format",
    'In a log: "Shuffled weight is not supported".',
    "A dense layer that an old converter wrote for another processor.",
    ALL,
    "convert again with the default weights format",
)
DENSE_INT16 = refusal(
    "vx.dense-int16",
    "FULLY_CONNECTED with an int16 input is refused.",
    "no input of type int16",
    'In a log: "Int16 input is not supported".',
    "A dense layer of a 16x8 model with int8 output.",
    ALL,
    "quantize to int8",
    executed=False,
)
COMPUTED_WEIGHTS = refusal(
    "vx.computed-weights",
    "CONV_3D with computed weights is refused.",
    "constant weights",
    'In a log: "weight tensor must be const in conv3d."',
    "A correlation of two feature volumes written as a convolution.",
    since(Generation.L5_15_71),
)
CONV_3D_DILATION = refusal(
    "vx.conv3d-dilation",
    "A dilated CONV_3D is refused.",
    "dilation 1 in depth, height and width",
    'In a log: "conv3d could not support dilation > 1."',
    "An atrous convolution over video.",
    since(Generation.L5_15_71),
    "write the dilated kernel explicitly, with zeros between its taps",
)
MATMUL_OUTPUT = refusal(
    "vx.matmul-int32",
    "BATCH_MATMUL with an int32 output is refused.",
    "an output of type int8, uint8 or float32",
    'In a log: "I32 outputs type is not supported in BatchMatmul".',
    "A product of integers that is rescaled later.",
    _SINCE_52,
)
MATMUL_INT8 = refusal(
    "vx.matmul-int8",
    "BATCH_MATMUL with an int8 operand is refused.",
    "no int8 operand: before BSP 6.1.22 no int8 model gets its BATCH_MATMUL onto the NPU",
    'In a log: "F32/I8 inputs type is not supported in BatchMatmul".',
    "The two products of an attention block.",
    _BETWEEN_52_AND_611,
)
MATMUL_MIXED = refusal(
    "vx.matmul-mixed",
    "BATCH_MATMUL of a float32 and an int8 operand is refused.",
    "operands of one type (BSP 6.1.22 to 6.6.3 refuse int8 x float32 and take float32 x int8)",
    'In a log: "F32/I8 inputs type is not supported in BatchMatmul", from BSP 6.6.23 on "Input with one being float32 '
    'and the other being int8 is not supported in BatchMatmul".',
    "The attention of a dynamic-range model.",
    since(Generation.L6_1_22),
    "quantize activations too (full-integer quantization)",
)
MATMUL_ADJOINT = refusal(
    "vx.matmul-adjoint",
    "BATCH_MATMUL that transposes both operands is refused.",
    "adj_x and adj_y not both set",
    'In a log: "Does not support adj_x and adj_y being true at the same time".',
    "tf.matmul(a, b, transpose_a=True, transpose_b=True).",
    _SINCE_52,
    "swap the operands and transpose the result",
)


def _differs(site: VxOperator) -> str | None:
    ifm, weights = site.input(0), site.input(1)
    if ifm is None or weights is None or ifm.element is weights.element:
        return None
    return f"input {ifm.element}, weights {weights.element}"


def _grouped_batch(site: VxOperator) -> str | None:
    ifm, weights = site.input(0), site.input(1)
    if ifm is None or weights is None:
        return None
    shape, kernel = written_shape(ifm), written_shape(weights)
    if len(shape) < _RANK or len(kernel) < _RANK or shape[0] == 1 or shape[3] == kernel[3]:
        return None
    return f"batch {shape[0]}, {shape[3]} channels for weights of {kernel[3]}"


def _computed_weights(site: VxOperator) -> str | None:
    return site.computed(1)


def _shuffled(site: VxOperator) -> str | None:
    return "SHUFFLED4x16INT8" if site.number("weights_format") == _SHUFFLED else None


def _int16_input(site: VxOperator) -> str | None:
    return "int16" if any(tensor.element is _INT16 for tensor in site.inputs) else None


def _dilation(site: VxOperator) -> str | None:
    factors = [site.number(f"dilation_{axis}_factor") for axis in ("d", "h", "w")]
    return "x".join(map(str, factors)) if max(factors) > 1 else None


def _int32_output(site: VxOperator) -> str | None:
    return "int32" if site.output is not None and site.output.element is _INT32 else None


def _int8_operand(site: VxOperator) -> str | None:
    return "int8" if _INT8 in _operand_types(site) else None


def _int8_then_float(site: VxOperator) -> str | None:
    return "int8 x float32" if _operand_types(site) == [_INT8, _FLOAT] else None


def _mixed(site: VxOperator) -> str | None:
    types = _operand_types(site)
    return " x ".join(types) if types in ([_INT8, _FLOAT], [_FLOAT, _INT8]) else None


def _operand_types(site: VxOperator) -> list[ElementType]:
    operands = (site.input(0), site.input(1))
    return [operand.element for operand in operands if operand is not None]


def _adjoint(site: VxOperator) -> str | None:
    return "adj_x and adj_y" if site.number("adj_x") and site.number("adj_y") else None


CHECKS: tuple[Check, ...] = (
    check(CONV_3D_DILATION, "CONV_3D", since(Generation.L5_15_71), _dilation, "conv3d could not support dilation > 1."),
    check(HYBRID, "CONV_2D", ALL, _differs, "hybrid data type is not supported in conv2d."),
    check(HYBRID, "DEPTHWISE_CONV_2D", ALL, _differs, "hybrid data type is not supported in DepthwiseConv2d."),
    check(HYBRID, "FULLY_CONNECTED", ALL, _differs, "hybrid data type is not supported in fullyconnected."),
    check(
        HYBRID,
        "CONV_3D",
        since(Generation.L5_15_32),
        _differs,
        "hybrid data type is not supported in conv3d.",
        executed=False,
    ),
    check(
        COMPUTED_WEIGHTS,
        "CONV_3D",
        since(Generation.L5_15_71),
        _computed_weights,
        "weight tensor must be const in conv3d.",
    ),
    check(GROUPED_BATCH, "CONV_2D", _SINCE_52, _grouped_batch, "batch is not supported in grouped conv2d."),
    check(SHUFFLED, "FULLY_CONNECTED", ALL, _shuffled, "Shuffled weight is not supported"),
    check(DENSE_INT16, "FULLY_CONNECTED", ALL, _int16_input, "Int16 input is not supported", executed=False),
    check(MATMUL_OUTPUT, "BATCH_MATMUL", _SINCE_52, _int32_output, "I32 outputs type is not supported in BatchMatmul"),
    check(
        MATMUL_INT8,
        "BATCH_MATMUL",
        _BETWEEN_52_AND_611,
        _int8_operand,
        "F32/I8 inputs type is not supported in BatchMatmul",
    ),
    check(
        MATMUL_MIXED,
        "BATCH_MATMUL",
        since(Generation.L6_1_22) & until(Generation.L6_1_36),
        _int8_then_float,
        "F32/I8 inputs type is not supported in BatchMatmul",
    ),
    check(
        MATMUL_MIXED,
        "BATCH_MATMUL",
        since(Generation.L6_6_23),
        _mixed,
        "Input with one being float32 and the other being int8 is not supported in BatchMatmul",
    ),
    check(
        MATMUL_ADJOINT,
        "BATCH_MATMUL",
        _SINCE_52,
        _adjoint,
        "Does not support adj_x and adj_y being true at the same time",
    ),
)
