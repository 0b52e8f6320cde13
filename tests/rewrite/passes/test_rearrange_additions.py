"""rearrange-additions: no crash on rocket is left, and every byte is the same."""

from __future__ import annotations

import numpy as np
import pytest

from networks import INT8, UINT8, Network, quantized
from npufit.execution import Reference
from npufit.graph import Activation, AddOptions, ElementType, Model, Quantization
from npufit.rewrite import Context, Pass
from npufit.rewrite.passes.additions import RearrangeAdditions
from npufit.stacks import Effect, Target
from rewrite.rewriting import assert_same_answers, kinds, place, rewrite

SHAPE = (1, 6, 6, 8)
_VERSIONS = ("25.3", "26.1", "26.2")


def _context(model: Model, version: str) -> Context:
    return Context(Target("rk3588", "teflon", version), place(model, version, "rk3588"))


def _dangers(model: Model, version: str) -> list[str]:
    return [
        hazard.rule.id
        for hazard in place(model, version, "rk3588").hazards
        if hazard.rule.id in ("rocket.unfusable-add", "rocket.misfused-add")
    ]


def _scales(element: ElementType) -> tuple[Quantization, Quantization, Quantization]:
    middle = 0 if element is INT8 else 128
    return quantized(0.05, middle - 20), quantized(0.031, middle + 7), quantized(0.07, middle - 3)


def _residual(element: ElementType, *, swapped: bool) -> Model:
    net = Network(element)
    first, second, result = _scales(element)
    image = net.input(*SHAPE, quantization=first)
    made = net.convolve(net.convolve(image, 8, 1), 8, 1, quantization=second)
    operands = (image, made) if swapped else (made, image)
    return net.model(net.apply("ADD", operands, SHAPE, AddOptions(), quantization=result))


def _alone(element: ElementType, activation: Activation = Activation.NONE) -> Model:
    net = Network(element)
    first, second, result = _scales(element)
    operands = net.input(*SHAPE, quantization=first), net.input(*SHAPE, quantization=second)
    return net.model(net.apply("ADD", operands, SHAPE, AddOptions(activation), quantization=result))


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("element", [INT8, UINT8])
def test_the_operands_of_a_keras_block_change_places(element: ElementType, version: str) -> None:
    model = _residual(element, swapped=True)
    assert _dangers(model, version) == ["rocket.unfusable-add"]
    after = rewrite(RearrangeAdditions(), model, _context(model, version)).model
    assert kinds(after) == kinds(model)
    # Before 26.1 the sum keeps the convolution's quantization, whatever the order.
    assert _dangers(after, version) == (["rocket.misfused-add"] if version == "25.3" else [])
    assert_same_answers(RearrangeAdditions(), model, after)


@pytest.mark.parametrize("activation", [Activation.NONE, Activation.RELU6])
@pytest.mark.parametrize("element", [INT8, UINT8])
def test_what_cannot_be_fused_becomes_two_subtractions_on_the_cpu(element: ElementType, activation: Activation) -> None:
    model = _alone(element, activation)
    assert _dangers(model, "26.1") == ["rocket.unfusable-add"]
    after = rewrite(RearrangeAdditions(), model, _context(model, "26.1")).model
    assert kinds(after) == ["SUB", "SUB"]
    assert not any(hazard.effect is Effect.CRASH for hazard in place(after, "26.1", "rk3588").hazards)
    assert_same_answers(RearrangeAdditions(), model, after, randoms=8)


@pytest.mark.parametrize("seed", range(12))
def test_subtractions_are_the_same_for_every_pair_of_values(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scales = [quantized(float(scale), int(point)) for scale, point in
              zip(np.exp(generator.uniform(-7, 1, 3)), generator.integers(-128, 128, 3), strict=True)]  # fmt: skip
    net = Network(INT8)
    first, second = (net.input(1, 256, 256, 1, quantization=scale) for scale in scales[:2])
    model = net.model(net.apply("ADD", (first, second), (1, 256, 256, 1), AddOptions(), quantization=scales[2]))
    found = RearrangeAdditions().rewrite(model, _context(model, "26.1"))
    assert found is not None
    values = np.arange(-128, 128, dtype=np.int8)
    rows, columns = np.meshgrid(values, values, indexing="ij")
    inputs = {first: rows[None, :, :, None], second: columns[None, :, :, None]}
    before = Reference(model).run(inputs)[model.main.outputs[0]]
    after = Reference(found.model).run(dict(zip(found.model.main.inputs, inputs.values(), strict=True)))
    assert np.array_equal(before, after[found.model.main.outputs[0]])


def test_other_targets_and_harmless_additions_are_left_alone() -> None:
    pass_: Pass = RearrangeAdditions()
    fused = _residual(UINT8, swapped=False)
    assert pass_.rewrite(fused, _context(fused, "26.1")) is None
    model = _alone(INT8)
    elsewhere = Context(Target("imx93", "teflon", "26.1"), place(model, "26.1"))
    assert pass_.rewrite(model, elsewhere) is None
    assert pass_.rewrite(model, Context()) is None
