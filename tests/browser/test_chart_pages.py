"""Pages with charts in a real Chromium: drawn without eval, read by a pointer, in both themes, and attacked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import pytest
from playwright.sync_api import expect

import npufit
from browser.conftest import OpenPage
from npufit.comparing import CompareResult, Comparison
from npufit.comparing.matching import match_operators
from npufit.report.accuracy import accuracy_page
from npufit.report.compare import compare_page
from npufit.report.compare.headline import comparison_headline, result_headline
from npufit.report.sweep import SweepDocument, sweep_document, sweep_page
from npufit.validating import AccuracyResult
from real_files import find_model

_OLD, _NEW = "imx93/teflon@26.2", "imx93/teflon@25.3"
_MOST_BYTES = 2_000_000


@cache
def _compared(*targets: str) -> CompareResult:
    return npufit.compare("zoo:mobilenet_v2@96,int8", options=npufit.CompareOptions(targets or (_OLD, _NEW)))


@cache
def _accuracy() -> AccuracyResult:
    return npufit.accuracy(["imx93"])


def test_the_page_of_a_comparison_answers_and_draws_times_and_network(open_page: OpenPage) -> None:
    result = _compared()
    (comparison,) = result.comparisons
    html = compare_page(result)
    assert len(html) < _MOST_BYTES
    page = open_page(html)
    expect(page.locator("h1")).to_have_text(result_headline(result).replace(" ms", "\u00a0ms"))
    expect(page.locator("#chart-times-0 svg")).to_be_visible()
    expect(page.locator("#moved-to-the-cpu-0 tbody")).to_contain_text("ethosu.per-channel")
    expect(page.locator("#hazards-gained-0 tbody tr")).to_contain_text(
        f"{len(comparison.hazards_gained)} operators (5, 13, 25, 52)"
    )
    assert page.locator(".operator").count() == len(comparison.after.operators)
    expect(page.locator(".group").get_by_text(re.compile("^NPU before, CPU now"))).to_be_visible()
    page.get_by_text("before", exact=True).first.click()
    expect(page.locator(".group").get_by_text(re.compile("^NPU here, CPU after"))).to_be_visible()
    assert page.locator("#chart-operators-0 [aria-roledescription='point']").count() == 2 * 16


def test_sides_of_one_model_share_its_network() -> None:
    payload = re.search(r'id="payload-graph">(.*?)</script>', compare_page(_compared()))
    assert payload is not None
    graph = json.loads(payload[1])
    assert len(graph["networks"]) == 1
    assert [view["network"] for view in graph["views"]] == [0, 0]


def test_targets_of_a_comparison_take_turns(open_page: OpenPage) -> None:
    model = find_model("micro/pad_asym_conv.tflite")
    result = npufit.compare(model, model, npufit.CompareOptions((_OLD, "imx93/vela")))
    page = open_page(compare_page(result))
    for number, comparison in enumerate(result.comparisons):
        page.locator("#views span").nth(number).click()
        expect(page.locator("h1:visible")).to_have_text(comparison_headline(comparison).replace(" ms", "\u00a0ms"))
        expect(page.locator(f"#chart-times-{number} svg")).to_be_visible()


def test_a_saved_comparison_has_no_network_but_everything_else(open_page: OpenPage) -> None:
    evil = "<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"
    (comparison,) = _compared().comparisons
    before, after = (replace(side, check=None, model=evil) for side in (comparison.before, comparison.after))
    operators = tuple(replace(operator, type=evil) for operator in after.operators)
    after = replace(after, operators=operators)
    before = replace(before, operators=tuple(replace(operator, type=evil) for operator in before.operators))
    hostile = Comparison(before, after, match_operators(before.operators, after.operators))
    page = open_page(compare_page(CompareResult((hostile,))))
    expect(page.locator("#moved-to-the-cpu-0")).to_contain_text("<script>")
    expect(page.locator("#viewer")).to_have_count(0)
    page.locator("#chart-operators-0 [aria-roledescription='point']").first.hover()
    expect(page.locator("#tooltip")).to_contain_text("<script>")
    assert page.evaluate("window.hacked") is None


@cache
def _swept() -> SweepDocument:
    """Return a sweep with a cliff from 96 to 97 pixels on one target, and what nobody knows on another."""
    options = npufit.SweepOptions(sizes=("96:160:64",), require=("hazards==0",), use_cache=False)
    return sweep_document(npufit.sweep(["zoo:inception_v1"], ["imx93/teflon@26.2", "imx95/neutron"], options).result())


def test_the_page_of_a_sweep_answers_and_draws_the_cliff(open_page: OpenPage) -> None:
    document = _swept()
    html = sweep_page(document)
    assert len(html) < _MOST_BYTES
    page = open_page(html)
    expect(page.locator("h1")).to_contain_text("holds hazards==0")
    chart = page.locator("#chart-sweep-0")
    expect(chart).to_contain_text("cliff at 97x97")
    expect(chart).to_contain_text("unknown placement")
    expect(page.locator("#cliffs tbody")).to_contain_text("ethosu.stride-overflow")
    expect(page.locator("#unanswered")).to_contain_text("imx95/neutron")
    assert page.locator("#network-0 tbody tr").count() == len(document.points)
    assert page.locator("#network-0 tbody tr.cliff").count() == len(document.cliffs) == 1
    chart.locator("[aria-roledescription='point']").last.hover()
    expect(page.locator("#tooltip")).to_contain_text("imx93/teflon@26.2")


def test_the_page_of_accuracy_shows_every_measurement_that_counts(open_page: OpenPage) -> None:
    counted = [row for row in _accuracy().rows if row.counts]
    html = accuracy_page(_accuracy())
    assert len(html) < _MOST_BYTES
    page = open_page(html)
    points = page.locator("#chart-scatter [aria-roledescription='point']")
    assert points.count() == len(counted)
    points.last.hover()
    expect(page.locator("#tooltip")).to_contain_text("measured")
    expect(page.locator("#tooltip")).to_contain_text(" ms")
    page.locator("#rows details summary").first.click()
    expect(page.locator("#rows tbody tr").first).to_be_visible()
    assert page.locator("#rows tbody tr").count() == len(counted)


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_with_charts_fit_their_window_in_both_themes(width: int, open_page: OpenPage) -> None:
    for html in (accuracy_page(_accuracy()), compare_page(_compared()), sweep_page(_swept())):
        page = open_page(html, width=width, is_dark=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        label = page.locator(".plot svg text").first
        dark = label.get_attribute("fill")
        page.locator("#theme").click()
        expect(label).not_to_have_attribute("fill", dark or "")


def test_without_a_script_tables_say_the_same(open_page: OpenPage) -> None:
    page = open_page(compare_page(_compared()), script=False)
    expect(page.locator("#sides-0 tbody")).to_contain_text("predicted ms")
    expect(page.locator("noscript").first).to_be_visible()
