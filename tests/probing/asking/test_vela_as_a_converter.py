"""Vela as a converter: one import for many models, and every end of it an answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from npufit.child_process import Child, start_child
from npufit.errors import InputError
from npufit.graph import Model
from npufit.probing import ProbeOptions
from npufit.probing.asking import End, choose_converter
from npufit.probing.questions import space_of
from npufit.stacks import PlaceOptions, Unit, load_stack, resolve_target
from npufit.stacks.vela import forking

_TARGET = "imx93/vela"


def _drawn(space: str, **values: int | str) -> Model:
    found = space_of(space)
    return found.draw(found.base | values)


def test_units_are_those_of_a_placement() -> None:
    """The brief way to ask and a whole placement agree, on what Vela takes, leaves and folds away."""
    converter = choose_converter(_TARGET, ProbeOptions())
    target = resolve_target(_TARGET)
    models = [
        _drawn("CONV_2D"),
        _drawn("CONV_2D", stride_w=4, w=64),
        _drawn("MAX_POOL_2D", kw=200, kh=200),
        _drawn("ADD"),
    ]
    for model in models:
        placed = load_stack("vela").place(model, target, PlaceOptions(explore=False))
        found = converter.convert(model)
        assert found.answer.end is End.FINE
        assert found.answer.units == tuple(operator.unit for operator in placed.operators)
        assert found.answer.graphs == len(placed.partitions)
        assert found.compiled
    assert {unit for model in models for unit in converter.convert(model).answer.units} == {Unit.NPU, Unit.CPU}


def test_vela_is_imported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process is started; each model is compiled by a copy of it."""
    started: list[Sequence[str]] = []

    def start(command: Sequence[str], **given: Any) -> Child:
        started.append(command)
        return start_child(command, **given)

    forking.forking_vela.cache_clear()
    monkeypatch.setattr(forking, "start_child", start)
    converter, model = choose_converter(_TARGET, ProbeOptions()), _drawn("ADD")
    assert [converter.convert(model).answer.is_accepted for _ in range(3)] == [True] * 3
    assert len(started) == 1


def test_a_time_limit_ends_one_question() -> None:
    # A kernel may count processor time in ticks of 4 ms or more: the limit is several, and the model takes many more.
    short = choose_converter(_TARGET, ProbeOptions(place=PlaceOptions(time_limit_s=0.02)))
    begun = time.monotonic()
    found = short.convert(_drawn("CONV_2D", c=512, ofm_c=200)).answer
    assert found.end is End.TIMEOUT
    assert "0.02 s" in found.message
    assert time.monotonic() - begun < 20
    assert choose_converter(_TARGET, ProbeOptions()).convert(_drawn("ADD")).answer.is_accepted


def test_wrong_settings_are_the_users_error() -> None:
    options = ProbeOptions(place=PlaceOptions(settings=(("accelerator", "ethos-u99"),)))
    with pytest.raises(InputError):
        choose_converter(_TARGET, options).convert(_drawn("ADD"))
