"""One tiny network per rule: on both sides of its limit and of its range of releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from networks import BOOL, FLOAT16, FLOAT32, INT8, INT16, INT32, INT64, UINT8, Network
from npufit.graph import (
    NO_TENSOR,
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    BatchMatMulOptions,
    Conv2DOptions,
    ElementType,
    FullyConnectedOptions,
    GatherOptions,
    Model,
    Options,
    PackOptions,
    Quantization,
    ReshapeOptions,
    SoftmaxOptions,
    StridedSliceOptions,
)
from npufit.stacks import Evidence, RuleKind, Stage, Unit, load_stack
from stacks.vx.on_vx import TWO_SCALES, as_file, other, place, refusals

BSPS = (
    "5.10.72", "5.15.5", "5.15.32", "5.15.52", "5.15.71", "6.1.1", "6.1.22", "6.1.36", "6.1.55", "6.6.3", "6.6.23",
    "6.6.36", "6.12.34",
)  # fmt: skip
STRING, COMPLEX, UINT16 = ElementType.STRING, ElementType.COMPLEX64, ElementType.UINT16


def since(first: str) -> tuple[str, ...]:
    """Return `first` and all later BSPs."""
    return BSPS[BSPS.index(first) :]


def until(last: str) -> tuple[str, ...]:
    """Return all BSPs up to `last`."""
    return BSPS[: BSPS.index(last) + 1]


@dataclass(frozen=True)
class Case:
    """A network that a rule refuses on some BSPs, and its neighbour that it never refuses."""

    rule: str
    bsps: tuple[str, ...]
    refused: Callable[[], Model]
    passes: Callable[[], Model]


Kind = ElementType | tuple[ElementType, Quantization]


def one(
    operator_type: str,
    inputs: Sequence[tuple[Kind, tuple[int, ...]] | int | None],
    output: tuple[Kind, tuple[int, ...]] = (INT8, (1, 4)),
    options: Options | None = None,
    *,
    written: bool = True,
    custom_code: str | None = None,
) -> Model:
    """Return a network of one operator.

    An input is a type (perhaps with its quantization) and a shape for a computed one, a number for a constant vector
    of as many int32, and None where it is left out.
    """
    network = Network()
    indices: list[int] = []
    for source in inputs:
        if source is None:
            indices.append(NO_TENSOR)
        elif isinstance(source, int):
            indices.append(network.numbers(*range(1, source + 1)))
        else:
            element, quantization = _kind(source[0])
            indices.append(network.input(*source[1], element=element, quantization=quantization))
    element, quantization = _kind(output[0])
    network.apply(
        operator_type,
        indices,
        output[1] if written else None,
        options,
        element=element,
        quantization=quantization,
        custom_code=custom_code,
    )
    return network.model()


def _kind(kind: Kind) -> tuple[ElementType, Quantization | None]:
    return kind if isinstance(kind, tuple) else (kind, None)


def unary(operator_type: str, source: Kind = INT8, output: Kind = INT8, shape: tuple[int, ...] = (1, 4)) -> Model:
    """Return an operator with one computed input and an output of its shape."""
    return one(operator_type, [(source, shape)], (output, shape))


def convolution(ifm: ElementType = INT8, batch: int = 1, channels: int = 4, weights: ElementType = INT8) -> Model:
    """Return a CONV_2D with weights of 4 channels."""
    network = Network()
    source = network.input(batch, 8, 8, channels, element=ifm)
    kernel = network.zeros(8, 1, 1, 4, element=weights)
    options = Conv2DOptions(stride_w=1, stride_h=1)
    network.apply("CONV_2D", (source, kernel, network.zeros(8, element=INT32)), (batch, 8, 8, 8), options)
    return network.model()


def dense(inner: int = 64, weights_format: int = 0, extra: ElementType | None = None) -> Model:
    """Return a FULLY_CONNECTED, perhaps with a third input of another type."""
    network = Network()
    source = network.input(1, inner)
    kernel = network.zeros(2, inner)
    bias = network.zeros(2, element=extra or INT32)
    options = FullyConnectedOptions(weights_format=weights_format)
    network.apply("FULLY_CONNECTED", (source, kernel, bias), (1, 2), options)
    return network.model()


def video(dilation: int = 1, constant: bool = True) -> Model:
    """Return a CONV_3D."""
    network = Network()
    source = network.input(1, 4, 4, 4, 2)
    weights = network.zeros(1, 1, 1, 2, 2) if constant else network.input(1, 1, 1, 2, 2)
    fields = {f"dilation_{axis}_factor": 1 for axis in "dhw"} | {"dilation_d_factor": dilation}
    network.apply("CONV_3D", (source, weights), (1, 4, 4, 4, 2), other("Conv3DOptions", **fields))
    return network.model()


def with_constants(operator_type: str, constants: int, *, computed: int = -1, shape: tuple[int, ...] = (4, 4)) -> Model:
    """Return an operator with one data input and constant operands, of which one may be computed instead."""
    sources: list[tuple[Kind, tuple[int, ...]] | int | None] = [(INT8, shape)]
    sources += [(INT32, (2,)) if position == computed else 2 for position in range(constants)]
    return one(operator_type, sources, (INT8, shape))


def one_hot(element: ElementType = FLOAT32, computed: bool = False) -> Model:
    """Return a ONE_HOT of 4 classes."""
    network = Network()
    indices = network.input(3, element=INT32)
    depth = network.input(1, element=INT32) if computed else network.numbers(4, shape=())
    values = [network.zeros(1, element=element), network.zeros(1, element=element)]
    network.apply("ONE_HOT", (indices, depth, *values), (3, 4), other("OneHotOptions", axis=-1), element=element)
    return network.model()


def scatter(computed: bool) -> Model:
    """Return a SCATTER_ND."""
    shape: tuple[Kind, tuple[int, ...]] | int = (INT32, (1,)) if computed else 1
    return one("SCATTER_ND", [(INT32, (2, 1)), (FLOAT32, (2,)), shape], (FLOAT32, (1,)))


def strided_slice(begin: int = 0, ellipsis: int = 0, new_axis: int = 0) -> Model:
    """Return a STRIDED_SLICE with constant bounds."""
    return one(
        "STRIDED_SLICE",
        [(INT8, (4, 4)), 2, 2, 2],
        (INT8, (3, 2)),
        StridedSliceOptions(begin_mask=begin, ellipsis_mask=ellipsis, new_axis_mask=new_axis),
    )


def slice_of(source: tuple[int, ...], output: tuple[int, ...]) -> Model:
    """Return a SLICE with constant bounds."""
    return one("SLICE", [(INT8, source), len(source), len(source)], (INT8, output))


def space(operator_type: str, shape: tuple[int, ...] = (4, 4, 4, 4), block: int = 2) -> Model:
    """Return a BATCH_TO_SPACE_ND or SPACE_TO_BATCH_ND."""
    return one(operator_type, [(INT8, shape), block, 4], (INT8, shape))


def lstm(source: ElementType = INT8, state: ElementType = INT8, cell: ElementType = INT16) -> Model:
    """Return a UNIDIRECTIONAL_SEQUENCE_LSTM without weights, of which only types are asked."""
    inputs: list[tuple[Kind, tuple[int, ...]] | int | None] = [(source, (1, 2, 4))]
    inputs += [None] * 17
    inputs += [(state, (1, 4)), (cell, (1, 4))]
    return one("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (INT8, (1, 2, 4)))


def both_ways_lstm(weights: ElementType = FLOAT32, present: Sequence[int] = ()) -> Model:
    """Return a BIDIRECTIONAL_SEQUENCE_LSTM with input-to-input weights and the inputs that are `present`."""
    inputs: list[tuple[Kind, tuple[int, ...]] | int | None] = [(FLOAT32, (1, 2, 4)), (weights, (4, 4))]
    inputs += [(FLOAT32, (4, 4)) if position in present else None for position in range(2, 48)]
    return one("BIDIRECTIONAL_SEQUENCE_LSTM", inputs, (FLOAT32, (1, 2, 4)))


def both_ways_rnn(auxiliary: bool, weights: bool) -> Model:
    """Return a BIDIRECTIONAL_SEQUENCE_RNN, perhaps with an auxiliary input and its weights."""
    matrix = (FLOAT32, (4, 4))
    inputs: list[tuple[Kind, tuple[int, ...]] | int | None] = [(FLOAT32, (1, 2, 4)), *[matrix] * 8]
    inputs += [(FLOAT32, (1, 2, 4)) if auxiliary else None, *[matrix if weights else None] * 2]
    return one("BIDIRECTIONAL_SEQUENCE_RNN", inputs, (FLOAT32, (1, 2, 4)))


def reshape(*, computed: bool = False, written: bool = True) -> Model:
    """Return a RESHAPE of unknown or known output shape, by a constant or computed shape."""
    network = Network()
    source = network.input(2, 4)
    shape = network.input(1, element=INT32) if computed else network.numbers(8)
    network.apply("RESHAPE", (source, shape), (8,) if written else None, ReshapeOptions((8,)))
    return network.model()


def matmul(first: ElementType, second: ElementType, output: ElementType = INT8, *, both: bool = False) -> Model:
    """Return a BATCH_MATMUL of two square matrices."""
    options = BatchMatMulOptions(adj_x=both, adj_y=both)
    return one("BATCH_MATMUL", [(first, (4, 4)), (second, (4, 4))], (output, (4, 4)), options)


def select(rank: int = 2, values: ElementType = FLOAT32) -> Model:
    """Return a SELECT_V2 over a matrix."""
    return one("SELECT_V2", [(BOOL, (4,) * rank), (values, (4, 4)), (values, (4, 4))], (values, (4, 4)))


def add(first: Kind, output: Kind, activation: Activation = Activation.NONE) -> Model:
    """Return an ADD of two inputs of one type."""
    return one("ADD", [(first, (1, 4)), (first, (1, 4))], (output, (1, 4)), AddOptions(activation))


def difference(kind: Kind, output: Kind | None = None, second: Kind | None = None) -> Model:
    """Return a SQUARED_DIFFERENCE."""
    return one("SQUARED_DIFFERENCE", [(kind, (1, 4)), (second or kind, (1, 4))], (output or kind, (1, 4)))


def dynamic(fixed: bool) -> Model:
    """Return a network whose CPU or NPU operator RESHAPE has a computed shape, beside an ordinary one."""
    network = Network()
    source = network.input(1, 4)
    left = network.apply("RELU", (source,), (1, 4))
    shape = network.numbers(4) if fixed else network.input(1, element=INT32)
    network.apply("RESHAPE", (left, shape), (4,), ReshapeOptions((4,)))
    return network.model()


def gather(indices: ElementType) -> Model:
    """Return a GATHER of two rows."""
    return one("GATHER", [(FLOAT32, (4, 4)), (indices, (2,))], (FLOAT32, (2, 4)), GatherOptions())


def mirror_pad(mode: int) -> Model:
    """Return a MIRROR_PAD."""
    network = Network()
    source = network.input(1, 4)
    network.apply(
        "MIRROR_PAD",
        (source, network.numbers(0, 0, 1, 1, shape=(2, 2))),
        (1, 6),
        other("MirrorPadOptions", mode=mode),
    )
    return network.model()


ALL = BSPS
CASES = (
    Case("vx.unmapped", ALL, lambda: unary("TILE"), lambda: unary("RELU")),
    Case("vx.unmapped", until("5.15.5"), lambda: unary("FLOOR", FLOAT32, FLOAT32), lambda: unary("ABS")),
    Case("vx.unmapped", until("6.1.1"), lambda: unary("CAST", FLOAT32, INT32), lambda: unary("EXP")),
    Case("vx.unmapped", until("6.1.22"), lambda: unary("GELU"), lambda: unary("ELU")),
    Case(
        "vx.unmapped",
        ALL,
        lambda: one("CUSTOM", [(INT8, (1, 4))], custom_code="TFLite_Detection_PostProcess"),
        lambda: one("CUSTOM", [(INT8, (1, 4))], custom_code="vsi-npu"),
    ),
    Case(
        "vx.unmapped",
        ALL,
        lambda: one("CUSTOM", [(INT8, (1, 4))], custom_code="WRNN_BIDI_SEQGRU"),
        lambda: one("CUSTOM", [(INT8, (1, 4))], custom_code="vsi-npu"),
    ),
    Case("vx.dynamic-graph", until("5.15.32"), lambda: dynamic(False), lambda: dynamic(True)),
    Case("vx.int64-input", ALL, lambda: gather(INT64), lambda: gather(INT32)),
    Case(
        "vx.int64-input",
        (),
        lambda: one("BROADCAST_TO", [(INT8, (1, 4)), (INT64, (2,))]),
        lambda: one("BROADCAST_TO", [(INT8, (1, 4)), (INT32, (2,))]),
    ),
    Case("vx.int16-input", until("5.15.32"), lambda: unary("QUANTIZE", INT16, INT8), lambda: unary("QUANTIZE", INT8)),
    Case("vx.string-input", since("5.15.52"), lambda: unary("RELU", STRING), lambda: unary("RELU")),
    Case("vx.rank", ALL, lambda: unary("RELU", shape=(1,) * 7), lambda: unary("RELU", shape=(1,) * 6)),
    Case("vx.zero-dimension", ALL, lambda: unary("RELU", shape=(1, 0)), lambda: unary("RELU", shape=(1, 1))),
    Case("vx.long-dimension", since("5.15.52"), lambda: dense(65536), lambda: dense(65535)),
    Case(
        "vx.long-dimension",
        (),
        lambda: unary("RELU", shape=(65536, 4)),
        lambda: one("RESHAPE", [(INT8, (65536,)), 2], (INT8, (1, 65536))),
    ),
    Case("vx.int16-output", ALL, lambda: unary("RELU", INT8, INT16), lambda: unary("RELU")),
    Case(
        "vx.int64-output",
        ALL,
        lambda: one("ARG_MAX", [(FLOAT32, (1, 4)), 1], (INT64, (1,))),
        lambda: one("ARG_MAX", [(FLOAT32, (1, 4)), 1], (INT32, (1,))),
    ),
    Case("vx.hybrid", ALL, lambda: convolution(FLOAT32), lambda: convolution(FLOAT32, weights=FLOAT32)),
    Case("vx.hybrid", ALL, lambda: unary_dense(FLOAT32), lambda: unary_dense(INT8)),
    Case("vx.grouped-batch", since("5.15.52"), lambda: convolution(batch=2, channels=8), lambda: convolution(batch=2)),
    Case("vx.grouped-batch", (), lambda: convolution(channels=8), lambda: convolution()),
    Case("vx.shuffled-weights", ALL, lambda: dense(weights_format=1), lambda: dense()),
    Case("vx.dense-int16", since("5.15.52"), lambda: dense(extra=INT16), lambda: dense()),
    Case("vx.conv3d-dilation", since("5.15.71"), lambda: video(dilation=2), lambda: video()),
    Case("vx.computed-weights", since("5.15.71"), lambda: video(constant=False), lambda: video()),
    Case("vx.int16-to-int8", since("5.15.52"), lambda: add(INT16, INT8), lambda: add(INT8, INT8)),
    Case("vx.int16-to-int8", (), lambda: add((INT16, NOT_QUANTIZED), INT8), lambda: add(INT16, (INT8, NOT_QUANTIZED))),
    Case(
        "vx.relu1-int32",
        since("5.15.52"),
        lambda: add(INT32, INT32, Activation.RELU_N1_TO_1),
        lambda: add(INT32, INT32, Activation.RELU),
    ),
    Case("vx.pow-int32", since("5.15.52"), lambda: powers(INT32), lambda: powers(FLOAT32)),
    Case(
        "vx.dequantize-wide",
        since("5.15.52"),
        lambda: unary("DEQUANTIZE", INT16, FLOAT32),
        lambda: unary("DEQUANTIZE", FLOAT16, FLOAT32),
    ),
    Case(
        "vx.dequantize-per-channel",
        since("5.15.52"),
        lambda: unary("DEQUANTIZE", (INT8, TWO_SCALES), FLOAT32),
        lambda: unary("DEQUANTIZE", INT8, FLOAT32),
    ),
    Case(
        "vx.quantize-integers",
        since("5.15.52"),
        lambda: unary("QUANTIZE", (INT32, TWO_SCALES)),
        lambda: unary("QUANTIZE", INT32),
    ),
    Case(
        "vx.quantize-integers",
        since("5.15.52"),
        lambda: unary("QUANTIZE", INT16, UINT8),
        lambda: unary("QUANTIZE", INT8, UINT8),
    ),
    Case(
        "vx.quantize-integers",
        since("5.15.52"),
        lambda: unary("QUANTIZE", INT16, INT32),
        lambda: unary("QUANTIZE", FLOAT32, INT32),
    ),
    Case(
        "vx.quantize-per-channel",
        since("5.15.52"),
        lambda: unary("QUANTIZE", FLOAT32, (INT8, TWO_SCALES)),
        lambda: unary("QUANTIZE", FLOAT32),
    ),
    Case(
        "vx.matmul-int32", since("5.15.52"), lambda: matmul(FLOAT32, FLOAT32, INT32), lambda: matmul(FLOAT32, FLOAT32)
    ),
    Case(
        "vx.matmul-int8",
        ("5.15.52", "5.15.71", "6.1.1"),
        lambda: matmul(INT8, INT8),
        lambda: matmul(UINT8, UINT8),
    ),
    Case("vx.matmul-mixed", since("6.1.22"), lambda: matmul(INT8, FLOAT32), lambda: matmul(INT8, INT8)),
    Case("vx.matmul-mixed", since("6.6.23"), lambda: matmul(FLOAT32, INT8), lambda: matmul(FLOAT32, FLOAT32)),
    Case(
        "vx.matmul-adjoint",
        since("5.15.52"),
        lambda: matmul(FLOAT32, FLOAT32, FLOAT32, both=True),
        lambda: matmul(FLOAT32, FLOAT32, FLOAT32),
    ),
    Case(
        "vx.arg-int8",
        ("5.15.52", "5.15.71", "6.1.1"),
        lambda: one("ARG_MIN", [(INT8, (1, 4)), 1], (INT32, (1,))),
        lambda: one("ARG_MIN", [(UINT8, (1, 4)), 1], (INT32, (1,))),
    ),
    Case("vx.select-type", ALL, lambda: select(values=INT8), lambda: select()),
    Case("vx.select-rank", ALL, lambda: select(rank=1), lambda: select()),
    Case("vx.one-hot-bool", since("5.15.32"), lambda: one_hot(BOOL), lambda: one_hot()),
    Case("vx.pack-type", until("6.6.3"), lambda: pack(INT32, (4,)), lambda: pack(FLOAT32, (4,))),
    Case("vx.pack-type", until("6.6.3"), lambda: pack(UINT8, (4,)), lambda: pack(UINT8, (4, 4))),
    Case("vx.pack-type", ("5.10.72",), lambda: pack(INT8, (4, 4)), lambda: pack(FLOAT32, (4, 4))),
    Case(
        "vx.cast-type", since("6.1.22"), lambda: unary("CAST", COMPLEX, FLOAT32), lambda: unary("CAST", INT32, FLOAT32)
    ),
    Case(
        "vx.cast-type", since("6.1.22"), lambda: unary("CAST", FLOAT32, UINT16), lambda: unary("CAST", FLOAT32, UINT8)
    ),
    Case(
        "vx.embedding-type",
        since("6.1.22"),
        lambda: one("EMBEDDING_LOOKUP", [(INT32, (2,)), (UINT8, (8, 4))], (INT8, (2, 4))),
        lambda: one("EMBEDDING_LOOKUP", [(INT32, (2,)), (INT8, (8, 4))], (INT8, (2, 4))),
    ),
    Case("vx.squared-difference-type", since("6.1.36"), lambda: difference(INT32), lambda: difference(FLOAT32)),
    Case("vx.squared-difference-type", since("6.1.36"), lambda: difference(INT8, UINT8), lambda: difference(INT8)),
    Case(
        "vx.squared-difference-type",
        since("6.1.36"),
        lambda: difference((UINT8, TWO_SCALES)),
        lambda: difference(UINT8),
    ),
    Case("vx.mirror-pad-mode", since("6.1.36"), lambda: mirror_pad(2), lambda: mirror_pad(1)),
    Case("vx.computed-shape", since("6.1.36"), lambda: reshape(computed=True), reshape),
    Case(
        "vx.computed-slice",
        since("5.15.71"),
        lambda: with_constants("STRIDED_SLICE", 3, computed=1),
        lambda: with_constants("STRIDED_SLICE", 3),
    ),
    Case(
        "vx.computed-slice",
        since("5.15.52"),
        lambda: with_constants("SLICE", 2, computed=1),
        lambda: with_constants("SLICE", 2),
    ),
    Case(
        "vx.computed-size",
        since("5.15.52"),
        lambda: with_constants("RESIZE_BILINEAR", 1, computed=0),
        lambda: with_constants("RESIZE_BILINEAR", 1),
    ),
    Case(
        "vx.computed-axis",
        since("5.15.52"),
        lambda: with_constants("MEAN", 1, computed=0),
        lambda: with_constants("MEAN", 1),
    ),
    Case(
        "vx.computed-axis",
        since("5.15.71"),
        lambda: with_constants("EXPAND_DIMS", 1, computed=0),
        lambda: with_constants("EXPAND_DIMS", 1),
    ),
    Case("vx.computed-depth", since("5.15.52"), lambda: one_hot(computed=True), one_hot),
    Case("vx.computed-depth", since("6.1.36"), lambda: scatter(True), lambda: scatter(False)),
    Case("vx.no-shape", since("5.15.52"), lambda: reshape(written=False), reshape),
    Case(
        "vx.no-shape",
        since("5.15.52"),
        lambda: one("ARG_MAX", [(FLOAT32, (4,)), 1], (INT32, ())),
        lambda: one("ARG_MAX", [(FLOAT32, (4,)), 1], (INT32, (1,))),
    ),
    Case(
        "vx.no-shape",
        since("5.15.52"),
        lambda: one("TRANSPOSE", [(INT8, (4, 4)), 2], (INT8, ()), written=False),
        lambda: one("TRANSPOSE", [(INT8, (4, 4)), 2], (INT8, (4, 4))),
    ),
    Case("vx.strided-slice-mask", ALL, lambda: strided_slice(new_axis=1), strided_slice),
    Case("vx.strided-slice-mask", ALL, lambda: strided_slice(ellipsis=1), lambda: strided_slice(begin=1)),
    Case(
        "vx.slice-batch",
        ALL,
        lambda: slice_of((4, 4, 4, 4), (2, 4, 4, 4)),
        lambda: slice_of((4, 4, 4, 4), (4, 2, 4, 4)),
    ),
    Case("vx.slice-batch", (), lambda: slice_of((4, 4, 4), (2, 4, 4)), lambda: slice_of((4, 4), (2, 4))),
    Case(
        "vx.no-quantization",
        ALL,
        lambda: with_scale("SPACE_TO_DEPTH", NOT_QUANTIZED),
        lambda: with_scale("SPACE_TO_DEPTH"),
    ),
    Case(
        "vx.no-quantization",
        until("5.15.52"),
        lambda: with_scale("BATCH_TO_SPACE_ND", NOT_QUANTIZED),
        lambda: with_scale("BATCH_TO_SPACE_ND"),
    ),
    Case(
        "vx.space-int32",
        ALL,
        lambda: with_scale("DEPTH_TO_SPACE", NOT_QUANTIZED, INT32),
        lambda: with_scale("DEPTH_TO_SPACE"),
    ),
    Case("vx.batch-space-rank", ALL, lambda: space("SPACE_TO_BATCH_ND", (4, 4, 4)), lambda: space("SPACE_TO_BATCH_ND")),
    Case("vx.batch-space-block", ALL, lambda: space("BATCH_TO_SPACE_ND", block=1), lambda: space("BATCH_TO_SPACE_ND")),
    Case("vx.softmax-long", until("5.15.32"), lambda: softmax(65536), lambda: softmax(65535)),
    Case("vx.lstm-input", since("5.15.52"), lambda: lstm(FLOAT32), lstm),
    Case("vx.lstm-state", since("5.15.52"), lambda: lstm(state=FLOAT32), lstm),
    Case("vx.lstm-state", since("5.15.52"), lambda: lstm(cell=FLOAT32), lambda: lstm(cell=FLOAT16)),
    Case("vx.recurrent-weights", since("6.1.1"), lambda: both_ways_lstm(INT8), both_ways_lstm),
    Case("vx.recurrent-extras", since("6.1.1"), lambda: both_ways_lstm(present=(16,)), both_ways_lstm),
    Case("vx.recurrent-extras", since("6.1.1"), lambda: both_ways_lstm(present=(42,)), both_ways_lstm),
    Case("vx.recurrent-extras", since("6.1.1"), lambda: both_ways_rnn(True, False), lambda: both_ways_rnn(True, True)),
)


def unary_dense(source: ElementType) -> Model:
    """Return a FULLY_CONNECTED with int8 weights over an input of a type."""
    network = Network()
    ifm, weights = network.input(1, 4, element=source), network.zeros(2, 4)
    network.apply("FULLY_CONNECTED", (ifm, weights, NO_TENSOR), (1, 2), FullyConnectedOptions(), element=source)
    return network.model()


def powers(element: ElementType) -> Model:
    """Return a POW."""
    return one("POW", [(element, (1, 4)), (element, (1, 4))], (element, (1, 4)))


def pack(element: ElementType, shape: tuple[int, ...]) -> Model:
    """Return a PACK of two inputs."""
    return one("PACK", [(element, shape), (element, shape)], (element, (2, *shape)), PackOptions(2, 0))


def with_scale(operator_type: str, quantization: Quantization | None = None, element: ElementType = INT8) -> Model:
    """Return an operator over a feature map with or without a scale."""
    network = Network()
    inputs = [network.input(4, 4, 4, 4, element=element, quantization=quantization)]
    if operator_type == "BATCH_TO_SPACE_ND":
        inputs += [network.numbers(2, 2), network.numbers(0, 0, 0, 0, shape=(2, 2))]
    network.apply(operator_type, inputs, (4, 4, 4, 4), element=element, quantization=quantization)
    return network.model()


def softmax(size: int) -> Model:
    """Return a SOFTMAX over many pairs."""
    return one("SOFTMAX", [(INT8, (1, size, 2))], (INT8, (1, size, 2)), SoftmaxOptions(1.0))


def _label(case: Case) -> str:
    return f"{case.rule}-{CASES.index(case)}"


@pytest.mark.parametrize("case", CASES, ids=_label)
def test_a_rule_refuses_on_its_bsps_and_beyond_its_limit_only(case: Case) -> None:
    for version in BSPS:
        assert (case.rule in refusals(case.refused(), version)) == (version in case.bsps), version
        assert case.rule not in refusals(case.passes(), version), version


def test_every_refusal_has_a_case() -> None:
    rules = {rule.id for rule in load_stack("vx").rules() if rule.kind is not RuleKind.HAZARD}
    assert {case.rule for case in CASES} == rules


def test_rules_are_complete_and_named_after_the_stack() -> None:
    rules = load_stack("vx").rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert all((rule.statement, rule.limit, rule.why, rule.example, rule.versions, rule.source)), rule.id
        assert rule.remedies, rule.id
        assert rule.statement.endswith("."), rule.id
        assert rule.id.startswith("vx."), rule.id
        assert (rule.stage is Stage.EXECUTION) == (rule.kind is RuleKind.HAZARD), rule.id


def test_what_no_rule_concerns_is_taken() -> None:
    for model in (
        convolution(),
        dense(),
        reshape(),
        matmul(UINT8, UINT8),
        unary("SOFTMAX"),
        unary("RELU", FLOAT32, FLOAT32),
    ):
        (operator,) = place(model).operators
        assert operator.unit is Unit.NPU
        assert operator.evidence is Evidence.SOURCE


def test_the_shape_that_counts_is_the_one_in_the_file() -> None:
    inferred = as_file(reshape(written=False))
    output = inferred.main.tensors[-1]
    assert output.shape == (8,)
    assert output.shape_is_inferred
    assert refusals(inferred) == ["vx.no-shape"]
    written = as_file(reshape())
    assert not written.main.tensors[-1].shape_is_inferred
    assert refusals(written) == []


def test_a_later_bsp_is_offered_where_it_takes_the_operator() -> None:
    def offered(model: Model, version: str) -> list[str | None]:
        finding = place(model, version).operators[-1].finding
        assert finding is not None
        return [remedy.target for remedy in finding.remedies]

    assert offered(matmul(INT8, INT8), "6.1.1")[0] == "imx8mp/vx@lf-6.1.22"
    assert offered(unary("GELU"), "5.15.52")[0] == "imx8mp/vx@lf-6.1.36"
    assert offered(pack(INT32, (4,)), "6.6.3")[0] == "imx8mp/vx@lf-6.6.23"
    assert offered(unary("TILE"), "5.15.52")[0] is None
    # 6.6.23 takes what 6.1.36 refused, but 6.1.22 did too: only later ones are a way forward.
    assert offered(reshape(computed=True), "6.1.36")[0] is None


@pytest.mark.parametrize(
    ("version", "evidence"),
    [
        ("5.10.72", Evidence.SOURCE),
        ("5.15.32", Evidence.SOURCE),
        ("5.15.52", Evidence.EXECUTED),
        ("6.6.36", Evidence.EXECUTED),
        ("6.12.34", Evidence.INFERRED),
    ],
)
def test_evidence_says_whether_the_decision_was_run_read_or_concluded(version: str, evidence: Evidence) -> None:
    assert place(convolution(FLOAT32), version).operators[0].evidence is evidence


def test_what_was_only_read_is_not_called_executed() -> None:
    assert place(dense(extra=INT16)).operators[0].evidence is Evidence.SOURCE
