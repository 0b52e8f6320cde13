"""The description of a structure: what changes it and what does not."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace

import pytest

from npufit.graph import Activation, Buffer, Conv2DOptions, Model, Operator, OtherOptions, Quantization, Tensor
from npufit.zoo import build, describe_structure, parse_spec, structure_differences


@pytest.fixture(scope="module")
def branched() -> Model:
    """Return a network with branches that can stand in several orders."""
    return build(parse_spec("inception_v1@32,int8"))


@pytest.fixture(scope="module")
def padded() -> Model:
    """Return a network with PAD, ADD and MEAN."""
    return build(parse_spec("mobilenet_v2@32,int8"))


def test_names_weights_and_scales_do_not_count(padded: Model) -> None:
    def disguise(tensor: Tensor) -> Tensor:
        quantization = tensor.quantization
        doubled = Quantization(tuple(2 * scale for scale in quantization.scales), quantization.zero_points)
        doubled = replace(doubled, axis=quantization.axis)
        weights = tensor.is_constant and quantization.is_quantized
        buffer = Buffer(bytes(tensor.buffer.size_bytes)) if weights else tensor.buffer
        return replace(tensor, name="x", quantization=doubled, buffer=buffer)

    disguised = _with_tensors(padded, disguise)
    assert describe_structure(disguised) == describe_structure(padded)


def test_the_order_of_independent_branches_does_not_count(branched: Model) -> None:
    graph = branched.main
    operators = list(graph.operators)
    # The 1x1 branch of the first module and the reduction of its 3x3 branch read the same tensor.
    first = next(
        index
        for index, operator in enumerate(operators)
        if graph.operator_name(operator).endswith("Branch_0/Conv2d_0a_1x1/Relu")
    )
    operators[first], operators[first + 1] = operators[first + 1], operators[first]
    swapped = _with_operators(branched, operators)
    assert swapped.main.operators != graph.operators
    assert describe_structure(swapped) == describe_structure(branched)


def test_the_order_of_concatenated_branches_counts(branched: Model) -> None:
    operators = list(branched.main.operators)
    place = _index(operators, "CONCATENATION")
    operators[place] = replace(operators[place], inputs=operators[place].inputs[::-1])
    assert describe_structure(_with_operators(branched, operators)) != describe_structure(branched)


def _newer(operator: Operator) -> Operator:
    return replace(operator, version=5)


def _without_activation(operator: Operator) -> Operator:
    assert isinstance(operator.options, Conv2DOptions)
    return replace(operator, options=replace(operator.options, fused_activation_function=Activation.NONE))


def _without_bias(operator: Operator) -> Operator:
    return replace(operator, inputs=operator.inputs[:2])


def _swapped(operator: Operator) -> Operator:
    return replace(operator, inputs=operator.inputs[::-1])


@pytest.mark.parametrize(
    ("kind", "change"),
    [("CONV_2D", _newer), ("CONV_2D", _without_activation), ("CONV_2D", _without_bias), ("ADD", _swapped)],
)
def test_changes_of_an_operator_count(padded: Model, kind: str, change: Callable[[Operator], Operator]) -> None:
    operators = list(padded.main.operators)
    place = _index(operators, kind)
    operators[place] = change(operators[place])
    found, expected = describe_structure(_with_operators(padded, operators)), describe_structure(padded)
    assert found != expected
    assert found.digest != expected.digest
    assert len(structure_differences(found, expected)) >= 3


def test_the_amounts_of_padding_count(padded: Model) -> None:
    def shift(tensor: Tensor) -> Tensor:
        if not tensor.name.endswith("paddings"):
            return tensor
        return replace(tensor, buffer=Buffer(array("i", (0, 0, 1, 0, 1, 0, 0, 0)).tobytes()))

    assert describe_structure(_with_tensors(padded, shift)) != describe_structure(padded)


def test_an_empty_options_table_equals_none(padded: Model) -> None:
    operators = list(padded.main.operators)
    place = _index(operators, "PAD")
    assert operators[place].options == OtherOptions("PadOptions")
    operators[place] = replace(operators[place], options=None)
    assert describe_structure(_with_operators(padded, operators)) == describe_structure(padded)


def test_a_chain_of_thousands_of_operators_is_walked(padded: Model) -> None:
    graph = padded.main
    tensor = graph.tensors[graph.inputs[0]]
    count = 5000
    chain = tuple(Operator("RELU", (index,), (index + 1,)) for index in range(count))
    long = replace(graph, tensors=(tensor,) * (count + 1), inputs=(0,), outputs=(count,), operators=chain)
    assert len(describe_structure(replace(padded, subgraphs=(long,))).operators) == count


def test_operators_that_no_output_needs_come_last(padded: Model) -> None:
    graph = padded.main
    spare = Operator("RELU", (graph.inputs[0],), (len(graph.tensors),))
    tensors = (*graph.tensors, graph.tensors[graph.inputs[0]])
    longer = replace(graph, tensors=tensors, operators=(spare, *graph.operators))
    structure = describe_structure(replace(padded, subgraphs=(longer,)))
    assert structure.operators[-1].type == "RELU"
    assert structure.operators[:-1] == describe_structure(padded).operators


@pytest.mark.parametrize("network", ["mobilenet_v1", "mobilenet_v2", "resnet50_v2"])
def test_a_keras_network_is_recognised_at_any_size(network: str) -> None:
    small, large = (describe_structure(build(parse_spec(f"{network}@{size},int8"))) for size in (64, 96))
    assert small != large
    assert small.at_any_size() == large.at_any_size()


def test_precision_padding_and_width_count_at_any_size() -> None:
    names = ("int8", "int8-per-tensor", "float32", "int8,pad=folded", "int8,alpha=0.5", "int8,io=int8", "uint8")
    structures = [describe_structure(build(parse_spec(f"mobilenet_v2@64,{name}"))) for name in names]
    assert len({structure.at_any_size().digest for structure in structures}) == len(names)


def test_the_text_names_what_matters(padded: Model) -> None:
    text = str(describe_structure(padded))
    assert text.startswith("input 0: float32[?x32x32x3]\n%0 = QUANTIZE v1 {} (input 0 float32[?x32x32x3])")
    assert "constant int8[32x3x3x3] per-channel along 0" in text
    assert "constant int32[4x2] = [0, 0, 0, 1, 0, 1, 0, 0]" in text
    assert text.endswith("output 0: %70 float32[?x1000]")


def _index(operators: list[Operator], kind: str) -> int:
    return next(index for index, operator in enumerate(operators) if operator.type == kind)


def _with_operators(model: Model, operators: list[Operator]) -> Model:
    return replace(model, subgraphs=(replace(model.main, operators=tuple(operators)),))


def _with_tensors(model: Model, change: Callable[[Tensor], Tensor]) -> Model:
    return replace(model, subgraphs=(replace(model.main, tensors=tuple(map(change, model.main.tensors))),))
