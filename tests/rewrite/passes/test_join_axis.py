"""join-axis: other axes and other operators, the same elements in the same places."""

from __future__ import annotations

import numpy as np
import pytest

from networks import Network, quantized
from npufit.graph import ConcatenationOptions, Model, Operator, SplitOptions
from npufit.rewrite import Context
from npufit.rewrite.passes.joining import JoinAxis
from npufit.rewrite.passes.transposes import CancelTransposes
from rewrite.rewriting import assert_same_answers, hazards, kinds, on, on_npu, read, rewrite


def _joined(axis: int, shape: tuple[int, ...]) -> Model:
    net = Network()
    pair = [net.input(*shape), net.input(*shape)]
    joined = list(shape)
    joined[axis] *= 2
    return net.model(net.apply("CONCATENATION", pair, joined, ConcatenationOptions(axis)))


@pytest.mark.parametrize(
    ("axis", "shape", "version", "written"),
    [(2, (1, 6, 4), "25.3", -1), (-2, (1, 6, 4), "26.2", 1), (-3, (1, 6, 6, 4), "26.2", 1), (1, (1, 4), "26.1", -1)],
)
def test_axes_are_written_as_the_target_takes_them(
    axis: int, shape: tuple[int, ...], version: str, written: int
) -> None:
    model = _joined(axis, shape)
    assert on_npu(model, version) == 0
    after = rewrite(JoinAxis(), model, on(model, version)).model
    options = after.main.operators[0].options
    assert isinstance(options, ConcatenationOptions)
    assert options.axis == written
    assert on_npu(after, version) == 1
    assert hazards(after, version) == []
    assert_same_answers(JoinAxis(), model, after)


def test_axes_that_are_taken_stay() -> None:
    for axis, version in ((3, "25.3"), (-1, "25.3"), (1, "26.2"), (1, "25.3")):
        model = _joined(axis, (1, 6, 6, 4))
        assert JoinAxis().rewrite(model, on(model, version)) is None
    assert JoinAxis().rewrite(_joined(2, (1, 6, 4)), Context()) is None


def _split(axis: int, count: int, shape: tuple[int, int, int, int]) -> Model:
    net = Network()
    source = net.convolve(net.input(1, shape[1], shape[2], 4), shape[3], 1)
    part = list(shape)
    part[axis] //= count
    outputs = [net.tensor(part, net.tensors[source].quantization) for _ in range(count)]
    number = net.constant(np.array(axis, np.int32))
    net.operators.append(Operator("SPLIT", (number, source), tuple(outputs), SplitOptions(count), 2))
    return net.model(*(net.convolve(output, 4, 1, quantization=quantized(0.1, 3)) for output in outputs))


@pytest.mark.parametrize(("axis", "kind"), [(3, "CONV_2D"), (1, "STRIDED_SLICE")])
@pytest.mark.parametrize("version", ["25.3", "26.2"])
def test_splits_become_what_the_target_has(axis: int, kind: str, version: str) -> None:
    model = _split(axis, 3, (1, 6, 5, 96))
    after = rewrite(JoinAxis(), model, on(model, version)).model
    assert kinds(after).count(kind) >= 3
    assert "SPLIT" not in kinds(after)
    assert on_npu(after, version) == len(kinds(after))
    assert hazards(after, version) == []
    assert_same_answers(JoinAxis(), model, after)


def test_splits_of_the_width_and_without_a_target_stay() -> None:
    model = _split(2, 5, (1, 6, 5, 96))
    assert JoinAxis().rewrite(model, on(model, "26.2")) is None
    assert JoinAxis().rewrite(_split(3, 3, (1, 6, 5, 96)), Context()) is None


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_concatenation_leaves_the_bricks_with_one_channel_more(kernel: int) -> None:
    net = Network()
    first = net.input(1, 8, 8, 8)
    parts = [net.convolve(first, depth, 1, quantization=quantized(0.05, -7)) for depth in (24, 40)]
    joined = net.apply("CONCATENATION", parts, (1, 8, 8, 64), ConcatenationOptions(3), quantization=quantized(0.05, -7))
    ends = [net.convolve(joined, depth, kernel, quantization=quantized(0.1, 3)) for depth in (16, 5)]
    model = net.model(*ends)
    assert hazards(model, "25.3") == ["ethosu.concat-misplaced"]
    after = rewrite(JoinAxis(), model, on(model, "25.3")).model
    assert kinds(after) == kinds(model)
    assert hazards(after, "25.3") == []
    assert_same_answers(JoinAxis(), model, after)


def test_a_concatenation_that_others_read_keeps_its_hazard() -> None:
    net = Network()
    first = net.input(1, 8, 8, 8)
    parts = [net.convolve(first, depth, 1) for depth in (24, 40)]
    net.pool(net.apply("CONCATENATION", parts, (1, 8, 8, 64), ConcatenationOptions(3)))
    model = net.model()
    assert hazards(model, "25.3") == ["ethosu.concat-misplaced"]
    assert JoinAxis().rewrite(model, on(model, "25.3")) is None


def test_shufflenet_joins_rightly() -> None:
    model = read("fastestdet_shufflenetv2")
    model = rewrite(CancelTransposes(), model, on(model, "26.2")).model
    before = hazards(model, "26.2").count("ethosu.concat-misplaced")
    after = rewrite(JoinAxis(), model, on(model, "26.2")).model
    assert hazards(after, "26.2").count("ethosu.concat-misplaced") < before
    assert_same_answers(JoinAxis(), model, after, randoms=1)


def test_the_splits_of_the_traffic_detector() -> None:
    model = read("automl_traffic_detector")
    after = rewrite(JoinAxis(), model, on(model, "26.2")).model
    assert kinds(after).count("SPLIT") == 1  # in one, which only copies
    assert on_npu(after, "26.2") > on_npu(model, "26.2")
