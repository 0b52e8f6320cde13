"""Questions about arithmetic on two feature maps, ADD, SUB, MUL, MINIMUM and others; and PRELU, which has slopes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from npufit.graph import (
    AddOptions,
    DivOptions,
    Model,
    MulOptions,
    Options,
    OtherOptions,
    SubOptions,
)
from npufit.probing.questions.drawing import Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, axis_letters, map_shape
from npufit.probing.questions.number_formats import (
    DTYPE_AXIS,
    QUANTIZED_AXIS,
    RESULT_AXIS,
    SCALE,
    ZERO_POINT_AXIS,
    map_format,
    result_format,
)
from npufit.probing.questions.space import Axis, Choices, ImpossibleError, Space, Values
from npufit.probing.questions.values import number, word
from npufit.probing.questions.windows import ACTIVATION_AXIS, activation_of

_REPEATED = ("none", "scalar", "hw", "h", "w", "c", "hc", "wc", "h+w")
"""The axes along which the second operand is repeated; `h+w`: the first along h, the second along w."""

_AXES: tuple[Axis, ...] = (
    *MAP_AXES,
    RANK_AXIS,
    *(DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS),
    Choices("broadcast", _REPEATED),
    Choices("constant_operand", ("none", "second", "first")),
)
_PRELU_AXES: tuple[Axis, ...] = (
    *MAP_AXES,
    RANK_AXIS,
    *(DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS),
    Choices("broadcast", ("hw", "none", "scalar", "h", "w", "c")),
    Choices("constant_operand", ("second", "none")),
)
_FUSED: Mapping[str, type[AddOptions | SubOptions | MulOptions | DivOptions]] = {
    "ADD": AddOptions,
    "SUB": SubOptions,
    "MUL": MulOptions,
    "DIV": DivOptions,
}
_PLAIN: Mapping[str, str] = {
    "MINIMUM": "MaximumMinimumOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "SQUARED_DIFFERENCE": "SquaredDifferenceOptions",
}


def _draw(kind: str, values: Values) -> Model:
    drawing = Drawing()
    operands = [
        _add_operand(drawing, values, place, letters)
        for place, letters in zip(("first", "second"), _repeated_axes(values), strict=True)
    ]
    if kind in _FUSED:
        options = _fused_options(kind, values)
        result = map_format(values, 2 * SCALE)
    else:
        options, result = OtherOptions(_PLAIN[kind]), result_format(values)
    drawing.apply(kind, operands, result, options)
    return drawing.model(kind.lower())


def _draw_prelu(values: Values) -> Model:
    drawing = Drawing()
    ifm = _add_operand(drawing, values, "first", "")
    slopes = _add_operand(drawing, values, "second", _repeated_axes(values)[1])
    drawing.apply("PRELU", (ifm, slopes), map_format(values, 2 * SCALE))
    return drawing.model("prelu")


def _fused_options(kind: str, values: Values) -> Options:
    """Return options with the activation; converters write 16-bit sums without the powers of two of old releases."""
    activation = activation_of(values)
    if word(values, "dtype") == "int16" and kind in ("ADD", "SUB"):
        return {"ADD": AddOptions, "SUB": SubOptions}[kind](activation, pot_scale_int16=False)
    return _FUSED[kind](fused_activation_function=activation)


def _add_operand(drawing: Drawing, values: Values, place: str, repeated: str) -> int:
    whole = map_shape(values)
    letters = axis_letters(len(whole))
    shape = [1 if letter in repeated else size for letter, size in zip(letters, whole, strict=True)]
    form = map_format(values)
    constant = word(values, "constant_operand") == place
    return drawing.repeated(shape, form) if constant else drawing.input(shape, form)


def _repeated_axes(values: Values) -> tuple[str, str]:
    """Return the letters of the axes along which the first and the second operand are repeated.

    Raises ImpossibleError if one of them is not repeated, because those axes have one value.
    """
    kind = word(values, "broadcast")
    if kind == "none":
        return "", ""
    first, _, second = ("", "", "nhwc") if kind == "scalar" else kind.rpartition("+")
    for letters in filter(None, (first, second)):
        if all(number(values, letter) == 1 for letter in letters.removeprefix("n")):
            raise ImpossibleError("axes of one value, repeated", broadcast="none")
    return first, second


SPACES = (
    *(Space(kind, kind, (*_AXES, ACTIVATION_AXIS), partial(_draw, kind)) for kind in _FUSED),
    *(Space(kind, kind, (*_AXES, RESULT_AXIS), partial(_draw, kind)) for kind in _PLAIN),
    Space("PRELU", "PRELU", _PRELU_AXES, _draw_prelu),
)
