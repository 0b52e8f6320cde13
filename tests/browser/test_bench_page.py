"""The page of a bench in a real Chromium: charts are drawn, a switch shows each measurement, names stay names."""

from __future__ import annotations

from dataclasses import replace

from playwright.sync_api import expect

from browser.conftest import OpenPage
from npufit.report.bench import bench_page, shown_document
from report.bench_measurements import CONTRADICTED, HOSTILE, PROVEN


def test_the_page_shows_the_answer_its_proof_and_every_run(open_page: OpenPage) -> None:
    page = open_page(bench_page(shown_document([PROVEN], ["file.json"])))
    expect(page.locator("h1")).to_contain_text("3.78")
    expect(page.locator(".tile").first).to_contain_text("proven")
    expect(page.locator("#proof-0")).to_contain_text("/proc/interrupts: ethosu")
    assert (
        page.locator("#chart-times-0 svg .mark-rect path").count() == 4
    )  # two bars, and two marks of what was predicted
    assert page.locator("#chart-runs-0 svg .mark-symbol path").count() == 12  # ten runs, and a legend of two
    assert page.locator("#chart-operators-0 svg .mark-rect path").count() == 2
    narrow = open_page(bench_page(shown_document([PROVEN], [])), width=420, is_dark=True)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 420


def test_a_switch_shows_one_of_several_measurements(open_page: OpenPage) -> None:
    html = bench_page(shown_document([PROVEN, CONTRADICTED, replace(PROVEN, day="2026-11-23")], []))
    page = open_page(html)
    expect(page.locator("#proof-1")).to_be_hidden()
    page.locator("#views label").nth(1).click()
    expect(page.locator("#proof-1")).to_be_visible()
    expect(page.locator("#proof-1")).to_contain_text("contradicted")
    expect(page.locator("#proof-0")).to_be_hidden()
    titles = page.locator("#views label").all_inner_texts()
    assert len(set(titles)) == 3


def test_names_of_a_board_stay_text(open_page: OpenPage) -> None:
    page = open_page(
        bench_page(shown_document([HOSTILE], ["<b>.json"], ["<script>alert(2)</script> is no measurement"]))
    )
    assert page.evaluate("window.stolen") is None
    expect(page.locator("body")).to_contain_text("<script>window.stolen = 1</script>")
