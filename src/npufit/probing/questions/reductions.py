"""Questions about reductions along axes: MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX and ARG_MIN."""

from __future__ import annotations

from functools import partial

from npufit.graph import ElementType, Model, OtherOptions, ReducerOptions
from npufit.probing.questions.drawing import PARAMETERS_AXIS, Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, axis_position, read_map
from npufit.probing.questions.number_formats import (
    DTYPE_AXIS,
    QUANTIZED_AXIS,
    RESULT_AXIS,
    SCHEMA_NUMBERS,
    ZERO_POINT_AXIS,
    NumberFormat,
    result_format,
)
from npufit.probing.questions.space import Choices, Space, Values
from npufit.probing.questions.values import is_true, number, word

_AXES = (
    *MAP_AXES,
    *(DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS, RESULT_AXIS),
    Choices("axes", ("h,w", "h", "w", "c", "w,c", "h,c", "h,w,c", "n", "n,h", "n,h,w,c")),
    Choices("keep_dims", ("true", "false")),
    RANK_AXIS,
    PARAMETERS_AXIS,
)
_SEARCH_AXES = (
    *MAP_AXES,
    *(DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS),
    Choices("axes", ("c", "w", "h", "n")),
    Choices("ofm_dtype", ("int32", "int64")),
    RANK_AXIS,
    PARAMETERS_AXIS,
)
_SEARCHES = {"ARG_MAX": "ArgMaxOptions", "ARG_MIN": "ArgMinOptions"}


def _draw(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    rank = number(values, "rank")
    axes = drawing.parameter([axis_position(letter, rank) for letter in word(values, "axes").split(",")], values)
    drawing.apply(kind, (ifm, axes), result_format(values), ReducerOptions(is_true(values, "keep_dims")))
    return drawing.model(kind.lower())


def _draw_search(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    axis = drawing.parameter((axis_position(word(values, "axes"), number(values, "rank")),), values, ())
    element = ElementType(word(values, "ofm_dtype"))
    options = OtherOptions(_SEARCHES[kind], (("output_type", SCHEMA_NUMBERS[element]),))
    drawing.apply(kind, (ifm, axis), NumberFormat(element), options)
    return drawing.model(kind.lower())


SPACES = (
    *(Space(kind, kind, _AXES, partial(_draw, kind)) for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")),
    *(Space(kind, kind, _SEARCH_AXES, partial(_draw_search, kind)) for kind in _SEARCHES),
)
