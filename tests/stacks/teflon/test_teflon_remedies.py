"""The version that a finding or a hazard points to must really help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import npufit
from networks import SIX, Network
from npufit.graph import Activation, ConcatenationOptions, Model
from npufit.stacks import Placement, Remedy, RemedyKind, Unit
from stacks.teflon.on_teflon import VERSIONS, hazards, place, refusals

_OFFERED = ("25.3", "26.0", "26.1", "26.2", "main")
_ZOO = (
    "zoo:mobilenet_v2@96,int8",
    "zoo:ssd_mobilenet_v1@96,uint8",
    "zoo:resnet50_v2@64,int8",
    "zoo:inception_v1@64,int8",
)


def _version(remedies: tuple[Remedy, ...]) -> str | None:
    """Return the version that remedies name; there is at most one, and it comes first."""
    versions = [remedy.target for remedy in remedies if remedy.kind is RemedyKind.VERSION]
    assert versions in ([], [remedies[0].target])
    return versions[0].partition("@")[2] if versions and versions[0] else None


def _later(version: str) -> list[str]:
    return [other for other in _OFFERED if VERSIONS.index(other) > VERSIONS.index(version)]


def _problems(model: Model, version: str, chip: str) -> Iterator[str]:
    placements: dict[str, Placement] = {other: place(model, other, chip) for other in (version, *_later(version))}

    def is_taken(other: str, index: int) -> bool:
        return placements[other].operators[index].unit is Unit.NPU

    def blamed(other: str, index: int) -> set[str]:
        return {hazard.rule.id for hazard in placements[other].hazards if hazard.operators[0] == index}

    for operator in placements[version].operators:
        if operator.finding is None:
            continue
        taking = [other for other in _later(version) if is_taken(other, operator.id.index)]
        clean = [other for other in taking if not blamed(other, operator.id.index)]
        expected = next(iter(clean or taking), None)
        if _version(operator.finding.remedies) != expected:
            named = operator.finding.remedies[0]
            yield f"{operator.id.index}: {operator.finding.rule.id} names {named}, not {expected}"
        if not operator.finding.remedies:
            yield f"{operator.id.index}: no way out named"
    for hazard in placements[version].hazards:
        index = hazard.operators[0]
        without = [other for other in _later(version) if hazard.rule.id not in blamed(other, index)]
        without = [other for other in without if placements[other].operators[index].unit is not Unit.UNKNOWN]
        if _version(hazard.remedies) != next(iter(without), None):
            yield f"{hazard.rule.id} at {index} names {hazard.remedies[0]}"
        if not hazard.remedies:
            yield f"{hazard.rule.id} at {index}: no way out named"


@pytest.mark.parametrize("chip", ["imx93", "imx8mp", "rk3588"])
@pytest.mark.parametrize("version", VERSIONS)
def test_versions_named_for_the_zoo_help(version: str, chip: str) -> None:
    for name in _ZOO:
        assert list(_problems(npufit.load(name), version, chip)) == []


@pytest.mark.parametrize("version", ["25.3", "26.1", "26.2.0"])
def test_versions_named_for_real_models_help(real_model: Path, version: str) -> None:
    assert list(_problems(npufit.load(real_model), version, "imx93")) == []


def _added_constant() -> Model:
    network = Network()
    network.apply("ADD", (network.input(1, 4, 4, 8), network.zeros(1, 1, 1, 8)), (1, 4, 4, 8))
    return network.model()


def _joined_rows() -> Model:
    network = Network()
    joined = ConcatenationOptions(2)
    network.apply("CONCATENATION", (network.input(1, 4, 4, 8), network.input(1, 4, 4, 8)), (1, 4, 8, 8), joined)
    return network.model()


def test_a_release_that_takes_the_operator_and_computes_it_wrongly_is_passed_over() -> None:
    # 26.1 takes a constant operand, but reads memory that nobody wrote (teflon.elementwise-operands).
    assert (refusals(_added_constant(), "26.1"), hazards(_added_constant(), "26.1")) == (
        [],
        ["teflon.elementwise-operands"],
    )
    finding = place(_added_constant(), "25.3").operators[0].finding
    assert finding is not None
    assert _version(finding.remedies) == "26.2"
    # 26.2 takes the axis, but joins along another one (ethosu.concat-misplaced); main is the first that does not.
    finding = place(_joined_rows(), "25.3").operators[0].finding
    assert finding is not None
    assert _version(finding.remedies) == "main"


def test_where_every_release_computes_it_wrongly_the_remedy_says_so() -> None:
    network = Network()
    network.apply("ADD", (network.input(1, 4, 4, 8), network.numbers(3, shape=())), (1, 4, 4, 8))
    model = network.model()
    finding = place(model, "25.3").operators[0].finding
    assert finding is not None
    assert finding.remedies[0].text == "Mesa 26.1 takes it, but see teflon.elementwise-operands there"


def test_a_remedy_is_none_known_where_nothing_helps() -> None:
    network = Network()
    network.apply("SPLIT", (network.numbers(1), network.input(1, 4, 4, 8)), (1, 2, 4, 8))
    (operator,) = place(network.model(), "26.2", "imx8mp").operators
    assert operator.finding is not None
    assert [remedy.kind for remedy in operator.finding.remedies] == [RemedyKind.NONE]


def test_the_way_out_of_the_relu6_range_works() -> None:
    network = Network()
    ifm = network.input(1, 4, 4, 8)
    network.convolve(ifm, 8, 1, activation=Activation.RELU6, quantization=SIX)
    assert refusals(network.model(), "25.3") == []
    assert hazards(network.model(), "25.3") == []
