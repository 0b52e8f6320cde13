"""Tensors: element types, sizes, constants, quantization, wiring."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.one_operator import activation, constant, single, zeros
from npufit.graph import (
    NO_TENSOR,
    NOT_QUANTIZED,
    Activation,
    BlockwiseQuantization,
    Buffer,
    Conv2DOptions,
    ElementType,
    ExternalData,
    Operator,
    Quantization,
    SoftmaxOptions,
    Sparsity,
    Subgraph,
    Tensor,
    constant_values,
    fused_activation,
    wire,
)


@pytest.mark.parametrize("element", ElementType)
def test_every_element_type_has_a_width_and_a_range(element: ElementType) -> None:
    digits = "".join(letter for letter in element.value.split("_")[0] if letter.isdigit())
    if element in (ElementType.STRING, ElementType.RESOURCE, ElementType.VARIANT):
        assert element.bits == 0
    else:
        assert element.bits == int(digits or 8)
    if "int" in element.value:
        lowest, highest = element.integer_range
        assert highest - lowest == 2**element.bits - 1
        assert (lowest == 0) == element.value.startswith("u")
    else:
        with pytest.raises(ValueError, match="is not an integer type"):
            _ = element.integer_range


def test_sizes() -> None:
    assert Tensor("a", (3, 3), ElementType.INT4).size_bytes == 5
    assert Tensor("a", (), ElementType.FLOAT32).size_bytes == 4
    assert Tensor("a", (0, 4), ElementType.FLOAT32).size_bytes == 0
    assert Tensor("a", None, ElementType.FLOAT32).size_bytes == 0
    assert Tensor("a", (4,), ElementType.STRING).size_bytes == 0


def test_what_is_constant_and_what_is_dynamic() -> None:
    assert not activation(4).is_constant
    assert zeros(4).is_constant
    elsewhere = ExternalData(1, 0, 0, 16, None)
    assert Tensor("a", (4,), ElementType.FLOAT32, external_data=elsewhere).is_constant
    assert Tensor("a", (1, 4), ElementType.FLOAT32, shape_signature=(-1, 4)).is_dynamic
    assert not Tensor("a", (1, 4), ElementType.FLOAT32, shape_signature=(1, 4)).is_dynamic


@pytest.mark.parametrize(
    ("scales", "per_channel"),
    [((), False), ((0.5,), False), ((0.5, 0.5, 0.5), False), ((0.5, 0.5, 0.25), True)],
)
def test_per_channel_is_decided_by_the_scales(scales: tuple[float, ...], per_channel: bool) -> None:
    quantization = Quantization(scales, zero_points=(0,) * len(scales), axis=3)
    assert quantization.is_per_channel is per_channel
    assert quantization.is_quantized is bool(scales)


def test_ranges_alone_do_not_quantize() -> None:
    assert not Quantization(minimum=(0.0,), maximum=(6.0,)).is_quantized
    assert not NOT_QUANTIZED.is_quantized
    assert (NOT_QUANTIZED.scale, NOT_QUANTIZED.zero_point) == (0.0, 0)
    assert Quantization(details=BlockwiseQuantization(1, -1, 32, ())).is_quantized
    assert Quantization((0.5, 0.25), (3, 4)).zero_point == 3


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=64))
def test_constant_values(values: list[int]) -> None:
    assert constant_values(constant(values)) == tuple(values)


def test_constant_values_of_what_has_none() -> None:
    assert constant_values(constant([-1, 127], ElementType.INT8)) == (-1, 127)
    assert constant_values(constant([255], ElementType.UINT8)) == (255,)
    assert constant_values(constant([0] * 65)) is None, "weights are not operands"
    assert constant_values(constant([0] * 65), limit=65) == (0,) * 65
    assert constant_values(activation(4, element=ElementType.INT32)) is None
    assert constant_values(zeros(4)) is None
    assert constant_values(Tensor("a", (2,), ElementType.INT32, buffer=Buffer(b"12345"))) is None
    sparse = Sparsity((0,), (), ())
    assert constant_values(Tensor("a", (1,), ElementType.INT32, buffer=Buffer(b"1234"), sparsity=sparse)) is None


def test_wiring() -> None:
    tensors = tuple(activation(1) for _ in range(4))
    operators = (
        Operator("MUL", (0, 0), (1,)),
        Operator("ADD", (0, 1), (2,)),
        Operator("SVDF", (2, NO_TENSOR, 1), (3, NO_TENSOR)),
    )
    wiring = wire(Subgraph(tensors, (0,), (3,), operators))
    assert wiring.producer == (None, 0, 1, 2)
    assert wiring.consumers == ((0, 1), (1, 2), (2,), ())


def test_operators_name_themselves() -> None:
    assert Operator("CUSTOM", (), (), custom_code="ethos-u").name == "ethos-u"
    assert Operator("CUSTOM", (), ()).name == "CUSTOM"
    assert Operator("ADD", (), (), custom_code="odd").name == "ADD"
    assert Operator("ADD", (4,), ()).input(1) == NO_TENSOR
    subgraph = single("SVDF", [activation(1), None], [Tensor("state", (1,), ElementType.INT8)])
    assert subgraph.operator_name(subgraph.operators[0]) == "state"
    assert [tensor.name for tensor in subgraph.input_tensors(subgraph.operators[0])] == ["activation"]
    assert subgraph.operator_name(Operator("CALL_ONCE", (), ())) == ""


def test_fused_activations() -> None:
    relu6 = Conv2DOptions(fused_activation_function=Activation.RELU6)
    assert fused_activation(relu6) is Activation.RELU6
    assert fused_activation(SoftmaxOptions()) is fused_activation(None) is Activation.NONE


def test_importing_the_graph_imports_nothing_heavy() -> None:
    program = "import sys, npufit.graph; print(*sorted({'numpy', 'flatbuffers', 'ai_edge_litert'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
