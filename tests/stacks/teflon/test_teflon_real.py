"""What `check` says against what real Teflon libraries did on virtual devices: placement, crashes, answers.

The oracle is `tests/oracles/teflon_real.json`, by the models' SHA-256; a model that is absent is skipped.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import npufit
from npufit.stacks import Effect, Placement, Unit
from real_files import ORACLES, list_models

_ORACLE = ORACLES / "teflon_real.json"
_SMALL_BYTES = 700_000

_MAY_CRASH = {("test_fullconnected_int8.tflite", "imx8mp/teflon@26.2")}
"""teflon.missing-bias depends on what memory holds; it held nothing bad there, and killed the release before."""

_EQUAL_ALL_THE_SAME = {"keras_transformer_encoder_int8.tflite"}
"""teflon.elementwise-operands names its additions; the one random input that was tried does not show it."""


_EMPTY_BUFFERS = {"ethosu.pad-folded"}
"""Linux refuses the empty buffers of these crashes; the virtual device that the answers came from granted them."""


def _models() -> dict[str, Any]:
    return json.loads(_ORACLE.read_text())["models"]


@cache
def _files() -> dict[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in list_models().values()}


def _cases() -> list[Any]:
    return [pytest.param(digest, id=entry["file"], marks=_marks(digest)) for digest, entry in _models().items()]


def _marks(digest: str) -> Any:
    path = _files().get(digest)
    return () if path is None or path.stat().st_size <= _SMALL_BYTES else pytest.mark.slow


@pytest.mark.parametrize("digest", _cases())
def test_a_check_agrees_with_what_the_library_did(digest: str) -> None:
    path = _files().get(digest)
    if path is None:
        pytest.skip("the model is not there")
    entry = _models()[digest]
    model = npufit.load(path)
    for target, answer in entry["targets"].items():
        placement = npufit.check(model, target).placement
        where = f"{entry['file']} on {target}"
        _compare_placement(placement, answer, where)
        said = answer.get("crash") or ""
        crashed = bool(said) and "LiteRT" not in said
        crashes = [hazard for hazard in placement.hazards if hazard.effect is Effect.CRASH]
        predicted = any(hazard.rule.id not in _EMPTY_BUFFERS for hazard in crashes)
        assert predicted == crashed or (entry["file"], target) in _MAY_CRASH, where
        if answer.get("outputs") is not None and not crashed:
            differs = any(output["differing"] for output in answer["outputs"])
            assert bool(placement.hazards) == (differs or entry["file"] in _EQUAL_ALL_THE_SAME), where


def _compare_placement(placement: Placement, answer: dict[str, Any], where: str) -> None:
    """Compare as far as the library came: a crash while the delegate is applied ends the list of operators."""
    taken: list[bool] = answer.get("taken") or []
    for operator, was_taken in zip(placement.operators, taken, strict=False):
        if operator.unit is not Unit.UNKNOWN:
            assert (operator.unit is Unit.NPU) == was_taken, f"{where}, operator {operator.id.index}"
    if answer["partitions"] is not None:
        assert len(placement.partitions) == answer["partitions"], where
    crash = answer.get("crash") or ""
    if "in Prepare" in crash:
        first = min(
            h.operators[0]
            for h in placement.hazards
            if h.rule.id == "teflon.operand-read-early" and h.effect is Effect.CRASH
        )
        assert first == len(taken), where
        assert crash == f"in Prepare at operator {first} RESHAPE", where
