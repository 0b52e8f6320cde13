"""Questions about parts of feature maps: joined by CONCATENATION and PACK; cut by SLICE, SPLIT, UNPACK and others."""

from __future__ import annotations

from functools import partial

from npufit.graph import (
    ConcatenationOptions,
    GatherOptions,
    Model,
    OtherOptions,
    PackOptions,
    SplitOptions,
    StridedSliceOptions,
    UnpackOptions,
)
from npufit.probing.questions.drawing import PARAMETERS_AXIS, Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, axis_letters, axis_position, map_shape, read_map
from npufit.probing.questions.number_formats import (
    DTYPE_AXIS,
    QUANTIZED_AXIS,
    RESULT_AXIS,
    ZERO_POINT_AXIS,
    map_format,
    result_format,
)
from npufit.probing.questions.space import Axis, Choices, ImpossibleError, Numbers, Space, Values
from npufit.probing.questions.values import is_true, number, word

_AXES: tuple[Axis, ...] = (*MAP_AXES, RANK_AXIS, DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS)
_AXIS = Choices("axis", ("c", "w", "h", "n"))
_SIZE_NAMES = {"n": "batch", "h": "h", "w": "w", "c": "c"}
_STEPS = Numbers("step_h", 1, most=64), Numbers("step_w", 1, most=64), Numbers("step_c", 1, most=64)
_MOST_PARTS = 1 << 10
"""More tensors than any network has in one operator."""


def _draw_concatenation(values: Values) -> Model:
    drawing = Drawing()
    shape = map_shape(values)
    parts = [drawing.input(shape, map_format(values)) for _ in range(number(values, "inputs"))]
    options = ConcatenationOptions(axis_position(word(values, "axis"), len(shape)))
    drawing.apply("CONCATENATION", parts, result_format(values), options)
    return drawing.model("concatenation")


def _draw_pack(values: Values) -> Model:
    drawing = Drawing()
    shape, count = map_shape(values), number(values, "inputs")
    form = map_format(values)
    parts = [drawing.input(shape, form) for _ in range(count)]
    drawing.apply("PACK", parts, form, PackOptions(count, axis_position(word(values, "axis"), len(shape))))
    return drawing.model("pack")


def _draw_unpack(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    shape, letter = map_shape(values), word(values, "axis")
    axis = axis_position(letter, len(shape))
    count = shape[axis]
    if count > _MOST_PARTS:
        raise ImpossibleError(f"{count} parts", **{_SIZE_NAMES[letter]: _MOST_PARTS})
    part = (*shape[:axis], *shape[axis + 1 :])
    drawing.apply("UNPACK", (ifm,), form, UnpackOptions(count, axis), (part,) * count)
    return drawing.model("unpack")


def _draw_split(kind: str, values: Values) -> Model:
    shape, letter, count = map_shape(values), word(values, "axis"), number(values, "outputs")
    axis = axis_position(letter, len(shape))
    if shape[axis] % count:
        raise ImpossibleError(f"{count} equal parts of {shape[axis]}", **{_SIZE_NAMES[letter]: count})
    drawing = Drawing()
    part = (*shape[:axis], shape[axis] // count, *shape[axis + 1 :])
    along = drawing.parameter((axis,), values, ())
    ifm, form = read_map(drawing, values)
    if kind == "SPLIT":
        drawing.apply(kind, (along, ifm), form, SplitOptions(count), (part,) * count)
    else:
        sizes = drawing.parameter((shape[axis] // count,) * count, values)
        options = OtherOptions("SplitVOptions", (("num_splits", count),))
        drawing.apply(kind, (ifm, sizes, along), form, options, (part,) * count)
    return drawing.model(kind.lower())


def _draw_slice(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    shape = map_shape(values)
    begin, end = _bounds(values, shape)
    sizes = [last - first for first, last in zip(begin, end, strict=True)]
    inputs = ifm, drawing.parameter(begin, values), drawing.parameter(sizes, values)
    drawing.apply("SLICE", inputs, form, OtherOptions("SliceOptions"))
    return drawing.model("slice")


def _draw_strided_slice(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    shape = map_shape(values)
    begin, end = _bounds(values, shape)
    letters = axis_letters(len(shape))
    steps = [int(values.get(f"step_{letter}", 1)) for letter in letters]
    if is_true(values, "reversed"):
        for letter in word(values, "changed_axes").split(","):
            axis = letters.index(letter)
            begin[axis], end[axis], steps[axis] = end[axis] - 1, begin[axis] - 1, -steps[axis]
    inputs = ifm, *(drawing.parameter(numbers, values) for numbers in (begin, end, steps))
    drawing.apply("STRIDED_SLICE", inputs, form, StridedSliceOptions())
    return drawing.model("strided_slice")


def _bounds(values: Values, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return where a slice begins and ends along each axis: `begin` values are left out on both sides."""
    begin, end = [0] * len(shape), [*shape]
    margin = number(values, "begin")
    for letter in word(values, "changed_axes").split(","):
        axis = axis_position(letter, len(shape))
        if shape[axis] <= 2 * margin:
            raise ImpossibleError("a slice that is empty", **{_SIZE_NAMES[letter]: 2 * margin + 1})
        begin[axis], end[axis] = margin, shape[axis] - margin
    return begin, end


def _draw_gather(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    rows = drawing.integers((0,) * number(values, "rows"))
    axis = axis_position(word(values, "axis"), len(map_shape(values)))
    drawing.apply("GATHER", (ifm, rows), form, GatherOptions(axis))
    return drawing.model("gather")


_CUT = Choices("changed_axes", ("w", "h", "c", "h,w", "w,c", "h,c", "h,w,c")), Numbers("begin", 1, least=1, most=4096)
SPACES = (
    Space(
        "CONCATENATION",
        "CONCATENATION",
        (*_AXES, RESULT_AXIS, _AXIS, Numbers("inputs", 2, most=256)),
        _draw_concatenation,
    ),
    Space("PACK", "PACK", (*_AXES, _AXIS, Numbers("inputs", 2, most=256)), _draw_pack),
    Space("UNPACK", "UNPACK", (*_AXES, _AXIS), _draw_unpack),
    *(
        Space(kind, kind, (*_AXES, _AXIS, Numbers("outputs", 2, most=256), PARAMETERS_AXIS), partial(_draw_split, kind))
        for kind in ("SPLIT", "SPLIT_V")
    ),
    Space("SLICE", "SLICE", (*_AXES, *_CUT, PARAMETERS_AXIS), _draw_slice),
    Space(
        "STRIDED_SLICE",
        "STRIDED_SLICE",
        (*_AXES, *_CUT, *_STEPS, Choices("reversed", ("false", "true")), PARAMETERS_AXIS),
        _draw_strided_slice,
    ),
    Space("GATHER", "GATHER", (*_AXES, _AXIS, Numbers("rows", 4, most=4096)), _draw_gather),
)
