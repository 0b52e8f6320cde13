"""per-tensor: one scale for all channels, and what equalization and bias correction save."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from measured_difference import measure

from networks import Network, quantized
from npufit.errors import InputError
from npufit.execution import random_inputs
from npufit.graph import Activation, Model, Padding, Quantization
from npufit.rewrite import Context
from npufit.rewrite.passes.scales import PerTensor
from npufit.rewrite.quantization.weighted_operators import LARGEST_BIAS
from rewrite.rewriting import kinds, on, on_npu, place, read, rewrite


def _scales(seed: int, count: int, middle: float, spread: float, axis: int) -> Quantization:
    """Return scales that lie up to `spread` times above and below `middle`."""
    powers = np.random.default_rng(seed).uniform(-1, 1, count)
    scales = tuple(float(np.float32(middle * spread**power)) for power in powers)
    return Quantization(scales, (0,) * count, axis)


def _bottleneck(spread: float = 8.0, activation: Activation = Activation.RELU6) -> Model:
    """Return a block of a MobileNetV2 with weights per channel."""
    net = Network(seed=3)
    same = Padding.SAME
    first = net.input(1, 12, 12, 8, quantization=quantized(0.02, 0))
    six = quantized(6 / 255, -128)
    weights = _scales(1, 24, 0.004, spread, 0)
    wide = net.convolve(first, 24, 1, activation=activation, quantization=six, weights_quantization=weights)
    weights = _scales(2, 24, 0.01, spread, 3)
    deep = net.convolve(
        wide, depthwise=True, padding=same, activation=activation, quantization=six, weights_quantization=weights
    )
    out = quantized(0.1, 0)
    net.convolve(deep, 8, 1, quantization=out, weights_quantization=_scales(3, 8, 0.003, 1.5, 0))
    return net.model()


def test_convolutions_get_one_scale_where_the_target_asks_for_it() -> None:
    model = _bottleneck()
    assert on_npu(model, "25.3") == 0
    rewritten = rewrite(PerTensor(), model, on(model, "25.3"))
    after = rewritten.model
    assert on_npu(after, "25.3") == 3
    assert kinds(after) == kinds(model)
    for operator in after.main.operators:
        ifm, weights, bias = (after.main.tensors[index] for index in operator.inputs)
        assert len(weights.quantization.scales) == len(bias.quantization.scales) == 1
        assert weights.quantization.zero_points == (0,)
        assert bias.quantization.scale == pytest.approx(ifm.quantization.scale * weights.quantization.scale, rel=1e-6)
        assert np.abs(np.frombuffer(bias.buffer.data, np.int32)).max() <= LARGEST_BIAS
    assert PerTensor().rewrite(model, on(model, "26.1")) is None
    assert PerTensor().rewrite(after, Context()) is None


@pytest.mark.parametrize("activation", [Activation.RELU6, Activation.RELU, Activation.NONE])
def test_equalization_saves_most_of_the_error(activation: Activation) -> None:
    model = _bottleneck(activation=activation)
    cosines: list[float] = []
    for pass_ in (PerTensor(equalize=False, correct=False), PerTensor(equalize=True, correct=False), PerTensor()):
        after = rewrite(pass_, model).model
        (found,) = measure(pass_, model, after, [random_inputs(model, seed) for seed in range(20, 24)])
        cosines.append(found.cosine)
    assert 1 - cosines[1] < (1 - cosines[0]) / 2
    assert 1 - cosines[2] <= (1 - cosines[1]) * 1.1
    assert cosines[2] > 0.995


def test_the_notes_have_every_layer_and_what_was_calibrated_with() -> None:
    model = _bottleneck()
    notes = rewrite(PerTensor(), model).notes
    assert "RANDOM" in notes[0]
    assert notes[1].startswith("equalized 2 pairs of convolutions")
    assert sorted(note.split(":")[0] for note in notes[2:]) == [
        "operator 0 (CONV_2D)",
        "operator 1 (DEPTHWISE_CONV_2D)",
        "operator 2 (CONV_2D)",
    ]
    assert all("dB" in note for note in notes[2:])
    samples = tuple(random_inputs(model, seed) for seed in range(3))
    assert "3 of the 3 samples" in rewrite(PerTensor(), model, Context(samples=samples)).notes[0]


def test_a_channel_without_weights_and_one_at_the_end_of_its_range() -> None:
    net = Network(seed=5)
    first = net.input(1, 6, 6, 4, quantization=quantized(0.02, 0))
    scales = Quantization(tuple(float(np.float32(one)) for one in (1e-6, 0.004, 0.09, 0.002)), (0,) * 4, 0)
    wide = net.convolve(
        first, 4, 1, activation=Activation.RELU6, quantization=quantized(6 / 255, -128), weights_quantization=scales
    )
    weights = net.tensors[net.operators[0].inputs[1]]
    values = np.frombuffer(weights.buffer.data, np.int8).reshape(4, 1, 1, 4).copy()
    values[0] = 0
    ifm, _, bias = net.operators[0].inputs
    net.operators[0] = replace(net.operators[0], inputs=(ifm, net.constant(values, scales), bias))
    net.convolve(
        wide, depthwise=True, kernel=1, weights_quantization=_scales(4, 4, 0.01, 5, 3), quantization=quantized(0.1, 0)
    )
    model = net.model()
    after = rewrite(PerTensor(correct=False), model).model
    (found,) = measure(PerTensor(), model, after)
    assert found.cosine > 0.995


def test_shared_tensors_and_readers_of_two_are_not_equalized() -> None:
    net = Network(seed=6)
    first = net.input(1, 6, 6, 4, quantization=quantized(0.02, 0))
    one = net.convolve(first, 4, 1, weights_quantization=_scales(1, 4, 0.01, 5, 0))
    two = net.convolve(one, 4, 1, weights_quantization=_scales(2, 4, 0.01, 5, 0))
    three = net.convolve(one, 4, 1, weights_quantization=_scales(3, 4, 0.01, 5, 0))
    notes = rewrite(PerTensor(), net.model(two, three)).notes
    assert "equalized 0 pairs of convolutions; 0 of 0 channels unchanged" in notes


def test_wrong_headroom() -> None:
    with pytest.raises(InputError, match="must be at least 1"):
        PerTensor(headroom=0.5).rewrite(_bottleneck(), Context())


def test_mobilenet_v2_is_on_the_npu() -> None:
    model = read("tf2_mobilenet_v2_1.0_224_ptq")
    assert on_npu(model, "25.3") == 10
    after = rewrite(PerTensor(), model, on(model, "25.3")).model
    assert on_npu(after, "25.3") == 63
    assert len(place(after, "25.3").partitions) == 2
    inputs = [random_inputs(model, seed) for seed in (40, 41, 42)]
    (found,) = measure(PerTensor(), model, after, inputs)
    assert found.top_1 == 1.0
    assert found.cosine > 0.98
