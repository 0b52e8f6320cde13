"""Questions about reductions along axes: MEAN, SUM, REDUCE_MAX and REDUCE_MIN."""

from __future__ import annotations

from functools import partial

from npufit.graph import Model, ReducerOptions
from npufit.probing.questions.drawing import PARAMETERS_AXIS, Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, axis_position, read_map
from npufit.probing.questions.number_formats import (
    DTYPE_AXIS,
    QUANTIZED_AXIS,
    RESULT_AXIS,
    ZERO_POINT_AXIS,
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


def _draw(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    rank = number(values, "rank")
    axes = drawing.parameter([axis_position(letter, rank) for letter in word(values, "axes").split(",")], values)
    drawing.apply(kind, (ifm, axes), result_format(values), ReducerOptions(is_true(values, "keep_dims")))
    return drawing.model(kind.lower())


SPACES = tuple(Space(kind, kind, _AXES, partial(_draw, kind)) for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"))
