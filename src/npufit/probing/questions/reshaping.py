"""Questions about operators that move values: PAD, RESHAPE, TRANSPOSE, SPACE_TO_DEPTH and others."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from math import prod

from npufit.graph import Model, OtherOptions, ReshapeOptions, SqueezeOptions
from npufit.probing.questions.drawing import PARAMETERS_AXIS, Drawing
from npufit.probing.questions.maps import MAP_AXES, RANK_AXIS, map_shape, read_map
from npufit.probing.questions.number_formats import DTYPE_AXIS, QUANTIZED_AXIS, ZERO_POINT_AXIS
from npufit.probing.questions.space import Axis, Choices, ImpossibleError, Numbers, Space, Values
from npufit.probing.questions.values import number, numbers, word

_AXES: tuple[Axis, ...] = (*MAP_AXES, DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS)
_PADS = ("pad_batch", "pad_h", "pad_w", "pad_c")
_SIDES = {"both": (1, 1), "before": (1, 0), "after": (0, 1)}
_PAD_AXES: tuple[Axis, ...] = (
    *(Numbers(name, base, least=0, most=512) for name, base in zip(_PADS, (0, 1, 1, 0), strict=True)),
    Choices("sides", tuple(_SIDES)),
)
_PERMUTATIONS = tuple(",".join(map(str, order)) for order in permutations(range(4)))
"""Every order of four axes; the first keeps them, so a search starts from another."""

_MIRROR_MODES = ("REFLECT", "SYMMETRIC")
_BLOCK_OPTIONS = {"SPACE_TO_DEPTH": "SpaceToDepthOptions", "DEPTH_TO_SPACE": "DepthToSpaceOptions"}


def _amounts(values: Values) -> list[int]:
    """Return what is added before and after each axis."""
    return [amount * side for amount in numbers(values, *_PADS) for side in _SIDES[word(values, "sides")]]


def _draw_pad(kind: str, values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    inputs = [ifm, drawing.parameter(_amounts(values), values, (4, 2))]
    if kind == "PADV2":
        inputs.append(drawing.repeated((1,), form))
    drawing.apply(kind, inputs, form, OtherOptions("PadV2Options" if kind == "PADV2" else "PadOptions"))
    return drawing.model(kind.lower())


def _draw_mirror_pad(values: Values) -> Model:
    mode = _MIRROR_MODES.index(word(values, "mode"))
    reach = {name.removeprefix("pad_"): number(values, name) + (mode == 0) for name in _PADS if number(values, name)}
    short = {name: least for name, least in reach.items() if number(values, name) < least}
    if short:
        raise ImpossibleError("a mirror image that is larger than the feature map", **short)
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    inputs = ifm, drawing.parameter(_amounts(values), values, (4, 2))
    drawing.apply("MIRROR_PAD", inputs, form, OtherOptions("MirrorPadOptions", (("mode", mode),)))
    return drawing.model("mirror_pad")


def _draw_reshape(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    batch, h, w, c = numbers(values, "batch", "h", "w", "c")
    rank = number(values, "ofm_rank")
    shape = ((batch * h * w * c,), (batch, h * w * c), (batch, h * w, c), (batch, w, h, c))[min(rank, 4) - 1]
    shape = (1,) * (rank - 4) + shape
    drawing.apply("RESHAPE", (ifm, drawing.parameter(shape, values)), form, ReshapeOptions(shape))
    return drawing.model("reshape")


def _draw_transpose(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    order = [int(axis) for axis in word(values, "order").split(",")]
    drawing.apply("TRANSPOSE", (ifm, drawing.parameter(order, values)), form, OtherOptions("TransposeOptions"))
    return drawing.model("transpose")


def _draw_block(kind: str, values: Values) -> Model:
    batch, h, w, c = numbers(values, "batch", "h", "w", "c")
    block = number(values, "block_size")
    divided = ("h", "w") if kind == "SPACE_TO_DEPTH" else ("c",)
    unit = block if kind == "SPACE_TO_DEPTH" else block * block
    uneven = {name: unit for name in divided if number(values, name) % unit}
    if uneven:
        raise ImpossibleError(f"blocks of {block} in a feature map of {h}x{w}x{c}", **uneven)
    if kind == "SPACE_TO_DEPTH":
        shape = batch, h // block, w // block, c * block * block
    else:
        shape = batch, h * block, w * block, c // (block * block)
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    drawing.apply(kind, (ifm,), form, OtherOptions(_BLOCK_OPTIONS[kind], (("block_size", block),)), (shape,))
    return drawing.model(kind.lower())


def _draw_squeeze(values: Values) -> Model:
    drawing = Drawing()
    shape = map_shape(values)
    ifm, form = read_map(drawing, values)
    if 1 not in shape:
        raise ImpossibleError("no axis of one value", **({"batch": 1} if len(shape) == 4 else {}))
    if prod(shape) == 1:
        raise ImpossibleError("no axis of several values", c=2)
    dropped = tuple(axis for axis, size in enumerate(shape) if size == 1)
    drawing.apply("SQUEEZE", (ifm,), form, SqueezeOptions(dropped))
    return drawing.model("squeeze")


def _draw_expand_dims(values: Values) -> Model:
    drawing = Drawing()
    ifm, form = read_map(drawing, values)
    drawing.apply("EXPAND_DIMS", (ifm, drawing.parameter((0,), values, ())), form, OtherOptions("ExpandDimsOptions"))
    return drawing.model("expand_dims")


SPACES = (
    *(Space(kind, kind, (*_AXES, *_PAD_AXES, PARAMETERS_AXIS), partial(_draw_pad, kind)) for kind in ("PAD", "PADV2")),
    Space(
        "MIRROR_PAD",
        "MIRROR_PAD",
        (*_AXES, *_PAD_AXES, Choices("mode", _MIRROR_MODES), PARAMETERS_AXIS),
        _draw_mirror_pad,
    ),
    Space("RESHAPE", "RESHAPE", (*_AXES, RANK_AXIS, Numbers("ofm_rank", 2, most=6), PARAMETERS_AXIS), _draw_reshape),
    Space(
        "TRANSPOSE",
        "TRANSPOSE",
        (*_AXES, Choices("order", (*_PERMUTATIONS[1:], _PERMUTATIONS[0])), PARAMETERS_AXIS),
        _draw_transpose,
    ),
    *(
        Space(kind, kind, (*_AXES, Numbers("block_size", 2, most=64)), partial(_draw_block, kind))
        for kind in _BLOCK_OPTIONS
    ),
    Space("SQUEEZE", "SQUEEZE", (*_AXES, RANK_AXIS), _draw_squeeze),
    Space("EXPAND_DIMS", "EXPAND_DIMS", (*_AXES, RANK_AXIS, PARAMETERS_AXIS), _draw_expand_dims),
)
