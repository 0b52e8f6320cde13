"""What the public conversions of i.MX95 say about the hypotheses, and which experiments would tell more."""

from __future__ import annotations

from functools import cache

import pytest

import npufit
from npufit.report import Page
from npufit.report.probe import explain_document, explain_headline, explain_text
from npufit.stacks.neutron.experiments import CLIFF_EXPERIMENTS
from npufit.stacks.neutron.observations import LARGEST_CONVERTED

_RULED_OUT = ["tensor-bytes", "io-bytes", "line", "weights", "divisibility", "segment-limit"]
_OPEN = [f"N{number}" for number in range(1, 9)]


@cache
def _explained(model: str, target: str = "imx95/neutron") -> npufit.ExplainResult:
    return npufit.explain(model, target)


@pytest.fixture(autouse=True)
def without_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take care that no converter is found on this machine's PATH."""
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("model", ["zoo:mobilenet_v2@320,int8", "zoo:mobilenet_v1@224,int8"])
def test_limits_on_operators_and_on_segments_are_ruled_out_and_nothing_more(model: str) -> None:
    result = _explained(model)
    assert [judgement.hypothesis.name for judgement in result.ruled_out] == _RULED_OUT
    assert [judgement.hypothesis.name for judgement in result.open_hypotheses] == _OPEN


def test_what_rules_a_limit_out_is_named_with_its_numbers() -> None:
    result = _explained("zoo:mobilenet_v2@320,int8")
    numbers = {
        name: [(figure.largest, figure.above) for figure in result.judgement(name).figures]
        for name in ("tensor-bytes", "io-bytes", "line", "weights")
    }
    assert numbers == {
        "tensor-bytes": [(LARGEST_CONVERTED["activation_bytes"], 3)],
        "io-bytes": [(LARGEST_CONVERTED["io_bytes"], 6)],
        "line": [(LARGEST_CONVERTED["line"], 20)],
        "weights": [(1_280_000, 0)],
    }
    for judgement in result.ruled_out:
        assert judgement.closest is not None
        assert judgement.closest.seen.network.name == "Keras MobileNetV2 at 320x320"


def test_the_order_of_experiments_is_that_of_cost_and_separation() -> None:
    kinds = [str(planned.experiment.kind) for planned in _explained("zoo:mobilenet_v2@320,int8").plan]
    assert kinds[:3] == ["other-release", "without-pads", "other-size"]
    assert kinds.index("alone") < kinds.index("later-part") < kinds.index("without-adds")
    assert {"tall", "wide", "other-solver"} <= set(kinds)


def test_a_check_names_the_experiments_in_the_same_order() -> None:
    tested = {
        "other-release": "N7",
        "without-pads": "N3",
        "other-size": "N1",
        "alone": "N2",
        "without-adds": "N4",
    }
    planned = [str(entry.experiment.kind) for entry in _explained("zoo:mobilenet_v2@320,int8").plan]
    of_a_check = [experiment.hypotheses[0] for experiment in CLIFF_EXPERIMENTS]
    assert [tested[kind] for kind in planned if kind in tested] == of_a_check


def test_each_experiment_is_a_model_that_the_hypotheses_predict_differently() -> None:
    for planned in _explained("zoo:mobilenet_v2@320,int8").plan:
        predictions = {(it.fewest, it.most, it.is_different) for it in planned.expectations}
        assert len(predictions) > 1
        assert planned.separation > 0


def test_another_release_is_not_judged_by_the_public_conversions() -> None:
    result = _explained("zoo:mobilenet_v2@320,int8", "imx95/neutron@3.1")
    assert not result.ruled_out
    assert not result.seen
    assert any("1.16" in reason for _, _, reason in result.uncounted)


def test_the_text_fits_a_screen_and_answers_first() -> None:
    text = explain_text(explain_document(_explained("zoo:mobilenet_v2@320,int8")), Page())
    lines = text.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    assert "no limit on single operators explains the refusals" in lines[0]
    assert "another release" in lines[1]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("zoo:mobilenet_v2@224,int8", "converted as a whole"),
        ("zoo:mobilenet_v2@96,int8", "no hypothesis that is left expects operators to be lost"),
        ("zoo:mobilenet_v2@96,float32", "no hypothesis says anything about this model"),
    ],
)
def test_models_with_nothing_to_explain_are_told_so(model: str, said: str) -> None:
    document = explain_document(_explained(model))
    assert said in explain_headline(document)
    assert "other-release" not in {entry.kind for entry in document.next}


def test_only_neutron_has_hypotheses() -> None:
    with pytest.raises(npufit.InputError, match="imx95/neutron"):
        npufit.explain("zoo:mobilenet_v2", "imx93/vela")
