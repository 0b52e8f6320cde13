"""Additions on rocket: each is fused into a convolution; where it cannot be, the driver crashes or is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from networks import SIX, UINT8, Network, quantized
from npufit.graph import NO_TENSOR, AddOptions, ElementType, Model, Quantization
from npufit.stacks import Effect, Evidence, Hazard
from stacks.teflon.on_teflon import place

SHAPE = (1, 4, 4, 8)


class Additions(Network):
    """A network of 1x1 convolutions and additions over one shape, uint8."""

    def __init__(self) -> None:
        super().__init__()
        self.image = self.input(*SHAPE, element=UINT8)

    def conv(self, ifm: int, quantization: Quantization = SIX) -> int:
        """Add a convolution."""
        weights = self.zeros(8, 1, 1, 8, element=UINT8)
        return self.convolve(ifm, 8, 1, weights=weights, element=UINT8, quantization=quantization)

    def add(self, first: int, second: int, quantization: Quantization = SIX) -> int:
        """Add an ADD."""
        return self.apply("ADD", (first, second), SHAPE, AddOptions(), element=UINT8, quantization=quantization)

    def stay(self, ifm: int) -> int:
        """Add an operator that stays on the CPU."""
        return self.apply("CUSTOM", (ifm,), SHAPE, element=UINT8, custom_code="Stay")


def _hazards(model: Model, version: str = "26.1") -> list[Hazard]:
    return [
        hazard
        for hazard in place(model, version, "rk3588").hazards
        if hazard.rule.id in ("rocket.unfusable-add", "rocket.misfused-add")
    ]


def _model(build: Callable[[Additions], tuple[int, ...] | None]) -> Model:
    network = Additions()
    outputs = build(network)
    return network.model(*(outputs or ()))


def residual(network: Additions) -> None:
    """The block as the driver wants it: ADD(result, input of the block)."""
    network.add(network.conv(network.conv(network.image)), network.image)


def swapped(network: Additions) -> None:
    """The block as Keras writes it."""
    network.add(network.image, network.conv(network.conv(network.image)))


def alone(network: Additions) -> None:
    network.add(network.image, network.input(*SHAPE, element=UINT8))


def foreign_second(network: Additions) -> None:
    """The second operand comes from outside and no convolution here reads it."""
    network.add(network.conv(network.image), network.input(*SHAPE, element=UINT8))


def two_convolutions(network: Additions) -> None:
    second = network.conv(network.image)
    network.add(network.conv(network.image), second)


def chain_of_blocks(network: Additions) -> None:
    """Two residual blocks in a row: the sum of the first is read by the second, under its own name."""
    first = network.add(network.conv(network.conv(network.image)), network.image)
    network.add(network.conv(network.conv(first)), first)


def renamed(network: Additions) -> None:
    """A later ADD looks for a convolution's output that an earlier one renamed."""
    shared = network.conv(network.image)
    network.add(shared, network.image)
    network.add(shared, network.image)


def twice(network: Additions) -> None:
    """ADD(ADD(a, b), c): one convolution can add one tensor."""
    third, second = network.conv(network.image), network.conv(network.image)
    network.add(network.add(network.conv(network.image), second), third)


def too_early(network: Additions) -> None:
    """The first operand is computed before the second."""
    first = network.conv(network.image)
    network.add(first, network.conv(network.image))


def read_elsewhere(network: Additions) -> tuple[int, ...]:
    """The convolution's own output is read by another convolution, after the ADD renamed it."""
    shared = network.conv(network.image)
    return network.add(shared, network.image), network.conv(shared)


def leaves(network: Additions) -> tuple[int, ...]:
    """The convolution's own output is an output of the network."""
    shared = network.conv(network.image)
    return shared, network.add(shared, network.image)


def to_the_cpu(network: Additions) -> tuple[int, ...]:
    shared = network.conv(network.image)
    return network.add(shared, network.image), network.stay(shared)


def onto_itself(network: Additions) -> None:
    """ADD(x, x): its second operand is renamed by itself."""
    shared = network.conv(network.image)
    network.add(shared, shared)


CASES: tuple[tuple[Callable[[Additions], tuple[int, ...] | None], list[str]], ...] = (
    (residual, list[str]()),
    (two_convolutions, list[str]()),
    (chain_of_blocks, list[str]()),
    (swapped, ["rocket.unfusable-add"]),
    (alone, ["rocket.unfusable-add"]),
    (foreign_second, ["rocket.unfusable-add"]),
    (renamed, ["rocket.unfusable-add"]),
    (leaves, ["rocket.unfusable-add"]),
    (to_the_cpu, ["rocket.unfusable-add"]),
    (onto_itself, ["rocket.unfusable-add"]),
    (twice, ["rocket.misfused-add"]),
    (too_early, ["rocket.misfused-add"]),
    (read_elsewhere, ["rocket.misfused-add"]),
)


@pytest.mark.parametrize(("build", "rules"), CASES, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("version", ["25.3", "26.1", "26.2", "main"])
def test_an_addition_is_judged_by_the_drivers_own_walk(
    build: Callable[[Additions], tuple[int, ...] | None], rules: list[str], version: str
) -> None:
    found = _hazards(_model(build), version)
    assert [hazard.rule.id for hazard in found] == rules
    for hazard in found:
        assert hazard.effect is (Effect.CRASH if hazard.rule.id == "rocket.unfusable-add" else Effect.WRONG)
        assert hazard.certain is (version != "main")


def test_crashes_are_known_from_the_binaries_that_crashed() -> None:
    evidence = {version: _hazards(_model(alone), version)[0].evidence for version in ("25.3", "26.1", "26.2", "main")}
    assert evidence == {
        "25.3": Evidence.SOURCE,
        "26.1": Evidence.EXECUTED,
        "26.2": Evidence.EXECUTED,
        "main": Evidence.INFERRED,
    }


def test_the_sum_was_written_with_the_convolutions_quantization_before_26_1() -> None:
    def build(network: Additions) -> None:
        network.add(network.conv(network.image), network.image, quantized(0.5, 3))

    assert [hazard.rule.id for hazard in _hazards(_model(build), "25.3")] == ["rocket.misfused-add"]
    assert _hazards(_model(build), "26.1") == []


def test_messages_say_which_operators_are_concerned() -> None:
    (hazard,) = _hazards(_model(renamed))
    assert hazard.operators[0] == 2
    assert "operator 1 (ADD) renamed it" in hazard.message
    (hazard,) = _hazards(_model(twice))
    assert hazard.operators == (4, 3)
    (hazard,) = _hazards(_model(to_the_cpu))
    assert "is passed to operator 2 (Stay)" in hazard.message


@pytest.mark.parametrize("element", [ElementType.INT8, ElementType.UINT8])
def test_signed_bytes_are_a_hazard_on_rocket_alone(element: ElementType) -> None:
    network = Network()
    weights = network.zeros(8, 1, 1, 8, element=element)
    network.convolve(network.input(*SHAPE, element=element), 8, 1, weights=weights, element=element)
    model = network.model()
    assert ("rocket.int8-as-uint8" in {hazard.rule.id for hazard in place(model, "26.1", "rk3588").hazards}) == (
        element is ElementType.INT8
    )
    for chip in ("imx93", "imx8mp"):
        assert "rocket.int8-as-uint8" not in {hazard.rule.id for hazard in place(model, "26.1", chip).hazards}


def test_an_addition_without_an_operand_does_not_trip_the_walk() -> None:
    network = Additions()
    network.add(network.conv(network.image), NO_TENSOR)
    assert {hazard.effect for hazard in _hazards(network.model())} == {Effect.CRASH}
