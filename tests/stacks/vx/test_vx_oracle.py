"""Placement against what the delegate's own decision code answered, for every operator, partition and log line."""

from __future__ import annotations

import json
from typing import Any

import pytest

import npufit
from npufit.stacks import Unit
from npufit.stacks.vx.placing import refusals
from npufit.stacks.vx.releases import find_bsp
from real_files import ORACLES, find_model
from stacks.vx.on_vx import place

_ORACLE = ORACLES / "vx_oracle.json"
_BSPS = ("5.15.52", "5.15.71", "6.1.1", "6.1.22", "6.1.36", "6.6.3", "6.6.36")


def _oracle() -> dict[str, Any]:
    models: dict[str, Any] = json.loads(_ORACLE.read_text())["models"]
    return {entry["files"][0]: entry for entry in models.values()}


def _answer(file: str, bsp: str) -> dict[str, Any] | None:
    """Return what the code of a BSP answered, None where TensorFlow Lite did not load the file."""
    answers: dict[str, Any] = _oracle()[file]["by_bsp"]
    answer = answers[answers[bsp].get("same_as", bsp)]
    return answer if "flags" in answer else None


@pytest.mark.parametrize("file", _oracle())
def test_every_operator_is_placed_as_the_delegate_places_it(file: str) -> None:
    model = npufit.load(find_model(file))
    names = [name.removeprefix("CUSTOM:") for name in _oracle()[file].get("op_types", [])]
    for version in _BSPS:
        answer = _answer(file, version)
        if answer is None:
            continue
        assert [operator.name for operator in model.main.operators] == names
        placement = place(model, version)
        units = [operator.unit for operator in placement.operators if operator.id.subgraph == 0]
        assert "".join("01"[unit is Unit.NPU] for unit in units) == answer["flags"], version
        assert sum(partition.subgraph == 0 for partition in placement.partitions) == answer["partitions"], version
        bsp = find_bsp(version)
        assert bsp is not None
        printed = [(index, found[1]) for index, found in enumerate(refusals(model.main, bsp)) if found is not None]
        # That a type is not mapped is said with the builtin code, which the rules do not know.
        said = [(index, "" if line.startswith("Fallback") else line) for index, _, line in answer["refused"]]
        assert printed == said, version


def test_the_oracle_speaks_about_nearly_all_models() -> None:
    oracle = _oracle()
    asked = [file for file in oracle if _answer(file, "6.6.36") is not None]
    assert len(asked) == len(oracle) - 1, "TensorFlow Lite refuses one of the files"
    assert len(asked) > 60
