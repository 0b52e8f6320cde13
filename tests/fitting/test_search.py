"""The search takes what helps, leaves what does not, and says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

import npufit
from fitting.wrong_passes import Become, Failing, Inexact, Wrong
from networks import Network
from npufit.checking import CheckResult, check
from npufit.cost import EstimateOptions
from npufit.errors import InputError
from npufit.execution import random_inputs
from npufit.fitting import FitOptions, fit
from npufit.fitting.search import FitScore, PassOutcome, SearchOptions, change_words, score, search, survey
from npufit.graph import Model, Padding, Quantization
from npufit.rewrite import Context, Exactness, Pass, Rewritten, pass_names
from npufit.rewrite.passes.dead import RemoveDead
from npufit.rewrite.passes.escapes import BreakEscape
from npufit.rewrite.passes.padding import FoldPad
from npufit.stacks import PlaceOptions
from rewrite.rewriting import kinds

_25_3 = "imx93/teflon@25.3"
_PASSES = (RemoveDead(), FoldPad(), BreakEscape())


@pytest.fixture(scope="module")
def padded() -> CheckResult:
    """Return a network with hazard ethosu.pad-folded at four places."""
    return check(npufit.load("zoo:mobilenet_v2@32,int8-per-tensor,io=int8,alpha=0.35"), _25_3)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (FitScore(0, 9.0, 9, 9, 9), FitScore(1, 1.0, 1, 1, 1)),
        (FitScore(9, 9.0, 9, 9, 9, crashes=0, failures=9), FitScore(1, 1.0, 1, 1, 1, crashes=1)),
        (FitScore(9, 9.0, 9, 9, 9, failures=0), FitScore(1, 1.0, 1, 1, 1, failures=1)),
        (FitScore(0, 1.0, 9, 9, 9), FitScore(0, 2.0, 1, 1, 1)),
        (FitScore(0, 10.04, 1, 9, 9), FitScore(0, 10.0, 2, 1, 1)),
        (FitScore(0, 10.0, 1, 1, 9), FitScore(0, 10.0, 1, 2, 1)),
        (FitScore(0, None, 1, 1, 1), FitScore(0, 1.0, 1, 1, 2)),
        (FitScore(0, None, 1, 2, 2), FitScore(0, None, 2, 1, 1)),
    ],
)
def test_hazards_count_before_time_and_time_before_counts(better: FitScore, worse: FitScore) -> None:
    assert better.is_better_than(worse)
    assert not worse.is_better_than(better)
    assert not better.is_better_than(better)


def test_a_difference_below_half_a_percent_is_none() -> None:
    assert not FitScore(0, 9.96, 1, 1, 1).is_better_than(FitScore(0, 10.0, 1, 1, 1))
    assert FitScore(0, 9.94, 1, 1, 1).is_better_than(FitScore(0, 10.0, 1, 1, 1))


def test_a_time_that_rests_on_an_unknown_placement_does_not_count() -> None:
    result = check(npufit.load("zoo:mobilenet_v2@224,int8"), "imx95/neutron")
    assert score(result).time_ms is None
    assert score(result).off_npu == result.summary.operators - result.summary.npu


def test_what_helps_is_taken_and_the_rest_is_explained(padded: CheckResult) -> None:
    found = search(padded, _PASSES)
    assert [step.pass_ for step in found.steps] == [FoldPad()]
    assert found.result.summary.hazards == 0
    by_name = {verdict.pass_.name: verdict for verdict in found.verdicts}
    assert list(by_name) == ["remove-dead", "fold-pad", "break-escape"]
    assert by_name["fold-pad"].outcome is PassOutcome.TAKEN
    assert by_name["fold-pad"].why.startswith("4 fewer hazards")
    assert len(by_name["fold-pad"].sites) == 4
    assert by_name["break-escape"].outcome is PassOutcome.LEFT
    assert by_name["break-escape"].why == "nothing to do"
    again = search(padded, _PASSES)
    assert [(verdict.pass_, verdict.why) for verdict in again.verdicts] == [(v.pass_, v.why) for v in found.verdicts]


def test_what_makes_it_worse_is_left_with_the_reason() -> None:
    net = Network()
    net.convolve(net.convolve(net.input(1, 8, 8, 16), 16), 16)
    good = net.model()
    net = Network()
    net.convolve(net.apply("ABS", (net.convolve(net.input(1, 8, 8, 16), 16),), (1, 6, 6, 16)), 16)
    worse = net.model()
    found = search(check(good, _25_3), (Become((good, worse)),))
    assert not found.steps
    assert found.verdicts[0].why.startswith("1 more operator on the CPU, 1 more partition")


def _mendable() -> tuple[Model, Model]:
    """Return a network that the NPU refuses for its scales, and one that runs there with hazard ethosu.pad-folded."""
    net = Network()
    scales = Quantization((0.001, 0.002) * 32, (0,) * 64)
    net.convolve(net.input(1, 64, 64, 64), 64, stride=2, padding=Padding.SAME, weights_quantization=scales)
    refused = net.model()
    net = Network()
    net.convolve(net.pad(net.input(1, 64, 64, 64), 0, 1, 0, 1), 64, stride=2)
    return refused, net.model()


def test_a_gain_that_brings_hazards_is_taken_with_what_removes_them() -> None:
    row = _mendable()
    start = check(row[0], _25_3)
    assert not search(start, (Become(row),)).steps
    found = search(start, (Become(row), FoldPad()))
    assert [step.pass_.name for step in found.steps] == ["become", "fold-pad"]
    assert found.verdicts[0].why.endswith("the next ones fix that")
    assert found.result.summary.hazards == 0


def test_rounds_go_on_until_nothing_helps() -> None:
    nets: list[Model] = []
    for count in (3, 2, 1, 0):
        net = Network()
        last = net.input(1, 8, 8, 16)
        for _ in range(count):
            last = net.apply("ABS", (last,), (1, 8, 8, 16))
        net.convolve(last, 16)
        nets.append(net.model())
    found = search(check(nets[0], _25_3), (Become(tuple(nets)),))
    assert len(found.steps) == 3
    assert kinds(found.result.model) == ["CONV_2D"]


def test_approximate_passes_need_to_be_allowed(padded: CheckResult) -> None:
    found = search(padded, (Inexact(),))
    assert found.verdicts[0].outcome is PassOutcome.SKIPPED
    assert "--allow-approximate" in found.verdicts[0].why
    with pytest.raises(InputError, match="inexact changes the answer"):
        fit(padded.model, _25_3, FitOptions(passes=(Inexact(),)))


def test_passes_that_are_asked_for_are_taken_better_or_not(padded: CheckResult) -> None:
    found = search(padded, (Wrong(), FoldPad(), FoldPad()), SearchOptions(asked=True))
    assert [step.pass_.name for step in found.steps] == ["wrong", "fold-pad"]
    assert found.verdicts[0].why == "requested; no gain"
    with pytest.raises(InputError, match="cannot be met"):
        search(padded, (Failing(),), SearchOptions(asked=True))


def test_a_pass_that_fails_is_reported_and_not_taken(padded: CheckResult) -> None:
    found = search(padded, (Failing(), Failing("form"), FoldPad()))
    assert [verdict.outcome for verdict in found.verdicts] == [PassOutcome.LEFT, PassOutcome.FAILED, PassOutcome.TAKEN]
    assert found.verdicts[0].why == "the option cannot be met"
    assert "a bug in npufit" in found.verdicts[1].why


def test_a_pass_is_skipped_by_its_former_name_as_well(padded: CheckResult) -> None:
    options = FitOptions(skip=("refuse-activations",), prove=False)
    verdicts = {verdict.pass_.name: verdict for verdict in fit(padded.model, padded.target, options).verdicts}
    assert verdicts["fuse-activations"].outcome is PassOutcome.SKIPPED


def test_a_pass_that_does_nothing_without_an_option_is_only_tried_on_request(padded: CheckResult) -> None:
    tried = {verdict.pass_.name for verdict in fit(padded.model, padded.target, FitOptions(prove=False)).verdicts}
    assert tried == set(pass_names()) - {"tile-spatial"}
    asked = fit(padded.model, padded.target, FitOptions(passes=("tile-spatial:limit=100000",), prove=False))
    assert [verdict.pass_.name for verdict in asked.verdicts] == ["tile-spatial"]


def test_a_survey_tries_each_pass_alone(padded: CheckResult) -> None:
    found = survey(padded, (*_PASSES, Inexact()))
    assert not found.steps
    assert {verdict.pass_.name: verdict.outcome for verdict in found.verdicts} == {
        "remove-dead": PassOutcome.LEFT,
        "fold-pad": PassOutcome.OFFERED,
        "break-escape": PassOutcome.LEFT,
        "inexact": PassOutcome.OFFERED,
    }


def test_samples_reach_passes_in_the_form_of_the_model_at_hand(padded: CheckResult) -> None:
    seen: list[int] = []

    class Looking(Wrong):
        def rewrite(self, model: Model, context: Context) -> Rewritten | None:
            for sample in context.samples:
                assert sample.keys() == set(model.main.inputs)
                seen.append(sum(values.size for values in sample.values()))
            return None

    samples = (random_inputs(padded.model), random_inputs(padded.model, 1))
    search(padded, (FoldPad(), Looking()), SearchOptions(asked=True, samples=samples))
    assert seen == [32 * 32 * 3] * 2


def test_a_pass_asks_the_target_with_the_users_tools_and_times(padded: CheckResult) -> None:
    asked: list[Context] = []

    class Asking(Wrong):
        def rewrite(self, model: Model, context: Context) -> Rewritten | None:
            asked.append(context)
            return None

    place, estimate = PlaceOptions(time_limit_s=7.0), EstimateOptions(threads=1)
    search(replace(padded, estimate_options=estimate), (Asking(),), SearchOptions(asked=True, place=place))
    assert [(context.place_options, context.estimate_options) for context in asked] == [(place, estimate)]
    single, double = (replace(asked[0], estimate_options=EstimateOptions(threads=count)) for count in (1, 2))
    assert (single.milliseconds(padded.model) or 0) > (double.milliseconds(padded.model) or 0) > 0


def test_change_words_say_all_that_differs(padded: CheckResult) -> None:
    assert change_words(padded, padded) == "no gain"
    folded = search(padded, _PASSES).result
    assert change_words(folded, padded).startswith("4 more hazards")


@dataclass(frozen=True)
class _Trips(Pass):
    """A pass that meets what it did not expect, as an untrusted file may make it."""

    name: ClassVar[str] = "trips"
    exactness: ClassVar[Exactness] = Exactness.EXACT
    summary: ClassVar[str] = "trips over the model"

    def rewrite(self, model: Model, context: Context) -> Rewritten | None:
        """Fail as an index beyond a tensor's shape does."""
        shapes: tuple[None, ...] = ()
        return shapes[len(model.subgraphs)]


def test_a_pass_that_trips_over_a_file_is_left_out_with_a_word() -> None:
    model = npufit.load("zoo:mlperf_tiny_kws")
    fitted = fit(model, "imx93/teflon@26.1", FitOptions(passes=(_Trips(),), prove=False))
    verdict = next(verdict for verdict in fitted.verdicts if verdict.pass_.name == "trips")
    assert verdict.outcome is PassOutcome.FAILED
    assert "did not expect" in verdict.why
