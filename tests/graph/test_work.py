"""Multiply-accumulates and bytes, against published totals and formulas worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny import activation, single, zeros

from npufit.graph import BatchMatMulOptions, Buffer, ElementType, Options, Sparsity, Tensor, measure_work
from npufit.tflite import read_model

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
    ],
)
def test_known_networks(shared_models: Path, name: str, macs: int) -> None:
    """Keras and the papers give 300 M for MobileNetV2 at 224, 76 M for MobileNetV1 0.5 at 160, 4.35 G for YOLOv8n."""
    model = read_model(shared_models / f"{name}.tflite")
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


def test_bytes_count_constants_as_stored() -> None:
    weights = zeros(5, 8, element=ElementType.INT4)
    inputs: list[Tensor | None] = [activation(3, 8, element=_INT8), weights, None]
    subgraph = single("FULLY_CONNECTED", inputs, [activation(3, 5, element=_INT8)])
    work = measure_work(subgraph, subgraph.operators[0])
    assert (work.bytes_read, work.bytes_written) == (24 + 20, 15)
    sparse = replace(weights, buffer=Buffer(bytes(6)), sparsity=Sparsity((0, 1), (), ()))
    subgraph = replace(subgraph, tensors=(subgraph.tensors[0], sparse, subgraph.tensors[2]))
    assert measure_work(subgraph, subgraph.operators[0]).bytes_read == 24 + 6


@pytest.mark.parametrize("kind", ["CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "BATCH_MATMUL", "LSTM"])
def test_operators_without_their_operands_have_no_macs(kind: str) -> None:
    nothing = Tensor("unknown", None, ElementType.FLOAT32)
    for inputs in ([], [nothing], [nothing, nothing]):
        subgraph = single(kind, list(inputs), [activation(1)])
        assert measure_work(subgraph, subgraph.operators[0]).macs == 0
