"""Quantities are those of the operators: sizes, windows, bytes, types, and what a group of operators needs."""

from __future__ import annotations

import npufit
from npufit.graph import (
    AddOptions,
    Buffer,
    ElementType,
    Operator,
    Padding,
    Quantization,
    ReducerOptions,
    ResizeBilinearOptions,
    Subgraph,
    Tensor,
)
from npufit.graph.options import Conv2DOptions
from npufit.stacks.probed import GRAPH_QUANTITIES, measure, measure_graph, value_of
from npufit.stacks.probed.measured_numbers import NUMBERS
from npufit.stacks.probed.measured_words import WORDS
from real_files import REPOSITORY

_INT8 = ElementType.INT8


def _map(*shape: int, point: int = 0) -> Tensor:
    return Tensor("map", shape, _INT8, Quantization((0.5,), (point,)))


def _numbers(*values: int) -> Tensor:
    data = b"".join(value.to_bytes(4, "little", signed=True) for value in values)
    return Tensor("numbers", (len(values),), ElementType.INT32, buffer=Buffer(data))


def _alone(operator: Operator, *tensors: Tensor) -> Subgraph:
    return Subgraph(tensors, (0,), (len(tensors) - 1,), (operator,))


def test_a_convolution() -> None:
    weights = Tensor("w", (2, 3, 1, 4), _INT8, Quantization((0.5, 0.25), (0, 0)), Buffer(bytes([1] * 12 + [253] * 12)))
    graph = _alone(
        Operator("CONV_2D", (0, 1), (2,), Conv2DOptions(Padding.VALID, stride_w=2, stride_h=1, dilation_h_factor=2)),
        _map(1, 9, 8, 4, point=-7),
        weights,
        _map(1, 5, 4, 2),
    )
    measured = measure(graph, graph.operators[0])
    expected = {
        "h": 9, "w": 8, "c": 4, "batch": 1, "ofm_h": 5, "ofm_w": 4, "ofm_c": 2, "kh": 3, "kw": 1, "stride_h": 1,
        "stride_w": 2, "dilation_h": 2, "dilation_w": 1, "ifm_bytes": 288, "ofm_bytes": 40, "weights_bytes": 24,
        "tensor_bytes": 288, "activation_bytes": 288, "io_bytes": 328, "working_set_bytes": 352, "weights_sum": 36,
        "macs": 480, "stride": "1x2", "padding": "VALID", "activation": "NONE", "bias": "none", "weights": "constant",
        "quantization": "per-channel", "zero_point": "negative", "dtype": "int8",
    }  # fmt: skip
    assert {name: measured[name] for name in expected} == expected
    assert value_of("h*w*c", measured) == 288
    assert value_of("kh*padding", measured) is None
    assert value_of("reduced_elements", measured) is None
    assert "depth_multiplier" not in measured
    assert dict(measured)["weights_sum"] == 36


def test_operands_that_are_repeated_are_named_by_their_axes() -> None:
    def broadcast(first: Tensor, second: Tensor, result: Tensor) -> object:
        graph = _alone(Operator("ADD", (0, 1), (2,), AddOptions()), first, second, result)
        return value_of("broadcast", measure(graph, graph.operators[0]))

    whole = _map(1, 8, 6, 4)
    assert broadcast(whole, whole, whole) == "none"
    assert broadcast(whole, _map(4), whole) == "hw"
    assert broadcast(_map(), whole, whole) == "scalar"
    assert broadcast(_map(1, 8, 1, 4), _map(1, 1, 6, 4), whole) == "w+h"


def test_a_constant_operand_is_no_traffic() -> None:
    constant = Tensor("k", (4,), _INT8, Quantization((1.0,), (0,)), Buffer(bytes(4)))
    graph = _alone(Operator("ADD", (0, 1), (2,), AddOptions()), constant, _map(1, 8, 6, 4), _map(1, 8, 6, 4))
    measured = measure(graph, graph.operators[0])
    assert (measured["constant_operand"], measured["h"], measured["io_bytes"]) == ("first", 8, 2 * 192)


def test_reductions_and_resizes() -> None:
    mean = _alone(
        Operator("MEAN", (0, 1), (2,), ReducerOptions(keep_dims=True)),
        _map(1, 7, 9, 16),
        _numbers(1, -2),
        _map(1, 1, 1, 16),
    )
    measured = measure(mean, mean.operators[0])
    assert [value_of(name, measured) for name in ("axes", "reduced_elements", "reduced_axis", "keep_dims")] == [
        "h,w", 63, 9, "true",
    ]  # fmt: skip
    resize = Operator("RESIZE_BILINEAR", (0, 1), (2,), ResizeBilinearOptions(align_corners=True))
    graph = _alone(resize, _map(1, 5, 4, 2), _numbers(9, 6), _map(1, 9, 6, 2))
    measured = measure(graph, resize)
    assert (measured["scale_h"], measured["scale_w"], measured["scale"]) == (2, "5/3", "2x5/3")


def test_every_operator_of_real_networks_can_be_measured() -> None:
    for name in ("zoo:mobilenet_v2@96,int8", "zoo:efficientnet_lite0@96,int8"):
        graph = npufit.load(name).main
        for operator in graph.operators:
            measured = dict(measure(graph, operator))
            assert measured["tensor_bytes"] == max(
                tensor.size_bytes
                for tensor in (*graph.input_tensors(operator), *graph.output_tensors(operator))
                if len(tensor.shape or ()) > 1 or not tensor.is_constant
            )


def test_a_group_needs_what_is_alive_at_once() -> None:
    tensors = (_map(1, 10, 10, 1), _map(1, 10, 10, 2), _map(1, 10, 10, 4), _map(1, 10, 10, 4), _map(1, 10, 10, 4))
    operators = (
        Operator("EXP", (0,), (1,)),
        Operator("EXP", (1,), (2,)),
        Operator("EXP", (2,), (3,)),
        Operator("ADD", (2, 3), (4,), AddOptions()),
    )
    graph = Subgraph(tensors, (0,), (4,), operators)
    assert measure_graph(graph, range(4)) == {
        "operators": 4, "activation_bytes": 1500, "output_bytes": 1400, "io_bytes": 1200, "tensor_bytes": 400,
        "feature_map_bytes": 400, "peak_bytes": 1200, "weights_bytes": 0, "working_set_bytes": 1500,
    }  # fmt: skip
    assert measure_graph(graph, [1])["peak_bytes"] == 600
    assert measure_graph(graph, [])["operators"] == 0


def test_the_documentation_names_every_quantity() -> None:
    text = (REPOSITORY / "docs" / "rule_file.md").read_text("utf-8")
    assert [name for name in (*NUMBERS, *WORDS, *GRAPH_QUANTITIES) if f"`{name}`" not in text] == []
