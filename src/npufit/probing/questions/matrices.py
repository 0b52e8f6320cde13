"""Questions about products of matrices: FULLY_CONNECTED and BATCH_MATMUL."""

from __future__ import annotations

from npufit.graph import BatchMatMulOptions, FullyConnectedOptions, Model
from npufit.probing.questions.drawing import Drawing
from npufit.probing.questions.filters import FILTER_AXES, add_bias, add_filters
from npufit.probing.questions.maps import BATCH_AXIS, MAP_AXES, OFM_CHANNELS_AXIS, map_shape
from npufit.probing.questions.number_formats import (
    DTYPE_AXIS,
    QUANTIZED_AXIS,
    SCALE,
    ZERO_POINT_AXIS,
    map_format,
)
from npufit.probing.questions.space import Choices, ImpossibleError, Numbers, Space, Values
from npufit.probing.questions.values import is_true, number, numbers, word
from npufit.probing.questions.windows import activation_of

_FLAG = ("false", "true")
_OFM_SCALE = 16 * SCALE


def _draw_fully_connected(values: Values) -> Model:
    batch, c, ofm_c, rank = numbers(values, "batch", "c", "ofm_c", "rank")
    if rank < 2 and batch > 1:
        raise ImpossibleError("rows of a vector", batch=1)
    drawing = Drawing()
    shape = (batch, *(1,) * (rank - 2), c)[-rank:]
    ifm = drawing.input(shape, map_format(values))
    weights = add_filters(drawing, values, (ofm_c, c), 0)
    options = FullyConnectedOptions(activation_of(values), keep_num_dims=is_true(values, "keep_num_dims"))
    inputs = ifm, weights, *add_bias(drawing, values, weights, ofm_c)
    drawing.apply("FULLY_CONNECTED", inputs, map_format(values, _OFM_SCALE), options)
    return drawing.model("fully_connected")


def _draw_batch_matmul(values: Values) -> Model:
    *batches, rows, inner = map_shape(values)
    columns = number(values, "ofm_c")
    adj_x, adj_y = is_true(values, "adj_x"), is_true(values, "adj_y")
    shapes = {
        "first": (*batches, inner, rows) if adj_x else (*batches, rows, inner),
        "second": (*batches, columns, inner) if adj_y else (*batches, inner, columns),
    }
    drawing = Drawing()
    form = map_format(values)
    operands = [
        drawing.repeated(shape, form) if word(values, "constant_operand") == place else drawing.input(shape, form)
        for place, shape in shapes.items()
    ]
    drawing.apply("BATCH_MATMUL", operands, map_format(values, _OFM_SCALE), BatchMatMulOptions(adj_x, adj_y))
    return drawing.model("batch_matmul")


SPACES = (
    Space(
        "FULLY_CONNECTED",
        "FULLY_CONNECTED",
        (
            Numbers("c", 64, most=1 << 17, landmarks=(1000, 1280, 9216)),
            OFM_CHANNELS_AXIS,
            BATCH_AXIS,
            Numbers("rank", 2, most=5),
            *(DTYPE_AXIS, ZERO_POINT_AXIS),
            Choices("activation", ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")),
            Choices("keep_num_dims", _FLAG),
            *FILTER_AXES,
        ),
        _draw_fully_connected,
    ),
    Space(
        "BATCH_MATMUL",
        "BATCH_MATMUL",
        (
            *MAP_AXES,
            OFM_CHANNELS_AXIS,
            Numbers("rank", 4, least=2, most=5),
            *(DTYPE_AXIS, ZERO_POINT_AXIS, QUANTIZED_AXIS),
            Choices("adj_x", _FLAG),
            Choices("adj_y", _FLAG),
            Choices("constant_operand", ("none", "second", "first")),
        ),
        _draw_batch_matmul,
    ),
)
