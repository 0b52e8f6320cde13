"""Refusals of conversions between types: QUANTIZE, DEQUANTIZE, CAST, and arithmetic that narrows its result."""

from __future__ import annotations

from npufit.graph import ElementType
from npufit.stacks.vx.check import Check, Test, check, refusal
from npufit.stacks.vx.releases import Generation, since, until
from npufit.stacks.vx.vx_operator import VxOperator, is_affine, several_scales

_FLOAT, _HALF = ElementType.FLOAT32, ElementType.FLOAT16
_INT8, _UINT8, _INT16, _INT32 = ElementType.INT8, ElementType.UINT8, ElementType.INT16, ElementType.INT32
_EIGHT_BITS = (_INT8, _UINT8)
_SHUFFLED = 1
_MIRROR_MODES = (0, 1)
_SINCE_52 = since(Generation.L5_15_52)
_BETWEEN_52_AND_611 = _SINCE_52 & until(Generation.L6_1_1)

INT16_TO_8_BITS = refusal(
    "vx.int16-to-int8",
    "ADD, SUB, MUL or DIV from int16 to an 8-bit output is refused.",
    "an output as wide as the first input",
    'Checked if both are quantized. In a log: "ASYM I16 input0 / ASYM U8/I8 output is not supported".',
    "The last ADD of a 16x8 model with an int8 output.",
    _SINCE_52,
    "quantize to int8 throughout",
)
DEQUANTIZE_WIDE = refusal(
    "vx.dequantize-wide",
    "DEQUANTIZE from quantized int16 or float16 to float32 is refused.",
    "an int8 or uint8 input, or float16 without quantization parameters",
    'In a log: "ASYM I16/F16 input / F32 output is not supported". Plain float16 weights have no parameters and pass.',
    "The output of a 16x8 model.",
    _SINCE_52,
    "remove the last DEQUANTIZE and scale the output in the application",
)
DEQUANTIZE_PER_CHANNEL = refusal(
    "vx.dequantize-per-channel",
    "DEQUANTIZE of a tensor with several scales to float32 is refused.",
    "one scale",
    'In a log: "SYMM PerChannel I8/U8 input / F32 output is not supported".',
    "Per-channel weights of a dynamic-range model that are dequantized.",
    _SINCE_52,
    "quantize activations too (full-integer quantization)",
)
QUANTIZE_INTEGERS = refusal(
    "vx.quantize-integers",
    "QUANTIZE from quantized int32 or int16 to another integer type is refused.",
    "a float32 or 8-bit input",
    'In a log: "ASYM I16 input / ASYM U8/ASYM I8 output is not supported" for an int32 input, "ASYM I32 input '
    '..." for int16: the delegate swaps the two. From int16 to int32: "ASYM I16 input / ASYM I32 output is not '
    'supported".',
    "The QUANTIZE between a 16-bit and an 8-bit part of a model.",
    _SINCE_52,
    "quantize to int8 throughout",
)
QUANTIZE_PER_CHANNEL = refusal(
    "vx.quantize-per-channel",
    "QUANTIZE of float32 to a tensor with several scales is refused.",
    "one scale",
    'In a log: "F32 input / SYMM PerChannel I8/U8 output is not supported".',
    "Weights quantized per channel at run time.",
    _SINCE_52,
)
CAST_TYPE = refusal(
    "vx.cast-type",
    "CAST from or to complex64, uint32 or uint16 is refused.",
    "types other than complex64, uint32, uint16 (and int64)",
    'In a log: "Cast could not support Complex64 input/output." (UInt32, UInt16).',
    "An unsigned index cast to float.",
    since(Generation.L6_1_22),
)


def _narrows(site: VxOperator) -> str | None:
    first, output = site.input(0), site.output
    if first is None or output is None or first.element is not _INT16 or output.element not in _EIGHT_BITS:
        return None
    return f"int16 to {output.element}" if is_affine(first) and is_affine(output) else None


def _dequantizes_wide(site: VxOperator) -> str | None:
    source, output = site.input(0), site.output
    if source is None or output is None or output.element is not _FLOAT or not is_affine(source):
        return None
    return f"quantized {source.element}" if source.element in (_INT16, _HALF) else None


def _dequantizes_channels(site: VxOperator) -> str | None:
    source, output = site.input(0), site.output
    if source is None or output is None or output.element is not _FLOAT or source.element not in _EIGHT_BITS:
        return None
    return several_scales(source)


def _quantizes_channels(site: VxOperator) -> str | None:
    source, output = site.input(0), site.output
    if source is None or output is None or source.element is not _FLOAT or output.element not in _EIGHT_BITS:
        return None
    return several_scales(output)


def _requantizes(source_type: ElementType, *output_types: ElementType) -> Test:
    def test(site: VxOperator) -> str | None:
        source, output = site.input(0), site.output
        if source is None or output is None or source.element is not source_type or not is_affine(source):
            return None
        return f"{source.element} to {output.element}" if output.element in output_types else None

    return test


def _casts(element: ElementType) -> Test:
    def test(site: VxOperator) -> str | None:
        tensors = (site.input(0), site.output)
        return str(element) if any(tensor is not None and tensor.element is element for tensor in tensors) else None

    return test


CHECKS: tuple[Check, ...] = (
    check(
        INT16_TO_8_BITS,
        "ADD SUB MUL DIV",
        _SINCE_52,
        _narrows,
        "ASYM I16 input0 / ASYM U8/I8 output is not supported",
    ),
    check(
        DEQUANTIZE_WIDE,
        "DEQUANTIZE",
        _SINCE_52,
        _dequantizes_wide,
        "ASYM I16/F16 input / F32 output is not supported",
    ),
    check(
        DEQUANTIZE_PER_CHANNEL,
        "DEQUANTIZE",
        _SINCE_52,
        _dequantizes_channels,
        "SYMM PerChannel I8/U8 input / F32 output is not supported",
    ),
    check(
        QUANTIZE_INTEGERS,
        "QUANTIZE",
        _SINCE_52,
        _requantizes(_INT32, *_EIGHT_BITS),
        "ASYM I16 input / ASYM U8/ASYM I8 output is not supported",
    ),
    check(
        QUANTIZE_INTEGERS,
        "QUANTIZE",
        _SINCE_52,
        _requantizes(_INT16, *_EIGHT_BITS),
        "ASYM I32 input / ASYM U8/ASYM I8 output is not supported",
    ),
    check(
        QUANTIZE_INTEGERS,
        "QUANTIZE",
        _SINCE_52,
        _requantizes(_INT16, _INT32),
        "ASYM I16 input / ASYM I32 output is not supported",
    ),
    check(
        QUANTIZE_PER_CHANNEL,
        "QUANTIZE",
        _SINCE_52,
        _quantizes_channels,
        "F32 input / SYMM PerChannel I8/U8 output is not supported",
    ),
    check(
        CAST_TYPE,
        "CAST",
        since(Generation.L6_1_22),
        _casts(ElementType.COMPLEX64),
        "Cast could not support Complex64 input/output.",
    ),
    check(
        CAST_TYPE,
        "CAST",
        since(Generation.L6_1_22),
        _casts(ElementType.UINT32),
        "Cast could not support UInt32 input/output.",
    ),
    check(
        CAST_TYPE,
        "CAST",
        since(Generation.L6_1_22),
        _casts(ElementType.UINT16),
        "Cast could not support UInt16 input/output.",
    ),
)
