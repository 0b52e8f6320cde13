"""to-int8 and to-uint8: the same integers, 128 apart, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from networks import FLOAT32, INT8, UINT8, Network, quantized
from npufit.graph import (
    NOT_QUANTIZED,
    Activation,
    AddOptions,
    ConcatenationOptions,
    ElementType,
    FullyConnectedOptions,
    LeakyReluOptions,
    Model,
    MulOptions,
    Options,
    Padding,
    Quantization,
    ReducerOptions,
    SoftmaxOptions,
    SubOptions,
)
from npufit.rewrite import Context
from npufit.rewrite.passes.signedness import ToInt8, ToUint8, obstacles
from rewrite.rewriting import assert_same_answers, kinds, read, rewrite

_SHAPE = (1, 16, 16, 8)
_FROM = [(UINT8, ToInt8()), (INT8, ToUint8())]


def _middle(element: ElementType, offset: int = 0) -> int:
    return offset + (128 if element is UINT8 else 0)


def _one(kind: str, element: ElementType, options: Options | None = None, fixed: Quantization | None = None) -> Model:
    net = Network(element)
    first = net.input(*_SHAPE, quantization=quantized(0.043, _middle(element, 17)))
    out = fixed or quantized(0.051, _middle(element, -9))
    net.apply(kind, (first,), _SHAPE, options, quantization=out, version=1)
    return net.model()


def _two(kind: str, element: ElementType, options: Options | None = None) -> Model:
    net = Network(element)
    pair = [net.input(*_SHAPE, quantization=quantized(scale, _middle(element, 5))) for scale in (0.043, 0.091)]
    net.apply(kind, pair, _SHAPE, options, quantization=quantized(0.07, _middle(element, -20)), version=1)
    return net.model()


def _range(element: ElementType, scale: float, lowest: bool) -> Quantization:
    return quantized(scale, _middle(element, -128 if lowest else 0))


_KINDS: dict[str, Callable[[ElementType], Model]] = {
    "RELU": lambda element: _one("RELU", element),
    "RELU6": lambda element: _one("RELU6", element),
    "RELU_N1_TO_1": lambda element: _one("RELU_N1_TO_1", element),
    "HARD_SWISH": lambda element: _one("HARD_SWISH", element),
    "LEAKY_RELU": lambda element: _one("LEAKY_RELU", element, LeakyReluOptions(0.17)),
    "LOGISTIC": lambda element: _one("LOGISTIC", element, fixed=_range(element, 1 / 256, True)),
    "TANH": lambda element: _one("TANH", element, fixed=_range(element, 1 / 128, False)),
    "SOFTMAX": lambda element: _one("SOFTMAX", element, SoftmaxOptions(1.0), _range(element, 1 / 256, True)),
    "QUANTIZE": lambda element: _one("QUANTIZE", element),
    "ADD": lambda element: _two("ADD", element, AddOptions(Activation.RELU)),
    "SUB": lambda element: _two("SUB", element, SubOptions()),
    "MUL": lambda element: _two("MUL", element, MulOptions(Activation.RELU6)),
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize(("element", "pass_"), _FROM)
def test_operators_that_compute_the_same(kind: str, element: ElementType, pass_: ToInt8 | ToUint8) -> None:
    model = _KINDS[kind](element)
    rewritten = rewrite(pass_, model)
    assert rewritten.interface_changed
    assert {tensor.element for tensor in rewritten.model.main.tensors} == {pass_.wanted}
    assert_same_answers(pass_, model, rewritten.model, randoms=6)


@pytest.mark.parametrize(("element", "pass_"), _FROM)
@pytest.mark.parametrize("same", [False, True])
def test_means(element: ElementType, pass_: ToInt8 | ToUint8, same: bool) -> None:
    net = Network(element)
    first = net.input(1, 8, 8, 512, quantization=quantized(0.043, _middle(element, 17)))
    out = net.tensors[first].quantization if same else quantized(0.02, _middle(element, -9))
    net.apply("MEAN", (first, net.constant([1, 2])), (1, 512), ReducerOptions(), quantization=out)
    assert_same_answers(pass_, net.model(), rewrite(pass_, net.model()).model, randoms=8)


@pytest.mark.parametrize(("element", "pass_"), _FROM)
@pytest.mark.parametrize(
    ("kernel", "padding", "turns"),
    [(3, Padding.VALID, True), (3, Padding.SAME, False), (2, Padding.VALID, False), (8, Padding.VALID, False)],
)
def test_averages_need_windows_with_an_odd_number_of_places(
    element: ElementType, pass_: ToInt8 | ToUint8, kernel: int, padding: Padding, turns: bool
) -> None:
    net = Network(element)
    first = net.input(*_SHAPE, quantization=quantized(0.043, _middle(element, 17)))
    net.pool(first, kernel, 1, padding=padding, kind="AVERAGE_POOL_2D")
    model = net.model()
    if turns:
        assert_same_answers(pass_, model, rewrite(pass_, model).model)
    else:
        assert pass_.rewrite(model, Context()) is None
        assert "even number of positions" in obstacles(model, pass_.wanted)[0]


@pytest.mark.parametrize(("element", "pass_"), _FROM)
@pytest.mark.parametrize("point", [0, 19])
def test_matrix_products(element: ElementType, pass_: ToInt8 | ToUint8, point: int) -> None:
    net = Network(element)
    first = net.input(64, 24, quantization=quantized(0.043, _middle(element, 17)))
    weights = net.random(16, 24, quantization=quantized(0.01, _middle(element, point)))
    bias = net.constant(np.arange(-800, 800, 100).astype(np.int32), quantized(0.043 * 0.01))
    out = quantized(0.2, _middle(element, 3))
    options = FullyConnectedOptions()
    net.apply("FULLY_CONNECTED", (first, weights, bias), (64, 16), options, quantization=out, version=4)
    assert_same_answers(pass_, net.model(), rewrite(pass_, net.model()).model)


@pytest.mark.parametrize(("element", "pass_"), _FROM)
@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_convolutions_turn_where_every_sum_gives_the_same(
    element: ElementType, pass_: ToInt8 | ToUint8, depthwise: bool, seed: int
) -> None:
    net = Network(element, seed)
    first = net.input(*_SHAPE, quantization=quantized(0.043 + seed * 0.001, _middle(element, 17)))
    second = net.convolve(
        first,
        depth=8,
        depthwise=depthwise,
        padding=Padding.SAME,
        activation=Activation.RELU6,
        quantization=quantized(0.05, _middle(element, -110)),
        weights_quantization=quantized(0.0031 + seed * 0.0007, _middle(element)),
    )
    net.pool(second)
    model = net.model()
    rewritten = pass_.rewrite(model, Context())
    assert (rewritten is None) is bool(obstacles(model, pass_.wanted))
    if rewritten is not None:
        assert_same_answers(pass_, model, rewritten.model)


def test_enough_convolutions_turn_for_the_proof_to_be_worth_it() -> None:
    turned = 0
    for seed in range(20):
        net = Network(UINT8, seed)
        first = net.input(*_SHAPE, quantization=quantized(0.04 + seed * 0.001, 130))
        net.convolve(
            first, weights_quantization=quantized(0.003 + seed * 0.0001, 128), quantization=quantized(0.05, 128)
        )
        turned += ToInt8().rewrite(net.model(), Context()) is not None
    assert turned >= 15


def test_weights_that_do_not_fit_stand_in_the_way_and_are_named() -> None:
    net = Network(UINT8)
    net.convolve(net.input(*_SHAPE, quantization=quantized(0.05, 128)), weights_quantization=quantized(0.003, 90))
    assert ToInt8().rewrite(net.model(), Context()) is None
    assert obstacles(net.model(), INT8) == (
        "operator 0 (CONV_2D) has weights that do not fit into int8 without their zero point 90",
    )


def test_what_is_not_known_stands_in_the_way() -> None:
    net = Network()
    net.apply("ABS", (net.input(*_SHAPE),), _SHAPE)
    assert ToUint8().rewrite(net.model(), Context()) is None
    assert obstacles(net.model(), UINT8) == ("operator 0 (ABS) is not known to compute the same in both types",)
    assert ToInt8().rewrite(net.model(), Context()) is None
    assert obstacles(net.model(), INT8) == ()


def test_constants_turn_and_real_inputs_stay() -> None:
    net = Network(UINT8)
    real = net.input(1, 4, element=FLOAT32, quantization=NOT_QUANTIZED)
    first = net.apply("QUANTIZE", (real,), (1, 4), quantization=quantized(0.05, 100))
    held = net.constant(np.array([[0, 1, 200, 255]], np.uint8), quantized(0.05, 100))
    net.apply("CONCATENATION", (first, held), (1, 8), ConcatenationOptions(1), quantization=quantized(0.05, 100))
    after = rewrite(ToInt8(), net.model()).model
    assert after.main.tensors[after.main.inputs[0]].element is FLOAT32
    assert_same_answers(ToInt8(), net.model(), after)


@pytest.mark.parametrize(
    ("name", "pass_"),
    [
        ("ad01_int8", ToUint8()),
        ("tf2_mobilenet_v2_1.0_224_ptq", ToInt8()),
        ("keras_lstm_mnist_ptq", ToInt8()),
    ],
)
def test_real_networks(name: str, pass_: ToInt8 | ToUint8) -> None:
    model = read(name)
    after = rewrite(pass_, model).model
    assert kinds(after) == kinds(model)
    assert_same_answers(pass_, model, after, randoms=1)


def test_the_quantized_networks_of_tf1_have_weights_that_do_not_fit() -> None:
    model = read("mobilenet_v1_0.5_160_quant")
    assert ToInt8().rewrite(model, Context()) is None
    assert len(obstacles(model, INT8)) >= 26
