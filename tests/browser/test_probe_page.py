"""The page of a probe in a real Chromium: heat maps with their limits, in both themes, and hostile words of a tool."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.conftest import OpenPage
from npufit.report.probe import probe_page
from report.made_probes import MADE

_MOST_BYTES = 2_000_000


def test_the_page_of_a_probe_answers_and_draws_its_limits(open_page: OpenPage) -> None:
    html = probe_page(MADE)
    assert len(html) < _MOST_BYTES
    page = open_page(html)
    expect(page.locator("h1")).to_have_text("6 limits on 2 operator types of closed-converter 1.2 in 1,043 questions.")
    assert page.locator("#limits tbody tr").count() == 5
    expect(page.locator("#crashes")).to_contain_text("ADD with h 37, w 8, dtype int8: the tool crashes")
    maps = page.locator("#operator-0 .chart-card")
    expect(maps.first).to_contain_text("CONV_2D: w*c <= 16,384")
    expect(maps.first.locator("svg")).to_contain_text("breaks the tool")
    expect(maps.nth(1).locator("svg")).to_contain_text("refused for another reason")
    asked = {(asked.point["w"], asked.point["c"]) for asked in MADE.operators[0].asked}
    assert maps.first.locator("[aria-roledescription='point']").count() == len(asked)
    maps.first.locator("[aria-roledescription='point']").last.hover()
    expect(page.locator("#tooltip")).to_contain_text("breaks the tool, 1 question")


def test_the_page_of_a_probe_fits_its_window_in_both_themes(open_page: OpenPage) -> None:
    for width in (390, 1440):
        page = open_page(probe_page(MADE), width=width, is_dark=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        label = page.locator(".plot svg text").first
        dark = label.get_attribute("fill")
        page.locator("#theme").click()
        expect(label).not_to_have_attribute("fill", dark or "")


def test_without_a_script_the_limits_can_be_read(open_page: OpenPage) -> None:
    page = open_page(probe_page(MADE), script=False)
    expect(page.locator("#limits tbody")).to_contain_text("stride_h <= 3 where padding is SAME")
