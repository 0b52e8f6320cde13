"""Questions about pooling: AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from functools import partial

from npufit.graph import Model, Pool2DOptions
from npufit.probing.questions.drawing import Drawing
from npufit.probing.questions.maps import MAP_AXES, read_map
from npufit.probing.questions.number_formats import DTYPE_AXIS, QUANTIZED_AXIS, ZERO_POINT_AXIS
from npufit.probing.questions.space import Space, Values
from npufit.probing.questions.values import number
from npufit.probing.questions.windows import (
    ACTIVATION_AXIS,
    PADDING_AXIS,
    activation_of,
    kernel_axes,
    padding_of,
    require_room,
    stride_axes,
    strides_of,
)

_LARGEST_KERNEL = (1 << 16) + 1
"""One more than 16 bits hold."""

_AXES = (
    *MAP_AXES,
    *(DTYPE_AXIS, PADDING_AXIS, ACTIVATION_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS),
    *stride_axes(1),
    *kernel_axes(2, _LARGEST_KERNEL),
)


def _draw(kind: str, values: Values) -> Model:
    require_room(values)
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    options = Pool2DOptions(
        padding_of(values), *strides_of(values), number(values, "kw"), number(values, "kh"), activation_of(values)
    )
    drawing.apply(kind, (ifm,), form, options)
    return drawing.model(kind.lower())


SPACES = tuple(Space(kind, kind, _AXES, partial(_draw, kind)) for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"))
