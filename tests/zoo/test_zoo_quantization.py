"""What TFLite's quantization specification demands of every file, and the estimates that ranges rest on."""

from __future__ import annotations

import numpy as np
import pytest
from runs import FAMILIES, name_at, network

from npufit.graph import ElementType, Model, Operator, Tensor
from npufit.tflite import serialize_model
from npufit.zoo import Precision, build, parse_spec
from npufit.zoo.moments import Moments, constant_moments, greatest_moments, rectify_moments
from npufit.zoo.randomness import NumberSource

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
SAME_SCALE = ("PAD", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE", "CONCATENATION")
SIZE = 64
QUANTIZED = [
    pytest.param(f"{name_at(entry, SIZE)},{precision}", id=f"{entry.name}-{precision}")
    for entry in FAMILIES
    for precision in Precision
    if precision is not Precision.FLOAT32
]


@pytest.mark.parametrize("name", QUANTIZED)
def test_weights_and_biases_are_quantized_as_specified(name: str) -> None:
    model = network(name)
    for operator, ifm, weights, bias in _weighted(model):
        per_channel = name.endswith(",int8") and operator.type != "FULLY_CONNECTED"
        per_channel = per_channel and bias.element_count > 1
        assert weights.quantization.is_per_channel == per_channel
        values = np.frombuffer(weights.buffer.data, weights.element.value)
        if name.endswith("uint8"):
            assert (values.min(), values.max()) == (1, 255)
            assert weights.quantization.zero_points[0] in range(64, 192)
        else:
            assert np.abs(values.astype(int)).max() == 127
            assert set(weights.quantization.zero_points) == {0}
        expected = np.float32(ifm.quantization.scale) * np.array(weights.quantization.scales, np.float32)
        assert bias.element is ElementType.INT32
        assert bias.quantization.scales == tuple(expected.tolist())
        assert set(bias.quantization.zero_points) == {0}


@pytest.mark.parametrize("name", ["mobilenet_v1", "resnet50_v2", "inception_v2", "ssd_mobilenet_v2"])
def test_channels_have_genuinely_different_scales_and_use_all_of_them(name: str) -> None:
    for operator, _, weights, _ in _weighted(network(f"{name}@{SIZE},int8")):
        if operator.type == "FULLY_CONNECTED":
            continue
        scales = np.array(weights.quantization.scales)
        assert weights.shape is not None
        assert len(scales) == weights.shape[weights.quantization.axis]
        assert weights.quantization.axis == (3 if operator.type == "DEPTHWISE_CONV_2D" else 0)
        assert len(set(scales)) > 0.9 * len(scales)
        assert scales.max() / scales.min() > 1.5
        values = np.frombuffer(weights.buffer.data, np.int8).reshape(weights.shape).astype(int)
        rows = np.moveaxis(values, weights.quantization.axis, 0).reshape(len(scales), -1)
        assert set(np.abs(rows).max(axis=1)) == {127}


@pytest.mark.parametrize("name", QUANTIZED)
def test_operators_that_move_values_keep_their_scale(name: str) -> None:
    graph = network(name).main
    old_detection = name.startswith("ssd") and name.endswith("uint8")
    for operator in graph.operators:
        if operator.type in SAME_SCALE and not (old_detection and operator.type == "CONCATENATION"):
            moved = [graph.tensors[index] for index in operator.inputs]
            moved = [tensor for tensor in moved if tensor.quantization.is_quantized]
            output = graph.tensors[operator.outputs[0]]
            assert {tensor.quantization for tensor in moved} == {output.quantization}


def test_old_detection_concatenates_different_scales() -> None:
    graph = network(f"ssd_mobilenet_v1@{SIZE},uint8").main
    joins = [operator for operator in graph.operators if operator.type == "CONCATENATION"]
    for operator in joins:
        assert len({graph.tensors[index].quantization for index in operator.inputs}) == len(operator.inputs)
    assert len(joins) == 2


@pytest.mark.parametrize(("precision", "lowest"), [("int8", -128), ("int8-per-tensor", -128), ("uint8", 0)])
def test_fixed_ranges_are_those_of_the_converters(precision: str, lowest: int) -> None:
    graph = network(f"mobilenet_v2@{SIZE},{precision}").main
    scales = {operator.type: graph.tensors[operator.outputs[0]].quantization for operator in graph.operators}
    assert (scales["SOFTMAX"].scale, scales["SOFTMAX"].zero_point) == (1 / 256, lowest)
    relu6 = scales["DEPTHWISE_CONV_2D"]
    assert (relu6.scale, relu6.zero_point) == (float(np.float32(6 / 255)), lowest)


@pytest.mark.parametrize("precision", list(Precision))
def test_the_same_name_gives_the_same_bytes(precision: Precision) -> None:
    spec = parse_spec(f"inception_v2@{SIZE},{precision}")
    assert serialize_model(build(spec)) == serialize_model(build(spec))


def test_weights_do_not_depend_on_the_size() -> None:
    small, large = (network(f"mobilenet_v2@{size},int8") for size in (64, 97))
    for (operator, _, first, _), (_, _, second, _) in zip(_weighted(small), _weighted(large), strict=True):
        # The average over the map has a variance that depends on its size, and the matrix behind it a scale.
        if operator.type != "FULLY_CONNECTED":
            assert bytes(first.buffer.data) == bytes(second.buffer.data)
            assert first.quantization == second.quantization


def test_numbers_are_near_normal_and_never_repeat_their_start() -> None:
    source = NumberSource()
    numbers = source.draw(100_001)
    assert numbers.mean() == pytest.approx(0, abs=0.01)
    assert numbers.std() == pytest.approx(1, abs=0.01)
    assert np.abs(numbers).max() < 3.5
    assert np.mean(np.abs(numbers) < 1) == pytest.approx(0.68, abs=0.02)
    assert not np.array_equal(source.draw(1000), numbers[:1000])


@pytest.mark.parametrize("ceiling", [None, 6.0])
def test_moments_after_an_activation_are_those_of_samples(ceiling: float | None) -> None:
    mean, deviation = np.array([-1.0, 0.0, 0.75, 5.0], np.float32), np.array([1.0, 2.0, 1.5, 1.0], np.float32)
    samples = mean + deviation * np.random.default_rng(1).standard_normal((200_000, 4))
    expected = np.clip(samples, 0, ceiling)
    found = rectify_moments(Moments(mean, deviation**2), ceiling)
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(found.variance, expected.var(axis=0), rtol=0.05)


@pytest.mark.parametrize("window", [4, 9])
def test_moments_after_a_maximum_are_those_of_samples(window: int) -> None:
    random = np.random.default_rng(1)
    common, own = random.standard_normal((100_000, 1)), random.standard_normal((100_000, window))
    greatest = (common + own).max(axis=1) / np.sqrt(2)
    found = greatest_moments(constant_moments(0.0, 1.0, 1), window)
    assert found.mean[0] == pytest.approx(greatest.mean(), abs=0.02)
    assert found.variance[0] == pytest.approx(greatest.var(), rel=0.03)


def _weighted(model: Model) -> list[tuple[Operator, Tensor, Tensor, Tensor]]:
    """Return every operator with weights, and its input, weights and bias."""
    graph = model.main
    found: list[tuple[Operator, Tensor, Tensor, Tensor]] = []
    for operator in graph.operators:
        if operator.type in WEIGHTED:
            ifm, weights, bias = (graph.tensors[index] for index in operator.inputs)
            found.append((operator, ifm, weights, bias))
    assert found
    return found
