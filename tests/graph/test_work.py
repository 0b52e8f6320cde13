"""Multiply-accumulates and bytes, against published totals and formulas worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from networks.one_operator import activation, single, zeros
from npufit.graph import (
    OPERATOR_TYPES,
    BatchMatMulOptions,
    Buffer,
    ElementType,
    Kind,
    Options,
    OtherOptions,
    Sparsity,
    Tensor,
    count_macs,
    measure_work,
)
from npufit.tflite import read_model
from real_files import find_model

_INT8 = ElementType.INT8


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("keras_mobilenet_v2_224_int8_per_channel", 300_774_272),
        ("keras_mobilenet_v2_320_int8_per_channel", 612_492_800),
        ("mobilenet_v1_0.5_160_quant", 76_525_312),
        ("ad01_int8", 264_192),
        ("kws_ref_model", 2_656_768),
        ("yolov8n_640_full_integer_quant", 4_371_993_600),
        # SVDF: filters x (features + memory) of 64 x (96 + 8), 3 of 64 x (16 + 8), 32 x (16 + 32), 2 of 32 x (32 + 32);
        # FULLY_CONNECTED: 4 of 64 x 16, and 32 x 2.
        ("hard/keyword_scrambled_8bit", 6656 + 3 * 1536 + 1536 + 2 * 2048 + 4 * 1024 + 64),
    ],
)
def test_known_networks(name: str, macs: int) -> None:
    """Keras and the papers give 300 M for MobileNetV2 at 224, 76 M for MobileNetV1 0.5 at 160, 4.35 G for YOLOv8n."""
    model = read_model(find_model(f"{name}.tflite"))
    assert sum(measure_work(model.main, operator).macs for operator in model.main.operators) == macs


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "options", "macs"),
    [
        ("CONV_2D", [activation(2, 9, 9, 3), zeros(5, 3, 2, 3)], (2, 4, 4, 5), None, 2 * 4 * 4 * 5 * 3 * 2 * 3),
        # Two groups: the weights hold a quarter of the depth each.
        ("CONV_2D", [activation(1, 4, 4, 8), zeros(6, 1, 1, 4)], (1, 4, 4, 6), None, 4 * 4 * 6 * 4),
        ("DEPTHWISE_CONV_2D", [activation(1, 9, 9, 3), zeros(1, 3, 5, 6)], (1, 7, 5, 6), None, 7 * 5 * 6 * 3 * 5),
        # Each input element is spread over the whole kernel and all output channels.
        (
            "TRANSPOSE_CONV",
            [zeros(4, element=ElementType.INT32), zeros(5, 3, 2, 7), activation(1, 4, 4, 7)],
            (1, 8, 8, 5),
            None,
            4 * 4 * 7 * 5 * 3 * 2,
        ),
        ("FULLY_CONNECTED", [activation(3, 8), zeros(5, 8)], (3, 5), None, 3 * 8 * 5),
        ("BATCH_MATMUL", [activation(2, 3, 4), activation(2, 4, 5)], (2, 3, 5), BatchMatMulOptions(), 2 * 3 * 4 * 5),
        (
            "BATCH_MATMUL",
            [activation(2, 4, 3), activation(2, 4, 5)],
            (2, 3, 5),
            BatchMatMulOptions(adj_x=True),
            2 * 3 * 4 * 5,
        ),
        ("CONV_3D", [activation(1, 4, 4, 4, 2), zeros(2, 2, 2, 2, 3)], (1, 3, 3, 3, 3), None, 27 * 3 * 8 * 2),
        (
            "CONV_3D_TRANSPOSE",
            [zeros(5, element=ElementType.INT32), zeros(2, 3, 4, 5, 7), activation(1, 2, 2, 2, 7)],
            (1, 4, 4, 4, 5),
            None,
            8 * 7 * 5 * 2 * 3 * 4,
        ),
        # Six filters of rank 2: each sees 10 features and remembers 4 steps.
        ("SVDF", [activation(2, 10), zeros(6, 10), zeros(6, 4), None, activation(2, 24)], (2, 3), None, 2 * 6 * 14),
        ("RNN", [activation(2, 8), zeros(5, 8), zeros(5, 5), zeros(5), activation(2, 5)], (2, 5), None, 2 * 5 * 13),
        (
            "UNIDIRECTIONAL_SEQUENCE_RNN",
            [activation(2, 7, 8), zeros(5, 8), zeros(5, 5), zeros(5), activation(2, 5)],
            (2, 7, 5),
            None,
            2 * 7 * 5 * 13,
        ),
        (
            "BIDIRECTIONAL_SEQUENCE_RNN",
            [
                *(activation(2, 7, 8), zeros(5, 8), zeros(5, 5), zeros(5), activation(2, 5)),
                *(zeros(3, 8), zeros(3, 3), zeros(3), activation(2, 3)),
                *(activation(2, 7, 4), zeros(5, 4), zeros(3, 4)),
            ],
            (2, 7, 5),
            None,
            2 * 7 * (5 * (8 + 5 + 4) + 3 * (8 + 3 + 4)),
        ),
        # The basic kernel: one matrix of 4 x 16 rows for 8 + 16 values.
        (
            "LSTM",
            [activation(3, 8), activation(3, 16), zeros(64, 24), zeros(64), activation(3, 16)],
            (3, 16),
            None,
            3 * 64 * 24,
        ),
        ("EMBEDDING_LOOKUP_SPARSE", [zeros(6), zeros(6, 2), zeros(2), zeros(6), zeros(9, 5)], (3, 5), None, 6 * 5),
        (
            "STABLEHLO_DOT_GENERAL",
            [activation(2, 3, 4), activation(2, 5, 4)],
            (2, 3, 5),
            OtherOptions("StablehloDotGeneralOptions", (("lhs_contracting_dimensions", (2,)),)),
            2 * 3 * 5 * 4,
        ),
        (
            "STABLEHLO_CONVOLUTION",
            [activation(1, 8, 8, 3), zeros(3, 2, 3, 5)],
            (1, 6, 7, 5),
            OtherOptions("StablehloConvolutionOptions", (("kernel_output_feature_dimension", 3),)),
            6 * 7 * 5 * 3 * 2 * 3,
        ),
        ("ADD", [activation(1, 8), activation(1, 8)], (1, 8), None, 0),
    ],
)
def test_macs(
    kind: str, inputs: list[Tensor | None], output: tuple[int, ...], options: Options | None, macs: int
) -> None:
    subgraph = single(kind, inputs, [activation(*output)], options)
    assert measure_work(subgraph, subgraph.operators[0]).macs == macs


def test_macs_of_an_lstm() -> None:
    """Four gates, each with weights for the input (16x8) and for the state (16x16), at each of 10 steps."""
    gates = [zeros(16, 8) for _ in range(4)] + [zeros(16, 16) for _ in range(4)]
    biases: list[Tensor | None] = [None, None, None, *(zeros(16) for _ in range(4)), None, None]
    states: list[Tensor | None] = [replace(activation(1, 16), is_variable=True)] * 2
    inputs: list[Tensor | None] = [activation(1, 10, 8), *gates, *biases, *states]
    subgraph = single("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [activation(1, 10, 16)])
    assert measure_work(subgraph, subgraph.operators[0]).macs == 10 * 4 * (16 * 8 + 16 * 16)


def test_macs_of_a_bidirectional_lstm_with_projection() -> None:
    """Both directions: gates of 6 cells that see 8 inputs and 4 projected outputs, and 4 x 6 to project."""
    cell: list[Tensor | None] = [
        *(zeros(6, 8) for _ in range(4)),
        *(zeros(6, 4) for _ in range(4)),
        *(zeros(6) for _ in range(7)),
        *(zeros(4, 6), None),
    ]
    states: list[Tensor | None] = [replace(activation(2, size), is_variable=True) for size in (4, 6, 4, 6)]
    inputs: list[Tensor | None] = [activation(2, 5, 8), *cell, *cell, *states, *[None] * 9]
    subgraph = single("BIDIRECTIONAL_SEQUENCE_LSTM", inputs, [activation(2, 5, 8)])
    assert count_macs(subgraph, subgraph.operators[0]) == 2 * 5 * 2 * (4 * 6 * (8 + 4) + 4 * 6)


def test_bytes_count_constants_as_stored() -> None:
    weights = zeros(5, 8, element=ElementType.INT4)
    inputs: list[Tensor | None] = [activation(3, 8, element=_INT8), weights, None]
    subgraph = single("FULLY_CONNECTED", inputs, [activation(3, 5, element=_INT8)])
    work = measure_work(subgraph, subgraph.operators[0])
    assert (work.bytes_read, work.bytes_written) == (24 + 20, 15)
    sparse = replace(weights, buffer=Buffer(bytes(6)), sparsity=Sparsity((0, 1), (), ()))
    subgraph = replace(subgraph, tensors=(subgraph.tensors[0], sparse, subgraph.tensors[2]))
    assert measure_work(subgraph, subgraph.operators[0]).bytes_read == 24 + 6


@pytest.mark.parametrize(
    "kind", [row.name for row in OPERATOR_TYPES.values() if row.kind in (Kind.PRODUCT, Kind.OUTSIDE)]
)
def test_macs_are_unknown_without_operands_or_shapes(kind: str) -> None:
    """Also where a shape is stored as empty, as some converters write an unknown one."""
    for shape in (None, ()):
        nothing = Tensor("unknown", shape, ElementType.FLOAT32)
        for inputs in ([], [nothing], [nothing] * 3, [nothing] * 5, [nothing] * 48):
            subgraph = single(kind, list(inputs), [activation(1)])
            assert count_macs(subgraph, subgraph.operators[0]) is None
            work = measure_work(subgraph, subgraph.operators[0])
            assert (work.macs, work.macs_known) == (0, False)


def test_custom_operators_are_known_by_their_code() -> None:
    subgraph = single("CUSTOM", [activation(1, 4, 4, 7), zeros(5, 3, 2, 7), zeros(5)], [activation(1, 8, 8, 5)])
    operator = subgraph.operators[0]
    codes = {"Convolution2DTransposeBias": 4 * 4 * 7 * 5 * 3 * 2, "TFLite_Detection_PostProcess": 0, "MyOp": None}
    assert {code: count_macs(subgraph, replace(operator, custom_code=code)) for code in codes} == codes
