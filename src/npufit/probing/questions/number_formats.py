"""How the tensors of a question hold numbers: element types, scales and zero points by the words of axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npufit.graph import NOT_QUANTIZED, ElementType, Quantization
from npufit.probing.questions.space import Choices, ImpossibleError, Values
from npufit.probing.questions.values import word

DTYPES = ("int8", "uint8", "int16", "int32", "int64", "float32")
"""Element types of feature maps that networks have; the first is where a search starts."""

SCALE = 1 / 128
"""The scale of feature maps; powers of two, so that products of scales are exact."""

SCHEMA_NUMBERS: Mapping[ElementType, int] = {
    ElementType.FLOAT32: 0,
    ElementType.INT32: 2,
    ElementType.UINT8: 3,
    ElementType.INT64: 4,
    ElementType.BOOL: 6,
    ElementType.INT16: 7,
    ElementType.INT8: 9,
}
"""The schema's numbers of element types, which the options of a few operators contain."""

DTYPE_AXIS = Choices("dtype", DTYPES)
ZERO_POINT_AXIS = Choices("zero_point", ("zero", "positive", "negative"))
QUANTIZED_AXIS = Choices("quantization", ("per-tensor", "none"))
RESULT_AXIS = Choices("rescaled", ("false", "true"))
"""Whether the result has another scale than the data."""

_ZERO_POINTS = {"zero": 0, "positive": 5, "negative": -5}


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a tensor holds numbers."""

    element: ElementType
    quantization: Quantization = NOT_QUANTIZED


PLAIN_INT32 = NumberFormat(ElementType.INT32)


def tensor_format(element: ElementType, scale: float, zero_point: int = 0) -> NumberFormat:
    """Return `element` with one scale and zero point; without them if it is no integer type."""
    if element.is_float or element is ElementType.BOOL:
        return NumberFormat(element)
    return NumberFormat(element, Quantization((scale,), (zero_point,)))


def channels_format(element: ElementType, scale: float, channels: int, axis: int) -> NumberFormat:
    """Return `element` with a scale for each index along `axis`, from `scale` to three times `scale`."""
    if element.is_float:
        return NumberFormat(element)
    if channels < 2:
        raise ImpossibleError("scales that differ, of a single channel", ofm_c=2)
    scales = [scale, 2 * scale, 3 * scale] * (channels // 3 + 1)
    return NumberFormat(element, Quantization(tuple(scales[:channels]), (0,) * channels, axis))


def map_format(values: Values, scale: float = SCALE) -> NumberFormat:
    """Return the format of feature maps by the axes `dtype`, `zero_point` and `quantization`, so far as there are any.

    An unsigned type has no negative zero point.
    """
    element = ElementType(word(values, "dtype"))
    if word(values, "quantization", "per-tensor") == "none":
        return NumberFormat(element)
    zero_point = _ZERO_POINTS[word(values, "zero_point", "zero")]
    if zero_point and (element.is_float or element is ElementType.BOOL):
        raise ImpossibleError("a zero point of a type without one", zero_point="zero")
    if zero_point < 0 and element.integer_range[0] == 0:
        raise ImpossibleError("a negative zero point of an unsigned type", zero_point="positive")
    return tensor_format(element, scale, zero_point)


def result_format(values: Values) -> NumberFormat:
    """Return the format of a result that may have the scale of the data or, by the axis `rescaled`, another one."""
    if word(values, "rescaled") == "false":
        return map_format(values)
    form = map_format(values, 2 * SCALE)
    if not form.quantization.is_quantized:
        raise ImpossibleError("another scale without quantization", rescaled="false")
    return form


def fixed_format(values: Values, scales: Mapping[str, tuple[float, int]]) -> NumberFormat:
    """Return the format of a result whose scale and zero point the runtime prescribes for each type."""
    form = map_format(values)
    if not form.quantization.is_quantized or form.element.value not in scales:
        return form
    return tensor_format(form.element, *scales[form.element.value])
