"""Questions about conversions between number formats: QUANTIZE, DEQUANTIZE and CAST."""

from __future__ import annotations

from npufit.graph import ElementType, Model, OtherOptions
from npufit.probing.questions.drawing import Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, map_shape, read_map
from npufit.probing.questions.number_formats import (
    SCALE,
    SCHEMA_NUMBERS,
    ZERO_POINT_AXIS,
    NumberFormat,
    tensor_format,
)
from npufit.probing.questions.space import Axis, Choices, Space, Values
from npufit.probing.questions.values import word

_AXES: tuple[Axis, ...] = (*MAP_AXES, RANK_AXIS)


def _draw_quantize(values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    result = tensor_format(ElementType(word(values, "ofm_dtype")), 2 * SCALE)
    drawing.apply("QUANTIZE", (ifm,), result)
    return drawing.model("quantize")


def _draw_dequantize(values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    drawing.apply("DEQUANTIZE", (ifm,), NumberFormat(ElementType(word(values, "ofm_dtype"))))
    return drawing.model("dequantize")


def _draw_cast(values: Values) -> Model:
    before, after = (ElementType(word(values, name)) for name in ("dtype", "ofm_dtype"))
    drawing = Drawing()
    ifm = drawing.input(map_shape(values), NumberFormat(before))
    numbers = ("in_data_type", SCHEMA_NUMBERS[before]), ("out_data_type", SCHEMA_NUMBERS[after])
    drawing.apply("CAST", (ifm,), NumberFormat(after), OtherOptions("CastOptions", numbers))
    return drawing.model("cast")


SPACES = (
    Space(
        "QUANTIZE",
        "QUANTIZE",
        (
            *_AXES,
            Choices("dtype", ("int8", "uint8", "int16", "int32", "float32")),
            Choices("ofm_dtype", ("int8", "uint8", "int16", "int32")),
            ZERO_POINT_AXIS,
        ),
        _draw_quantize,
    ),
    Space(
        "DEQUANTIZE",
        "DEQUANTIZE",
        (
            *_AXES,
            Choices("dtype", ("int8", "uint8", "int16", "int32")),
            Choices("ofm_dtype", ("float32", "float16")),
            ZERO_POINT_AXIS,
        ),
        _draw_dequantize,
    ),
    Space(
        "CAST",
        "CAST",
        (
            *_AXES,
            Choices("dtype", ("int8", "uint8", "int16", "int32", "int64", "float32", "bool")),
            Choices("ofm_dtype", ("int32", "int64", "int16", "int8", "uint8", "float32", "bool")),
        ),
        _draw_cast,
    ),
)
