"""Questions about convolutions: CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

from __future__ import annotations

from npufit.graph import Conv2DOptions, DepthwiseConv2DOptions, Model, Padding, TransposeConvOptions
from npufit.probing.questions.drawing import PARAMETERS_AXIS, Drawing
from npufit.probing.questions.filters import FILTER_AXES, add_bias, add_filters
from npufit.probing.questions.maps import MAP_AXES, OFM_CHANNELS_AXIS, SMALL_MAP_AXES, map_shape, read_map
from npufit.probing.questions.number_formats import DTYPE_AXIS, SCALE, ZERO_POINT_AXIS, map_format
from npufit.probing.questions.space import Choices, ImpossibleError, Numbers, Space, Values
from npufit.probing.questions.values import number, numbers, word
from npufit.probing.questions.windows import (
    ACTIVATION_AXIS,
    DILATION_AXES,
    PADDING_AXIS,
    activation_of,
    dilations_of,
    kernel_axes,
    padding_of,
    require_room,
    stride_axes,
    strides_of,
)

_LARGEST_KERNEL = 1 << 15
"""So that weights add up to more than an accumulator may hold, even in a filter of few channels."""

_WORDS = (DTYPE_AXIS, PADDING_AXIS, ACTIVATION_AXIS, ZERO_POINT_AXIS)
_CONVOLUTION = (*_WORDS, *stride_axes(1), *DILATION_AXES, *kernel_axes(3, _LARGEST_KERNEL))
_OFM_SCALE = 16 * SCALE


def _draw_conv_2d(values: Values) -> Model:
    require_room(values)
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    kh, kw, c, ofm_c = numbers(values, "kh", "kw", "c", "ofm_c")
    weights = add_filters(drawing, values, (ofm_c, kh, kw, c), 0)
    options = Conv2DOptions(
        padding_of(values),
        *strides_of(values),
        activation_of(values),
        *dilations_of(values),
    )
    inputs = ifm, weights, *add_bias(drawing, values, weights, ofm_c)
    drawing.apply("CONV_2D", inputs, map_format(values, _OFM_SCALE), options)
    return drawing.model("conv_2d")


def _draw_depthwise(values: Values) -> Model:
    require_room(values)
    drawing = Drawing()
    ifm, _ = read_map(drawing, values)
    kh, kw, c, multiplier = numbers(values, "kh", "kw", "c", "depth_multiplier")
    ofm_c = c * multiplier
    weights = add_filters(drawing, values, (1, kh, kw, ofm_c), 3)
    options = DepthwiseConv2DOptions(
        padding_of(values),
        *strides_of(values),
        multiplier,
        activation_of(values),
        *dilations_of(values),
    )
    inputs = ifm, weights, *add_bias(drawing, values, weights, ofm_c)
    drawing.apply("DEPTHWISE_CONV_2D", inputs, map_format(values, _OFM_SCALE), options)
    return drawing.model("depthwise_conv_2d")


def _draw_transpose_conv(values: Values) -> Model:
    drawing = Drawing()
    kh, kw, c, ofm_c = numbers(values, "kh", "kw", "c", "ofm_c")
    shape = number(values, "batch"), *(_enlarged(values, side) for side in ("h", "w")), ofm_c
    size = drawing.parameter(shape, values)
    weights = add_filters(drawing, values, (ofm_c, kh, kw, c), 0)
    ifm = drawing.input(map_shape(values), map_format(values))
    inputs = size, weights, ifm, *add_bias(drawing, values, weights, ofm_c)
    options = TransposeConvOptions(padding_of(values), *strides_of(values), activation_of(values))
    drawing.apply("TRANSPOSE_CONV", inputs, map_format(values, _OFM_SCALE), options)
    return drawing.model("transpose_conv")


def _enlarged(values: Values, side: str) -> int:
    """Return the height or width of the result, from which a convolution with these options leads back to the input."""
    size, kernel, stride = numbers(values, side, f"k{side}", f"stride_{side}")
    whole = size * stride + (max(0, kernel - stride) if padding_of(values) is Padding.VALID else 0)
    cut = word(values, "ofm_size") == "cut"
    if cut and stride == 1:
        raise ImpossibleError("a cut result without a stride", **{f"stride_{side}": 2})
    return whole - cut


SPACES = (
    Space("CONV_2D", "CONV_2D", (*MAP_AXES, OFM_CHANNELS_AXIS, *_CONVOLUTION, *FILTER_AXES), _draw_conv_2d),
    Space(
        "DEPTHWISE_CONV_2D",
        "DEPTHWISE_CONV_2D",
        (*MAP_AXES, Numbers("depth_multiplier", 1, most=512), *_CONVOLUTION, *FILTER_AXES),
        _draw_depthwise,
    ),
    Space(
        "TRANSPOSE_CONV",
        "TRANSPOSE_CONV",
        (
            *SMALL_MAP_AXES,
            OFM_CHANNELS_AXIS,
            *_WORDS,
            PARAMETERS_AXIS,
            Choices("ofm_size", ("whole", "cut")),
            *stride_axes(2),
            *kernel_axes(3, _LARGEST_KERNEL),
            *FILTER_AXES,
        ),
        _draw_transpose_conv,
    ),
)
