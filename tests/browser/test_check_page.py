"""The page of a check in a real Chromium: seen, searched, clicked, typed in, linked to, printed and attacked."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import OpenPage
from networks import Network
from networks.chains import with_call
from npufit.checking import CheckResult, check_targets
from npufit.graph import Model
from npufit.report.check import check_page
from npufit.report.check.headline import verdict

_REFUSED = "imx93/teflon@25.3"
_TAKEN = "imx93/teflon@26.2"
_SHAPE = (1, 8, 8, 8)


@cache
def _network(blocks: int = 8) -> Model:
    """Return a network of residual blocks of four operators each; every seventh one also reads an older block."""
    network = Network()
    older = now = network.input(*_SHAPE)
    for block in range(blocks):
        inner = network.convolve(now, 8, 1)
        inner = network.cpu(inner) if block % 5 == 3 else network.convolve(inner, 8, 1)
        inner = network.apply("LOGISTIC", (inner,), _SHAPE) if block % 5 == 1 else network.convolve(inner, 8, 1)
        older, now = now, network.apply("ADD", (inner, older if block % 7 == 6 else now), _SHAPE)
    return network.model(name="blocks.tflite")


@cache
def _results(model: Model, *targets: str) -> tuple[CheckResult, ...]:
    return check_targets(model, targets or (_REFUSED,))


def _html(model: Model | None = None, *targets: str) -> str:
    network = _network() if model is None else model
    return check_page(network, _results(network, *targets), network.name)


def _operators(page: Page) -> int:
    return page.locator(".operator").count()


def test_the_answer_is_on_top_and_every_operator_in_the_graph(open_page: OpenPage) -> None:
    page = open_page(_html())
    expect(page.locator("h1:visible")).to_have_text(verdict(_results(_network())[0]).replace(" ms", "\u00a0ms"))
    assert _operators(page) == len(_network().main.operators) == page.locator(".cell").count()
    assert page.locator(".edge").count() > _operators(page)
    assert page.locator("table.operators tbody tr").count() == _operators(page)
    overlaps = page.evaluate(
        """() => { const bodies = [...document.querySelectorAll('.operator .body')];
            const boxes = bodies.map((body) => body.getBoundingClientRect());
            return boxes.filter((a, i) => boxes.slice(0, i).some((b) => a.left < b.right - 1 && b.left < a.right - 1
                && a.top < b.bottom - 1 && b.top < a.bottom - 1)).length; }"""
    )
    assert overlaps == 0


def test_a_click_shows_why_an_operator_is_on_the_cpu_and_the_way_out(open_page: OpenPage) -> None:
    page = open_page(_html())
    placed = next(placed for placed in _results(_network())[0].placement.operators if placed.finding is not None)
    assert placed.finding is not None
    page.locator(f".operator[data-operator='{placed.id.index}']").click()
    panel = page.locator(".panel")
    expect(panel).to_contain_text("Why it is on the CPU")
    expect(panel).to_contain_text(placed.finding.rule.id)
    expect(panel).to_contain_text(placed.finding.limit)
    expect(panel).to_contain_text("way out")
    expect(panel).to_contain_text("1×8×8×8")
    assert page.evaluate("location.hash") == f"#op-{placed.id.index}"


def test_a_search_counts_what_it_finds_and_enter_goes_from_one_to_the_next(open_page: OpenPage) -> None:
    page = open_page(_html())
    adds = [index for index, operator in enumerate(_network().main.operators) if operator.type == "ADD"]
    page.locator(".graph").focus()
    page.keyboard.press("/")
    box = page.get_by_role("searchbox")
    expect(box).to_be_focused()
    box.fill("add")
    expect(page.locator(".search output")).to_have_text(f"{len(adds)} of {_operators(page)} operators")
    assert page.locator(".operator:not(.dim)").count() == len(adds)
    for index in adds[:2]:
        box.press("Enter")
        expect(page.locator(".operator.selected")).to_have_attribute("data-operator", str(index))
    box.fill("no such operator")
    expect(page.locator(".search output")).to_have_text("no match")


def test_arrow_keys_walk_along_the_graph(open_page: OpenPage) -> None:
    page = open_page(_html())
    page.locator(".operator[tabindex='0']").focus()
    for key, operator in (("Enter", 0), ("ArrowRight", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("End", 31), ("Home", 0)):
        page.keyboard.press(key)
        focused = page.locator(".operator:focus")
        expect(focused).to_have_attribute("data-operator", str(operator))
        expect(focused).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".operator.selected")).to_have_count(0)


@pytest.mark.parametrize(("link", "operator", "kind"), [("#op-1", 1, "CALL"), ("#op-1-0", 0, "RELU6")])
def test_a_link_names_an_operator_of_any_subgraph(open_page: OpenPage, link: str, operator: int, kind: str) -> None:
    page = open_page(_html(with_call()), link)
    expect(page.locator(".operator.selected")).to_have_attribute("data-operator", str(operator))
    expect(page.locator(".panel h3")).to_have_text(kind)
    page.evaluate("location.hash = '#op-0'")
    expect(page.locator(".panel h3")).to_have_text("RELU")


def test_groups_of_the_legend_filter(open_page: OpenPage) -> None:
    page = open_page(_html())
    cpu = _results(_network())[0].summary.cpu
    page.locator(".group", has_text="CPU").click()
    assert page.locator(".operator:not(.dim)").count() == cpu
    page.locator(".switch label", has_text="Type").click()
    page.locator(".group", has_text="Stay").click()
    expect(page.locator(".also")).to_have_text("and Unit: CPU")
    page.locator(".group.clear").click()
    assert page.locator(".operator.dim").count() == 0


def test_a_reason_in_the_panel_colours_and_filters(open_page: OpenPage) -> None:
    model = _network(40)
    page = open_page(_html(model))
    rules = Counter(placed.finding.rule.id for placed in _results(model)[0].placement.operators if placed.finding)
    rule, count = rules.most_common(1)[0]
    page.locator(".places .match", has_text=rule).click()
    assert page.locator(".operator:not(.dim)").count() == count
    expect(page.locator(".switch input:checked")).to_have_value("rule")


def test_a_switch_between_targets_changes_the_answer_and_the_colours(open_page: OpenPage) -> None:
    page = open_page(_html(None, _REFUSED, _TAKEN), "#op-4")
    first, second = _results(_network(), _REFUSED, _TAKEN)
    assert first.summary.cpu != second.summary.cpu
    for result in (first, second):
        page.locator("#views label", has_text=str(result.target)).click()
        expect(page.locator("h1:visible")).to_contain_text(str(result.target))
        expect(page.locator(".group", has_text="CPU").locator(".count")).to_have_text(str(result.summary.cpu))
        expect(page.locator(".operator.selected")).to_have_attribute("data-operator", "4")


def test_colours_follow_the_system_and_the_switch(open_page: OpenPage) -> None:
    def brightness(page: Page) -> float:
        found = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(float, re.findall(r"\d+", found)[:3])) / 3

    page = open_page(_html(), is_dark=True)
    assert brightness(page) < 60
    page.get_by_role("button", name="Switch to light colours").click()
    assert brightness(page) > 200


def test_a_phone_shows_everything_without_scrolling_sideways(open_page: OpenPage) -> None:
    page = open_page(_html(), "#op-3", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_paper_shows_the_whole_graph_and_whole_tables(open_page: OpenPage) -> None:
    page = open_page(_html(), "#op-20")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("table.operators")).to_be_visible()
    expect(page.locator(".search")).to_be_hidden()
    outside = page.evaluate(
        """() => { const frame = document.querySelector('.canvas').getBoundingClientRect();
            const boxes = [...document.querySelectorAll('.operator .body')].map((body) => body.getBoundingClientRect());
            return boxes.filter((box) => box.left < frame.left - 2 || box.right > frame.right + 2
                || box.bottom > frame.bottom + 2).length; }"""
    )
    assert outside == 0


def test_without_a_script_the_answer_and_its_reasons_are_readable(open_page: OpenPage) -> None:
    page = open_page(_html(), script=False)
    result = _results(_network())[0]
    expect(page.locator("h1")).to_contain_text(str(result.target))
    for placed in result.placement.operators:
        if placed.finding is not None:
            assert page.get_by_text(placed.finding.rule.id).first.is_visible()


def test_hostile_names_are_only_names(open_page: OpenPage) -> None:
    names = (
        "<script>window.pwned=1</script>",
        "</script><img src=x onerror=window.pwned=1>",
        "'\"><svg/onload=window.pwned=1>",
        "\u202egnp.txt\x07",
    )
    model = _network(2)
    named = dict(zip((operator.outputs[0] for operator in model.main.operators), names, strict=False))
    tensors = tuple(replace(tensor, name=named.get(index, names[0])) for index, tensor in enumerate(model.main.tensors))
    html = _html(replace(model, name=names[1], subgraphs=(replace(model.main, tensors=tensors, name=names[0]),)))
    assert "<img" not in html
    assert "<svg/" not in html
    assert not {"\u202e", "\x07"} & set(html)
    page = open_page(html, "#op-0")
    for index, name in enumerate(names):
        page.evaluate(f"location.hash = '#op-{index}'")
        shown = name.replace("\u202e", "\\u202e").replace("\x07", "\\x07")
        expect(page.locator(".panel .code").first).to_have_text(shown)
    page.get_by_role("searchbox").fill("<script>")
    expect(page.locator(".search .match").first).to_contain_text(names[0])
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == html.count("</script>") == 3


def test_the_policy_stops_a_script_that_came_in_all_the_same(open_page: OpenPage) -> None:
    page = open_page(_html(), expects_violations=True)
    page.evaluate(
        """() => { const script = document.createElement('script'); script.textContent = 'window.pwned = 1';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<b id="victim" onclick="window.pwned = 1">b</b>'); }"""
    )
    page.locator("#victim").click()
    page.wait_for_function("window.violations.length >= 2")
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize(("operators", "most_ms"), [(500, 2000), (1500, 5000)])
def test_large_networks_are_soon_ready_for_a_click(open_page: OpenPage, operators: int, most_ms: int) -> None:
    html = _html(_network(operators // 4))
    assert len(html) < 2_000_000 * operators // 500
    times: list[float] = []
    for _ in range(3):
        page = open_page(html)
        assert _operators(page) == operators
        times.append(page.evaluate("performance.getEntriesByName('npufit:ready')[0].duration"))
        page.locator(".cell").nth(operators // 2).click()
        expect(page.locator(".operator.selected")).to_have_count(1)
        page.close()
        if times[-1] < most_ms:
            return
    pytest.fail(f"{operators} operators are ready after {min(times):.0f} ms")
