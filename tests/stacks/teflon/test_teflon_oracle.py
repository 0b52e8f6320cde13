"""Placement against what builds of Mesa 25.3 and 26.2 accepted, for every operator."""

from __future__ import annotations

import json
from typing import Any

import pytest

import npufit
from npufit.stacks import Unit
from real_files import ORACLES, find_model
from stacks.teflon.on_teflon import place

_ORACLE = ORACLES / "teflon_oracle.json"
_GENERATIONS = ("25.3", "26.2")

_ZOO = {
    # The zoo's network, the file whose answers these are (teflon_oracle.json), and per release the operators
    # on the NPU as ranges and the number of partitions.
    "zoo:mobilenet_v1@160,uint8,alpha=0.5": (
        "mobilenet_v1_0.5_160_quant",
        {"25.3": ("0-28", 1), "26.2": ("0-29", 1)},
    ),
    "zoo:mobilenet_v2@224,uint8": (
        "mobilenet_v2_1.0_224_quant",
        {"25.3": ("0-63", 1), "26.2": ("0-64", 1)},
    ),
    "zoo:mobilenet_v2@224,int8": (
        "keras_mobilenet_v2_224_int8_per_channel",
        {"25.3": ("5 11 13 19 23 25 31 35 39 46 50 52 58 62", 14), "26.2": ("1-66 68", 2)},
    ),
    "zoo:mobilenet_v2@224,int8-per-tensor,io=int8": (
        "keras_mobilenet_v2_224_int8_per_tensor_io_int8",
        {"25.3": ("0-65", 1), "26.2": ("0-65 67", 2)},
    ),
}


def _operators(ranges: str) -> set[int]:
    bounds = [(part.split("-") * 2)[:2] for part in ranges.split()]
    return {index for first, last in bounds for index in range(int(first), int(last) + 1)}


def _oracle() -> dict[str, Any]:
    return json.loads(_ORACLE.read_text())


@pytest.mark.parametrize("version", _GENERATIONS)
@pytest.mark.parametrize("name", _ZOO)
def test_the_zoos_networks_are_placed_as_the_builds_placed_their_originals(name: str, version: str) -> None:
    _, answers = _ZOO[name]
    ranges, partitions = answers[version]
    placement = place(npufit.load(name), version)
    assert {operator.id.index for operator in placement.operators if operator.unit is Unit.NPU} == _operators(ranges)
    assert len(placement.partitions) == partitions


def test_the_copied_answers_are_those_of_the_oracle() -> None:
    oracle = _oracle()
    for file, answers in _ZOO.values():
        for version, (ranges, partitions) in answers.items():
            answer = oracle[f"{file}.tflite"][version]
            assert {index for index, taken in enumerate(answer["accepted"]) if taken} == _operators(ranges), file
            assert answer["partitions"] == partitions, file


@pytest.mark.parametrize("version", _GENERATIONS)
@pytest.mark.parametrize("file", _oracle())
def test_every_operator_is_placed_as_the_build_placed_it(file: str, version: str) -> None:
    answer = _oracle()[file]
    model = npufit.load(find_model(file))
    placement = place(model, version)
    names = [name.removeprefix("CUSTOM:") for name in answer["operators"]]
    assert [operator.name for operator in model.main.operators] == names
    assert [operator.unit is Unit.NPU for operator in placement.operators] == answer[version]["accepted"]
    assert len(placement.partitions) == answer[version]["partitions"]
