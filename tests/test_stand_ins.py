"""The stand-ins read files as npufit does: otherwise their rules would not be what their docstrings say."""

from __future__ import annotations

from npufit.tflite import parse_model
from stand_ins.reading import TYPES, read_graph


def test_operators_and_their_tensors_are_those_of_the_file(tiny_models: list[bytes]) -> None:
    for data in tiny_models:
        main = parse_model(data, "tiny").main
        graph = read_graph(data)
        assert [operator.type for operator in graph if operator.type in TYPES.values()] == [
            operator.type for operator in main.operators if operator.type in TYPES.values()
        ]
        for ours, operator in zip(graph, main.operators, strict=True):
            outputs = [main.tensors[index] for index in operator.outputs]
            assert [tensor.shape for tensor in ours.outputs] == [tensor.shape or () for tensor in outputs]
            assert [tensor.is_constant for tensor in ours.inputs] == [
                tensor.is_constant for tensor in main.input_tensors(operator)
            ]
