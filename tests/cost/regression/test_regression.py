"""Fitting: what it recovers from made-up measurements, that it is reproducible, and how good the packaged fit is."""

from __future__ import annotations

import json
from functools import partial
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import npufit
from npufit.cost import estimate
from npufit.cost.coefficient import Coefficient
from npufit.cost.cpu import caches_of, cpu_cost, elasticities, total_ms, total_terms
from npufit.cost.cpu_coefficients import coefficients
from npufit.cost.demand import measure_demand
from npufit.cost.measured.public_measurements import (
    INDEX,
    architecture,
    fingerprint,
    load_workload,
    measured_rows,
    networks,
)
from npufit.cost.packaged_coefficients import load_coefficients
from npufit.cost.packaged_files import COEFFICIENTS, HELD_OUT, WORKLOADS, read_json
from npufit.cost.regression import regression_run
from npufit.cost.regression.cross_validation import Choice, Question, Row, solve
from npufit.cost.regression.least_squares import Case, regress
from npufit.cost.slopes import slopes_by_differences
from npufit.stacks import Unit
from npufit.validating import AccuracyRow, accuracy_rows, class_accuracy, group_accuracy
from npufit.zoo import build, parse_spec

_RATES = (
    Coefficient("first", "ns", "made up", 1.0, 3.0, "this test"),
    Coefficient("second", "ns", "made up", 1.0, 3.0, "this test"),
)


def _case(name: str, first: float, second: float, truth: tuple[float, float], noise: float = 1.0) -> Case:
    measured = (first * truth[0] + second * truth[1]) * noise
    return Case(name, measured, lambda values: first * values["first"] + second * values["second"])


@settings(max_examples=30, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(0.3, 3.0))
def test_rates_are_recovered_from_what_they_gave(first: float, second: float) -> None:
    shapes = ((1.0, 0.1), (0.1, 1.0), (1.0, 1.0), (3.0, 0.5), (0.5, 4.0), (2.0, 2.0))
    cases = [_case(str(number), *shape, (first, second)) for number, shape in enumerate(shapes)]
    values = regress(_RATES, cases).values
    assert values["first"] == pytest.approx(first, rel=0.05)
    assert values["second"] == pytest.approx(second, rel=0.05)


def test_what_no_row_speaks_of_keeps_its_prior() -> None:
    cases = [_case(str(number), size, 0.0, (2.0, 9.0)) for number, size in enumerate((1.0, 2.0, 5.0))]
    assert regress(_RATES, cases).values["second"] == pytest.approx(1.0, rel=1e-3)


def test_one_odd_row_does_not_bend_the_others() -> None:
    sizes = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    sound = [_case(str(size), size, 0.0, (2.0, 1.0)) for size in sizes]
    odd = _case("odd", 4.0, 0.0, (2.0, 1.0), noise=3.0)
    assert regress(_RATES, [*sound, odd]).values["first"] == pytest.approx(2.0, rel=0.08)


def test_a_network_is_predicted_without_its_own_rows() -> None:
    cases = [_case("same", 1.0, 0.0, (2.0, 1.0)), _case("same", 2.0, 0.0, (2.0, 1.0))]
    rows = [Row(case, case.predict, lambda values: {}) for case in cases]
    held = solve(Question((Choice(),), lambda unknown: (_RATES, rows))).held
    found = [entry.ms for entry in held]
    assert found == pytest.approx([1.0, 2.0], rel=1e-6), "both rows are left out, so the prior is all that is left"


def _question(truths: list[tuple[float, float]], noise: float) -> Question:
    """Return rows of made-up networks, one after the other too long and too short by `noise`."""
    shapes = ((1.0, 0.2), (0.2, 1.0), (1.0, 1.0), (3.0, 0.5), (0.5, 4.0), (2.0, 2.0), (5.0, 1.0), (1.0, 6.0))
    rows: list[Row] = []
    for number, (shape, truth) in enumerate(zip(shapes * 2, truths, strict=True)):
        case = _case(str(number), 10 * shape[0], 10 * shape[1], truth, noise if number % 2 else 1 / noise)
        rows.append(Row(case, case.predict, partial(slopes_by_differences, case.predict)))
    return Question((Choice(), Choice(noise=0.2)), lambda unknown: (_RATES, rows))


def test_bands_are_as_wide_as_the_errors_of_networks_that_were_held_out() -> None:
    widths: list[float] = []
    for noise in (1.15, 1.6):
        outcome = solve(_question([(2.0, 0.7)] * 16, noise))
        inside = [
            entry.low_ms <= row.case.measured_ms <= entry.high_ms
            for entry, row in zip(outcome.held, _question([(2.0, 0.7)] * 16, noise).without(None)[1], strict=True)
        ]
        assert sum(inside) >= 13
        widths.append(outcome.answer.spread.typical().high)
    assert widths[0] < 1.5 < widths[1]


def test_what_no_row_determines_makes_a_band_wide_and_is_named() -> None:
    question = _question([(2.0, 0.7)] * 16, 1.1)
    coefficients_of_rows, rows = question.without(None)
    third = Coefficient("third", "ns", "what no row has", 1.0, 3.0, "this test")
    spread = solve(Question(question.choices, lambda unknown: ((*coefficients_of_rows, third), rows))).answer.spread
    known = spread.band({"first": 1.0}, 100.0)
    unknown = spread.band({"first": 0.4, "third": 0.6}, 100.0, {"third": third.meaning})
    assert unknown.high > 1.5 * known.high
    assert not any(third.meaning in reason for reason in known.unsure)
    assert any(third.meaning in reason and "60.0 %" in reason for reason in unknown.unsure)


def test_bands_are_wider_below_three_milliseconds() -> None:
    spread = solve(_question([(2.0, 0.7)] * 16, 1.2)).answer.spread
    highs = [spread.band({"first": 1.0}, ms).high for ms in (100.0, 3.0, 1.0, 0.2)]
    assert highs[0] == highs[1] < highs[2] < highs[3]
    assert any("under 3 ms" in reason for reason in spread.band({}, 0.2).unsure)


def _rows(group: str) -> list[AccuracyRow]:
    return [row for row in accuracy_rows() if row.group == group and row.counts]


def _errors(rows: list[AccuracyRow]) -> list[float]:
    return [abs(row.error) for row in rows if row.error is not None]


@pytest.mark.parametrize(
    ("group", "threads", "limit"),
    [
        ("imx93/cpu", "1", 0.15),
        ("imx93/cpu", "2", 0.15),
        ("imx8mp/cpu", "1", 0.15),
        ("imx8mp/cpu", "4", 0.15),
        ("imx93/vela", "", 0.15),
        ("imx8mp/vx", "", 0.30),
    ],
)
def test_networks_that_were_left_out_are_predicted_well(group: str, threads: str, limit: float) -> None:
    rows = [row for row in _rows(group) if not threads or row.threads == threads]
    assert len(rows) >= 12
    assert median(_errors(rows)) <= limit


def test_the_estimate_beats_vela_s_own_on_the_same_rows() -> None:
    rows = _rows("imx93/vela")
    theirs = [abs(row.compiler_error) for row in rows if row.compiler_error is not None]
    assert len(theirs) == len(rows)
    assert fmean(_errors(rows)) <= 0.25
    assert fmean(_errors(rows)) < fmean(theirs)


def test_bands_hold_four_fifths_to_nearly_all_rows() -> None:
    fitted = [group for group in group_accuracy(accuracy_rows()) if not group.part and group.networks >= 5]
    assert {group.group for group in fitted} >= {"imx93/cpu", "imx8mp/cpu", "imx93/vela", "imx8mp/vx"}
    assert all(0.8 <= (group.coverage or 0.0) <= 0.97 for group in fitted)


def test_bands_hold_most_networks_below_three_milliseconds() -> None:
    small = [group for group in group_accuracy(accuracy_rows()) if group.part == "below 3 ms"]
    held = sum((group.coverage or 0.0) * group.rows for group in small) / sum(group.rows for group in small)
    assert held >= 0.8


def test_a_class_of_networks_that_was_left_out_is_mostly_in_its_bands() -> None:
    classes = class_accuracy(("imx93/cpu", "imx8mp/cpu", "imx93/vela"))
    assert {entry.part for entry in classes} >= {"without all small networks", "without all detectors"}
    held = sum((entry.coverage or 0.0) * entry.rows for entry in classes) / sum(entry.rows for entry in classes)
    assert held >= 0.75


@pytest.mark.parametrize("size", [224, 320])
def test_the_report_s_times_on_the_cpu_of_i_mx95_come_out(size: int) -> None:
    rows = [row for row in measured_rows() if row.group == "imx95/cpu" and row.network.endswith(f"@{size},int8")]
    fitted = load_coefficients("imx95/cpu")
    assert len(rows) == 1
    assert fitted is not None
    demands = [operator.demand for operator in load_workload(rows[0].network, "cpu").operators]
    terms = total_terms(demands, caches_of(demands, fitted.values), 1)
    predicted = total_ms(terms, fitted.values, 1)
    assert predicted == pytest.approx(rows[0].measured_ms, rel=0.15)


def test_sums_of_terms_are_the_sums_of_operators() -> None:
    fitted = load_coefficients("imx93/cpu")
    assert fitted is not None
    for network in networks()[:6]:
        demands = [operator.demand for operator in load_workload(network, "cpu").operators]
        caches = caches_of(demands, fitted.values)
        each = sum(cpu_cost(demand, fitted.values, 2, caches).ms for demand in demands)
        terms = total_terms(demands, caches, 2)
        assert total_ms(terms, fitted.values, 2) == pytest.approx(each)
        measured = slopes_by_differences(lambda values, terms=terms: total_ms(terms, values, 2), fitted.values)
        exact = elasticities(terms, fitted.values, 2)
        assert all(exact.get(name, 0.0) == pytest.approx(slope, abs=1e-3) for name, slope in measured.items())


@pytest.mark.parametrize("network", ["zoo:mobilenet_v1@224,uint8", "zoo:mlperf_tiny_ad,int8,io=int8"])
def test_packaged_workloads_are_those_of_the_networks(network: str) -> None:
    model = build(parse_spec(network))
    fresh = [measure_demand(model.main, operator) for operator in model.main.operators]
    assert [operator.demand for operator in load_workload(network, "cpu").operators] == fresh
    assert fingerprint(fresh) in read_json(WORKLOADS / INDEX)


def test_networks_are_told_apart_and_each_has_a_workload() -> None:
    found = {
        network: fingerprint(operator.demand for operator in load_workload(network, "cpu").operators)
        for network in networks()
    }
    for network, own in found.items():
        twins = {architecture(other) for other, theirs in found.items() if theirs == own}
        assert twins == {architecture(network)}


def test_coefficients_are_named_once_and_have_a_source() -> None:
    for has_dot_product in (False, True):
        rates = coefficients(has_dot_product=has_dot_product)
        assert len({rate.name for rate in rates}) == len(rates)
        assert all(rate.prior > 0 and rate.spread > 1 and rate.meaning and rate.source for rate in rates)


@pytest.mark.slow
def test_fitting_again_gives_the_packaged_numbers() -> None:
    document = json.loads(json.dumps(regression_run.regress_all()))
    packaged = {**read_json(COEFFICIENTS), "held_out": read_json(HELD_OUT)}
    assert document["held_out"] == packaged["held_out"]
    assert document["models"] == packaged["models"]


@pytest.mark.parametrize("group", ["imx93/vela", "imx8mp/vx"])
def test_measured_networks_are_placed_by_the_release_that_they_were_measured_with(group: str) -> None:
    rows = [row for row in measured_rows() if row.group == group and not row.left_out]
    assert all(row.release and load_workload(row.network, row.placed_on).partitions for row in rows)
    fitted = load_coefficients(group)
    assert fitted is not None
    assert set(fitted.releases) == {row.release for row in rows}


def test_the_old_vela_leaves_whenet_s_squeezing_on_the_cpu() -> None:
    (row,) = (row for row in measured_rows() if row.group == "imx93/vela" and "WHENet" in row.model)
    workload = load_workload(row.network, row.placed_on)
    assert len(workload.on(Unit.CPU)) > 40
    assert len(workload.partitions) > 20


@pytest.mark.parametrize(("target", "is_measured"), [("imx93/vela@5.2", False), ("imx8mp/vx@lf-6.1.36", True)])
def test_the_basis_says_where_no_measurement_of_a_release_is_public(target: str, is_measured: bool) -> None:
    model = build(parse_spec("zoo:mlperf_tiny_kws,int8,io=int8"))
    found = estimate(model, npufit.check(model, target).placement)
    assert found is not None
    assert ("no measurement with" in found.basis) != is_measured
