"""The feature map that an operator reads: its sizes and its rank, which most spaces vary."""

from __future__ import annotations

from npufit.probing.questions.drawing import Drawing
from npufit.probing.questions.number_formats import NumberFormat, map_format
from npufit.probing.questions.space import Axis, ImpossibleError, Numbers, Values
from npufit.probing.questions.values import number, numbers

_MOST = (1 << 16) + 1
"""One more than 16 bits hold, in which many an NPU counts. Compilers take seconds for much larger maps."""

_SIDES = (7, 14, 28, 56, 96, 112, 160, 192, 224, 300, 320, 416, 640)
_CHANNELS = (24, 40, 48, 96, 144, 192, 320, 576, 960, 1000, 1280)
_NAMES = ("batch", "h", "w", "c")

BATCH_AXIS = Numbers("batch", 1, most=256)


def _map_axes(side: int) -> tuple[Axis, ...]:
    return (
        Numbers("h", side, most=_MOST, landmarks=_SIDES),
        Numbers("w", side, most=_MOST, landmarks=_SIDES),
        Numbers("c", 16, most=_MOST, landmarks=_CHANNELS),
        BATCH_AXIS,
    )


MAP_AXES = _map_axes(16)
"""Height, width, channels and batch: multiples of 16 to start with, which converters prefer."""

SMALL_MAP_AXES = _map_axes(8)
"""For operators that enlarge their map."""

OFM_CHANNELS_AXIS = Numbers("ofm_c", 16, most=_MOST, landmarks=_CHANNELS)
RANK_AXIS = Numbers("rank", 4, most=6)
"""Tensors of fewer dimensions lack the first ones, which must be 1; those of more have additional ones in front."""


def map_shape(values: Values) -> tuple[int, ...]:
    """Return the shape of the feature map: NHWC, or as many dimensions of it as the axis `rank` says.

    Raises ImpossibleError if a dimension that is left out is not 1.
    """
    sizes = numbers(values, *_NAMES)
    rank = number(values, "rank") if "rank" in values else len(sizes)
    lost = {name: 1 for name, size in zip(_NAMES[: max(0, 4 - rank)], sizes, strict=False) if size > 1}
    if lost:
        raise ImpossibleError(f"a feature map with {rank} dimensions", **lost)
    return (1,) * (rank - 4) + sizes[-rank:]


def axis_position(letter: str, rank: int) -> int:
    """Return the index of the axis n, h, w or c in a feature map with `rank` dimensions.

    Raises ImpossibleError if it lacks that axis.
    """
    position = "nhwc".index(letter) + rank - 4
    if position < 0:
        raise ImpossibleError(f"the axis {letter} of a feature map with {rank} dimensions", rank=4)
    return position


def axis_letters(rank: int) -> str:
    """Return the letter of each axis of a feature map with `rank` dimensions; a dot for those in front of n."""
    return ("." * rank + "nhwc")[-rank:]


def read_map(drawing: Drawing, values: Values) -> tuple[int, NumberFormat]:
    """Add the feature map as an input of the model; return its index and format."""
    form = map_format(values)
    return drawing.input(map_shape(values), form), form
