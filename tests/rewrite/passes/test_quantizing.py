"""quantize: float networks become int8; the quantizer runs in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from measured_difference import measure

from networks import FLOAT32, INT8, Network
from npufit.errors import InputError, ToolError
from npufit.execution import random_inputs
from npufit.graph import (
    NOT_QUANTIZED,
    Activation,
    Buffer,
    Conv2DOptions,
    ElementType,
    Model,
    Operator,
    Padding,
    Quantization,
    SoftmaxOptions,
)
from npufit.rewrite import Context
from npufit.rewrite.passes.quantizing import Quantize
from rewrite.rewriting import kinds, on, on_npu, rewrite

_FLOAT = NOT_QUANTIZED


@pytest.fixture
def quantizer() -> None:
    pytest.importorskip("ai_edge_quantizer")


def _network() -> Network:
    net = Network(FLOAT32)
    first = net.input(1, 12, 12, 3, quantization=_FLOAT)
    wide = net.convolve(first, 8, activation=Activation.RELU6, quantization=_FLOAT)
    net.convolve(wide, depthwise=True, padding=Padding.SAME, quantization=_FLOAT)
    return net


def _with_int8_weights(model: Model) -> Model:
    """Return the model as dynamic-range quantization leaves it: int8 weights with a scale per channel."""
    tensors = list(model.main.tensors)
    index = model.main.operators[0].inputs[1]
    values = np.frombuffer(tensors[index].buffer.data, np.float32).reshape(tensors[index].shape or ())
    scales = np.abs(values).max((1, 2, 3)) / 127
    steps = np.rint(values / scales.reshape(-1, 1, 1, 1)).astype(np.int8)
    quantization = Quantization(tuple(map(float, scales)), (0,) * 8, 0)
    tensors[index] = replace(tensors[index], element=INT8, quantization=quantization, buffer=Buffer(steps.tobytes()))
    return replace(model, subgraphs=(replace(model.main, tensors=tuple(tensors)),))


def _with_float16_weights(model: Model) -> Model:
    """Return the model as float16 quantization leaves it: a DEQUANTIZE widens the weights."""
    graph = model.main
    index = graph.operators[0].inputs[1]
    old = graph.tensors[index]
    values = np.frombuffer(old.buffer.data, np.float32).astype(np.float16)
    small = replace(old, name="half", element=ElementType.FLOAT16, buffer=Buffer(values.tobytes()))
    tensors = [*graph.tensors, small]
    tensors[index] = replace(old, buffer=Buffer())
    widen = Operator("DEQUANTIZE", (len(tensors) - 1,), (index,), version=1)
    operators = (widen, *graph.operators)
    return replace(model, subgraphs=(replace(graph, tensors=tuple(tensors), operators=operators),))


@pytest.mark.usefixtures("quantizer")
@pytest.mark.parametrize("change", [None, _with_int8_weights, _with_float16_weights])
def test_float_networks_become_int8(change: Callable[[Model], Model] | None) -> None:
    model = _network().model()
    model = model if change is None else change(model)
    rewritten = rewrite(Quantize(), model)
    after = rewritten.model
    assert kinds(after) == ["QUANTIZE", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE"]
    assert not rewritten.interface_changed
    ends = [*after.main.inputs, *after.main.outputs]
    assert [after.main.tensors[index].element for index in ends] == [FLOAT32, FLOAT32]
    assert [after.main.tensors[index].name for index in after.main.inputs] == ["t0"]
    assert after.main.operators[1].version == 3
    assert on_npu(after, "26.1") == 2
    (found,) = measure(Quantize(), model, after, [random_inputs(model, seed) for seed in (30, 31)])
    assert 0.999 < found.cosine < 1.0
    assert "RANDOM" in rewritten.notes[0]
    assert Quantize().rewrite(after, Context()) is None


@pytest.mark.usefixtures("quantizer")
def test_an_int8_interface_is_adapted_to() -> None:
    model = _network().model()
    pass_ = Quantize(io="int8")
    samples = tuple(random_inputs(model, seed) for seed in range(12))
    rewritten = rewrite(pass_, model, replace(on(model, "26.1"), samples=samples))
    after = rewritten.model
    assert rewritten.interface_changed
    assert kinds(after) == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert "12 of the 12 samples" in rewritten.notes[0]
    (found,) = measure(pass_, model, after, [random_inputs(model, 30)])
    assert found.cosine > 0.999


@pytest.mark.usefixtures("quantizer")
def test_what_the_quantizer_does_not_know_stays_float() -> None:
    net = _network()
    source = len(net.tensors) - 1
    net.apply("SIN", (source,), (1, 10, 10, 8), quantization=_FLOAT, version=1)
    model = net.model()
    rewritten = rewrite(Quantize(), model)
    assert "1 operator of the network stay float" in rewritten.notes
    assert "SIN" in kinds(rewritten.model)
    (found,) = measure(Quantize(), model, rewritten.model, [random_inputs(model, 30)])
    assert found.cosine > 0.999


def test_without_the_quantizer_the_user_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("npufit.rewrite.quantization.quantizer.is_installed", lambda: False)
    with pytest.raises(ToolError, match=r"pip install 'npufit\[quantize\]'"):
        Quantize().rewrite(_network().model(), Context())


def test_a_wrong_interface_and_a_network_that_is_int8_already() -> None:
    with pytest.raises(InputError, match="expected one of float, int8"):
        Quantize(io="uint8").rewrite(_network().model(), Context())
    net = Network()
    net.convolve(net.input(1, 6, 6, 4))
    assert Quantize().rewrite(net.model(), Context()) is None
    net = Network(FLOAT32)
    net.apply("SOFTMAX", (net.input(1, 8, quantization=_FLOAT),), (1, 8), SoftmaxOptions(1.0), quantization=_FLOAT)
    assert Quantize().rewrite(net.model(), Context()) is None


@pytest.mark.usefixtures("quantizer")
def test_a_failing_quantizer_is_reported_by_its_last_words() -> None:
    model = _network().model()
    cut = replace(model.main.operators[0], options=Conv2DOptions(Padding.VALID, 0, 0))
    broken = replace(model, subgraphs=(replace(model.main, operators=(cut, *model.main.operators[1:])),))
    with pytest.raises(ToolError, match=r"ai-edge-quantizer failed: .*stride"):
        Quantize().rewrite(broken, Context())
