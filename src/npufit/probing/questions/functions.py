"""Questions about functions of one feature map: SOFTMAX, activations, roots and others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from npufit.graph import LeakyReluOptions, Model, Options, OtherOptions, SoftmaxOptions
from npufit.probing.questions.drawing import Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, read_map
from npufit.probing.questions.number_formats import (
    DTYPE_AXIS,
    QUANTIZED_AXIS,
    RESULT_AXIS,
    ZERO_POINT_AXIS,
    fixed_format,
    result_format,
)
from npufit.probing.questions.space import Axis, Choices, Space, Values

_AXES: tuple[Axis, ...] = (*MAP_AXES, RANK_AXIS, DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS)

_PROBABILITIES = {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}
_SIGNED_UNITS = {"int8": (1 / 128, 0), "uint8": (1 / 128, 128), "int16": (1 / 32768, 0)}
_LOGARITHMS = {"int8": (16 / 256, 127), "uint8": (16 / 256, 255)}
_FIXED: Mapping[str, tuple[Options | None, Mapping[str, tuple[float, int]]]] = {
    "SOFTMAX": (SoftmaxOptions(1.0), _PROBABILITIES),
    "LOG_SOFTMAX": (OtherOptions("LogSoftmaxOptions"), _LOGARITHMS),
    "LOGISTIC": (None, _PROBABILITIES),
    "TANH": (None, _SIGNED_UNITS),
    "L2_NORMALIZATION": (OtherOptions("L2NormOptions"), _SIGNED_UNITS),
}
"""Functions whose results have a prescribed scale and zero point. Source: LiteRT, `tflite/kernels/activations.cc`."""

_FREE: Mapping[str, Options | None] = {
    "HARD_SWISH": OtherOptions("HardSwishOptions"),
    "LEAKY_RELU": LeakyReluOptions(0.125),
    **dict.fromkeys(("RELU", "RELU6", "RELU_N1_TO_1", "ELU"), None),
    "GELU": OtherOptions("GeluOptions"),
    "ABS": OtherOptions("AbsOptions"),
    "NEG": OtherOptions("NegOptions"),
    "EXP": OtherOptions("ExpOptions"),
    **dict.fromkeys(("LOG", "RSQRT"), None),
}

_REAL: Mapping[str, Options | None] = {
    "SIN": None,
    "COS": OtherOptions("CosOptions"),
    "SQUARE": OtherOptions("SquareOptions"),
    **dict.fromkeys(("SQRT", "FLOOR"), None),
}
"""Functions that LiteRT computes with floating-point numbers only, where a search of them starts."""

_REAL_AXES = (*MAP_AXES, RANK_AXIS, Choices("dtype", ("float32", "int8", "uint8", "int16", "int32")))


def _draw_fixed(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    options, scales = _FIXED[kind]
    drawing.apply(kind, (ifm,), fixed_format(values, scales), options)
    return drawing.model(kind.lower())


def _draw_free(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    drawing.apply(kind, (ifm,), result_format(values), _FREE[kind])
    return drawing.model(kind.lower())


def _draw_real(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    drawing.apply(kind, (ifm,), form, _REAL[kind])
    return drawing.model(kind.lower())


SPACES = (
    *(Space(kind, kind, _AXES, partial(_draw_fixed, kind)) for kind in _FIXED),
    *(Space(kind, kind, (*_AXES, RESULT_AXIS), partial(_draw_free, kind)) for kind in _FREE),
    *(Space(kind, kind, _REAL_AXES, partial(_draw_real, kind)) for kind in _REAL),
)
