"""Weights and biases: their types, their quantization, and their values so far as a limit may depend on them."""

from __future__ import annotations

from math import prod

from npufit.graph import NOT_QUANTIZED, ElementType, Quantization
from npufit.probing.questions.drawing import MOST_CONSTANT_BYTES, Drawing
from npufit.probing.questions.number_formats import (
    SCALE,
    NumberFormat,
    channels_format,
    tensor_format,
)
from npufit.probing.questions.space import Choices, ImpossibleError, Numbers, Values
from npufit.probing.questions.values import number, word

FILTER_AXES = (
    Choices("quantization", ("per-tensor", "per-channel", "none")),
    Choices("weights_as", ("usual", "int8", "uint8", "int16", "int4", "float32")),
    Choices("weights", ("constant", "dynamic")),
    Numbers("weight", 127, most=128),
    Numbers("lowered_weights", 0, least=0, most=1 << 17),
    Choices("bias_as", ("usual", "none", "int32", "int64", "dynamic")),
    Numbers("bias_value", 1, least=0, most=(1 << 62) - 1),
)
"""Axes of operators with weights.

`weights_as` and `bias_as`: `usual` is what goes with the type of the feature map. `weight` is the distance of all
weights from their zero point, `lowered_weights` how many of each filter are one nearer to it: so the sum of the weights
of a filter takes any value. `bias_value` is every value of the bias.
"""

_USUAL_WEIGHTS = {"uint8": ElementType.UINT8, "float32": ElementType.FLOAT32}
_USUAL_BIAS = {"int16": ElementType.INT64, "float32": ElementType.FLOAT32}
_WEIGHTS_SCALE = 1 / 256


def add_filters(drawing: Drawing, values: Values, shape: tuple[int, ...], axis: int) -> int:
    """Add the weights: `shape` with the output channels along `axis`, the first or the last. Returns their index."""
    kind = word(values, "weights_as")
    usual = _USUAL_WEIGHTS.get(word(values, "dtype"), ElementType.INT8)
    element = usual if kind == "usual" else ElementType(kind)
    form = _filters_format(values, element, shape[axis], axis)
    if word(values, "weights") == "dynamic":
        return drawing.input(shape, form)
    _require_few(values, shape)
    return drawing.repeated(shape, form, _filter_bytes(values, element, shape, axis))


def add_bias(drawing: Drawing, values: Values, weights: int, depth: int) -> tuple[int, ...]:
    """Add the bias of `depth` channels, its scales those of the products; return its index, nothing without a bias."""
    kind = word(values, "bias_as")
    if kind == "none":
        return ()
    usual = _USUAL_BIAS.get(word(values, "dtype"), ElementType.INT32)
    element = ElementType(kind) if kind in ("int32", "int64") and not usual.is_float else usual
    scales = tuple(scale * SCALE for scale in drawing.tensor(weights).quantization.scales)
    form = NumberFormat(element, Quantization(scales, (0,) * len(scales)) if scales else NOT_QUANTIZED)
    if kind == "dynamic":
        return (drawing.input((depth,), form),)
    return (drawing.repeated((depth,), form, _bias_bytes(values, element)),)


def _bias_bytes(values: Values, element: ElementType) -> bytes | None:
    if element.is_float:
        return None
    value = number(values, "bias_value")
    if value > element.integer_range[1]:
        raise ImpossibleError("a bias that its type cannot hold", bias_as="int64")
    return value.to_bytes(element.bits // 8, "little")


def _filters_format(values: Values, element: ElementType, depth: int, axis: int) -> NumberFormat:
    kind = word(values, "quantization")
    if kind == "none":
        return NumberFormat(element)
    if kind == "per-channel":
        return channels_format(element, _WEIGHTS_SCALE, depth, axis)
    return tensor_format(element, _WEIGHTS_SCALE, _zero_point(element))


def _zero_point(element: ElementType) -> int:
    return 128 if element is ElementType.UINT8 else 0


def _require_few(values: Values, shape: tuple[int, ...]) -> None:
    """Raise ImpossibleError if the weights are too large to draw, and say with how many channels they are not."""
    count = prod(shape)
    if count <= MOST_CONSTANT_BYTES:
        return
    filters = int(values.get("ofm_c", 1))
    fewer = "ofm_c" if filters * filters <= count else "c"
    left = int(values.get(fewer, 1)) * MOST_CONSTANT_BYTES // count
    raise ImpossibleError(f"{count} weights", **({fewer: left} if left else {}))


def _filter_bytes(values: Values, element: ElementType, shape: tuple[int, ...], axis: int) -> bytes | None:
    """Return the bytes of one filter, to be repeated; where channels are last, those of all filters together."""
    if element.is_float:
        return None
    weight, lowered = number(values, "weight"), number(values, "lowered_weights")
    count = prod(shape) // shape[axis]
    if lowered > count or (lowered and not weight):
        raise ImpossibleError(f"{lowered} of {count} weights", lowered_weights=0)
    beside = 1 if axis == 0 else shape[axis]
    if not lowered:
        return _weight_bytes(element, weight)
    return _weight_bytes(element, weight) * ((count - lowered) * beside) + _weight_bytes(element, weight - 1) * (
        lowered * beside
    )


def _weight_bytes(element: ElementType, weight: int) -> bytes:
    """Return a value that is `weight` below the zero point, or as far as its type reaches; two values of 4 bits."""
    lowest = element.integer_range[0]
    value = max(lowest, _zero_point(element) - weight)
    if element.bits < 8:
        return bytes([(value & 0xF) * 0x11])
    return value.to_bytes(element.bits // 8, "little", signed=lowest < 0)
