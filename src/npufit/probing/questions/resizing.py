"""Questions about resizing: RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

from functools import partial

from npufit.graph import Model, ResizeBilinearOptions, ResizeNearestNeighborOptions
from npufit.probing.questions.drawing import PARAMETERS_AXIS, Drawing
from npufit.probing.questions.maps import SMALL_MAP_AXES, read_map
from npufit.probing.questions.number_formats import DTYPE_AXIS, QUANTIZED_AXIS, ZERO_POINT_AXIS
from npufit.probing.questions.space import Choices, ImpossibleError, Numbers, Space, Values
from npufit.probing.questions.values import is_true, number, word

_AXES = (
    *SMALL_MAP_AXES,
    *(DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS),
    PARAMETERS_AXIS,
    Numbers("factor", 2, most=64),
    Choices("enlarged", ("both", "h", "w")),
    Choices("odd_size", ("none", "half", "one", "reduced")),
    Choices("align_corners", ("false", "true")),
    Choices("half_pixel_centers", ("false", "true")),
)
"""`factor` enlarges both sides, or the one that `enlarged` names. `odd_size` makes it no whole number: by half of the
input's size more, by one more, or by its reciprocal.
"""

_OPTIONS = {"RESIZE_BILINEAR": ResizeBilinearOptions, "RESIZE_NEAREST_NEIGHBOR": ResizeNearestNeighborOptions}


def _draw(kind: str, values: Values) -> Model:
    aligned, centred = is_true(values, "align_corners"), is_true(values, "half_pixel_centers")
    if aligned and centred:
        raise ImpossibleError("corners and centres of pixels, both aligned", align_corners="false")
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    size = drawing.parameter([_resized(values, side, aligned=aligned) for side in ("h", "w")], values)
    drawing.apply(kind, (ifm, size), form, _OPTIONS[kind](aligned, centred))
    return drawing.model(kind.lower())


def _resized(values: Values, side: str, *, aligned: bool) -> int:
    """Return the height or width of the result; with aligned corners, the factor is that of the distances."""
    size = number(values, side)
    if word(values, "enlarged") not in ("both", side):
        return size
    factor, kind = number(values, "factor"), word(values, "odd_size")
    distance = size - 1 if aligned and size > 1 else size
    if kind == "reduced":
        result = distance // factor
    else:
        result = distance * factor + {"none": 0, "half": distance // 2, "one": 1}[kind]
    return result + size - distance


SPACES = tuple(Space(kind, kind, _AXES, partial(_draw, kind)) for kind in _OPTIONS)
