"""What a model must have before it is rewritten: operands, and quantization that something can compute with."""

from __future__ import annotations

from dataclasses import replace

import pytest

import npufit
from networks.one_operator import activation, as_model, single, zeros
from npufit.errors import ModelError
from npufit.fitting import fit
from npufit.graph import ElementType, Quantization, Tensor, has_operands, require_operands, require_scales
from npufit.rewrite.resolution import resize_image


def test_an_operator_that_lacks_an_operand_is_named() -> None:
    sound = single("CONV_2D", [activation(1, 4, 4, 3), zeros(5, 1, 1, 3)], [activation(1, 4, 4, 5)])
    require_operands(as_model(sound))
    operator = sound.operators[0]
    for broken in (
        replace(operator, inputs=operator.inputs[:1]),
        replace(operator, inputs=(operator.inputs[0], -1)),
        replace(operator, inputs=()),
        replace(operator, outputs=()),
        replace(operator, outputs=(-1,)),
    ):
        model = as_model(replace(sound, operators=(broken,)))
        with pytest.raises(ModelError, match=r"operator 0 \(CONV_2D\): has .* needs at least 2 operands and 1 result"):
            require_operands(model)
        with pytest.raises(ModelError, match="operator 0"):
            fit(model, "imx93/teflon@26.1")
        with pytest.raises(ModelError, match="operator 0"):
            resize_image(model, (8, 8))


def test_an_operator_that_writes_a_constant_is_named() -> None:
    model = as_model(single("SOFTMAX", [activation(1, 4)], [zeros(1, 4)]))
    with pytest.raises(ModelError, match=r"operator 0 \(SOFTMAX\), tensor 1 'weights': writes a constant"):
        require_operands(model)


def test_an_optional_operand_may_be_left_out() -> None:
    inputs: list[Tensor | None] = [activation(1, 4, 4, 3), zeros(5, 1, 1, 3), None]
    subgraph = single("CONV_2D", inputs, [activation(1, 4, 4, 5)])
    assert has_operands(subgraph.operators[0])


def test_operators_of_which_nothing_is_known_are_neither_refused_nor_relied_on() -> None:
    subgraph = single("CUSTOM", [], [])
    require_operands(as_model(subgraph))
    assert not has_operands(subgraph.operators[0])


def test_the_networks_of_the_zoo_lack_nothing() -> None:
    for name in ("zoo:mobilenet_v2@32,int8", "zoo:ssd_mobilenet_v2@96,int8", "zoo:mlperf_tiny_kws,int8"):
        model = npufit.load(name)
        require_operands(model)
        require_scales(model)


@pytest.mark.parametrize(
    ("quantization", "said"),
    [
        (Quantization(), ""),
        (Quantization((0.5,), (3,)), ""),
        (Quantization((0.1, 0.2, 0.3), (0, 0, 0), axis=1), ""),
        (Quantization((0.1, 0.2, 0.3), (), axis=1), ""),
        (Quantization((float("nan"),), (0,)), "a scale is nan"),
        (Quantization((float("inf"),), (0,)), "a scale is inf"),
        (Quantization((-0.5,), (0,)), "a scale is -0.5"),
        (Quantization((0.1, 0.2), (0, 0), axis=1), "2 scales, but its dimension 1 has 3"),
        (Quantization((0.1, 0.2, 0.3), (0, 0, 0), axis=2), "dimension 2 has 0"),
        (Quantization((0.1, 0.2, 0.3), (0, 0), axis=1), "3 scales, but 2 zero points"),
        (Quantization((0.5,), (128,)), "a zero point is 128, outside the range of int8"),
    ],
)
def test_scales_that_nothing_computes_with_are_named(quantization: Quantization, said: str) -> None:
    tensor = Tensor("t", (4, 3), ElementType.INT8, quantization)
    model = as_model(single("RELU", [tensor], [activation(4, 3)]))
    if not said:
        require_scales(model)
        return
    with pytest.raises(ModelError) as caught:
        require_scales(model)
    assert said in str(caught.value)
