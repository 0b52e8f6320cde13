"""What a pass may ask its context: where operators run and why, and what another model would do on the same target."""

from __future__ import annotations

import pytest

from networks import Network
from npufit.errors import InputError
from npufit.graph import Model
from npufit.rewrite import Context
from npufit.stacks import PlaceOptions, Target
from rewrite.rewriting import on


def _padded_convolution() -> Model:
    net = Network()
    return net.model(net.apply("ABS", (net.convolve(net.pad(net.input(1, 8, 8, 4), 0, 1, 0, 1)),), (1, 7, 7, 4)))


def _convolution(size: int) -> Model:
    net = Network()
    return net.model(net.convolve(net.input(1, size, size, 4)))


def test_it_answers_for_the_operators_of_the_placement() -> None:
    context = on(_padded_convolution(), "25.3")
    assert context.runs_on("teflon")
    assert not context.runs_on("vela")
    assert context.off_npu() == {2}
    assert context.placement is not None
    finding = context.placement.operators[2].finding
    assert finding is not None
    assert context.refused_by("no such rule", finding.rule.id) == {2}
    assert context.refused_by("teflon.relu6-range") == frozenset()
    assert context.partitions() == {0: 0, 1: 0, 2: None}


def test_hazards_are_asked_for_by_their_ids() -> None:
    context = on(_padded_convolution(), "25.3")
    assert context.placement is not None
    known = {hazard.rule.id for hazard in context.placement.hazards}
    assert known
    assert context.hazards(*known) == context.placement.hazards
    assert context.endangered_by(*known) == (0,)
    assert context.endangered_by("no such hazard") == ()


def test_another_model_is_placed_and_timed_on_the_same_target() -> None:
    context = on(_padded_convolution(), "26.1")
    small, large = _convolution(8), _convolution(64)
    placement = context.place(small)
    assert placement is not None
    assert placement.target == context.target
    times = context.milliseconds(small), context.milliseconds(large)
    assert None not in times
    assert 0 < (times[0] or 0) < (times[1] or 0)


def test_the_users_tools_are_asked() -> None:
    context = Context(Target("imx93", "vela", "5.2.0"), place_options=PlaceOptions(vela="/no/such/vela"))
    with pytest.raises(InputError, match="/no/such/vela"):
        context.place(_padded_convolution())


def test_without_a_target_nothing_is_known() -> None:
    context = Context()
    assert (context.off_npu(), context.hazards("ethosu.pad-folded"), context.partitions()) == (frozenset(), (), {})
    assert context.place(_padded_convolution()) is None
    assert context.milliseconds(_padded_convolution()) is None
