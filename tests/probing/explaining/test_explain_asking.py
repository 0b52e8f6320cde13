"""Hidden rules over groups are told apart by the experiments; each converter here is a stand-in and says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import npufit
from npufit.report import Page
from npufit.report.probe import explain_document, explain_text
from npufit.stacks import PlaceOptions

_STAND_IN = str(Path(__file__).with_name("hidden_converter.py"))
_MODEL = "zoo:mobilenet_v2@320,int8"
_TESTABLE = {f"N{number}" for number in range(1, 6)}


def _command(rule: str, version: str = "2.0.2") -> tuple[str, ...]:
    return sys.executable, _STAND_IN, "--rule", rule, "--version", version


def _explained(rule: str, *others: tuple[str, ...]) -> npufit.ExplainResult:
    place = PlaceOptions(converter=_command(rule))
    return npufit.explain(_MODEL, "imx95/neutron", npufit.ExplainOptions(place=place, other_converters=others))


def _agreeing(result: npufit.ExplainResult) -> set[str]:
    return {entry.hypothesis.name for entry in result.open_hypotheses if entry.standing == "agrees"}


@pytest.mark.parametrize(
    ("rule", "hypothesis"),
    [
        ("pads", "N3"),
        pytest.param("scheduling", "N1", marks=pytest.mark.slow),
        pytest.param("early", "N2", marks=pytest.mark.slow),
        pytest.param("distance", "N4", marks=pytest.mark.slow),
        pytest.param("line", "N5", marks=pytest.mark.slow),
    ],
)
def test_experiments_leave_the_hidden_rule_alone(rule: str, hypothesis: str) -> None:
    result = _explained(rule)
    assert _agreeing(result) & _TESTABLE == {hypothesis}
    assert len(result.done) <= 8
    assert str(result.target) == "imx95/neutron@1.17"
    assert f"only {hypothesis} agrees" in explain_text(explain_document(result), Page(400))


def test_a_converter_that_takes_everything_needs_no_explanation() -> None:
    result = _explained("nothing")
    assert result.is_complete
    assert len(result.done) == 1
    assert "nothing to explain" in explain_text(explain_document(result), Page(400)).splitlines()[0]


def test_a_model_that_breaks_the_converter_is_not_varied() -> None:
    stand_in = Path(__file__).parents[2] / "stacks" / "neutron" / "stand_in_converter.py"
    place = PlaceOptions(converter=(sys.executable, str(stand_in), "--stand-in", "fail"))
    result = npufit.explain(_MODEL, "imx95/neutron", npufit.ExplainOptions(place=place))
    (done,) = result.done
    assert "Global format selection has failed" in done.failure
    assert "--shrink" in explain_text(explain_document(result), Page(400)).splitlines()[0]


@pytest.mark.slow
def test_a_later_release_that_converts_it_shows_a_defect() -> None:
    result = _explained("line", _command("nothing", "3.1.2"))
    assert "N7" in _agreeing(result)
    assert "3.1" in explain_text(explain_document(result), Page(400)).splitlines()[0]


def test_a_converter_that_cannot_be_started_is_an_error() -> None:
    options = npufit.ExplainOptions(place=PlaceOptions(converter=("/nowhere/neutron-converter",)))
    with pytest.raises(npufit.ToolError, match="cannot be started"):
        npufit.explain(_MODEL, "imx95/neutron", options)
