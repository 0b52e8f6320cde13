"""The vx stack is listed and answers nothing."""

from __future__ import annotations

import pytest

from npufit.errors import InputError
from npufit.stacks.placement import Status
from npufit.stacks.stack import PlaceOptions
from npufit.stacks.target import Target
from npufit.stacks.vx import STACK
from npufit.zoo import build, parse_spec

_MODEL = build(parse_spec("mobilenet_v1@96"))


def test_it_is_listed_as_not_available() -> None:
    (info,) = STACK.targets()
    assert (info.chip, info.stack, info.available, info.versions) == ("imx8mp", "vx", False, ())
    assert STACK.rules() == ()
    assert STACK.resolve_version("imx8mp", "1.0") is None
    assert STACK.read_log("VxDelegate: 5 nodes delegated out of 11 nodes", _MODEL) is None


def test_it_gives_no_operator_a_unit_and_says_what_to_do() -> None:
    placement = STACK.place(_MODEL, Target("imx8mp", "vx", ""), PlaceOptions())
    assert placement.status is Status.UNAVAILABLE
    assert not placement.operators
    (note,) = placement.notes
    assert "imx8mp/teflon" in note.text


def test_another_chip_is_an_input_error() -> None:
    with pytest.raises(InputError, match="imx8mp/vx"):
        STACK.place(_MODEL, Target("imx93", "vx", ""), PlaceOptions())
