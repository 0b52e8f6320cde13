"""The pages of a fit and of a compared run in a real Chromium."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.conftest import OpenPage
from networks import Network
from npufit.cutting import save_fit
from npufit.execution import compare
from npufit.fitting import FitOptions, fit
from npufit.report.fit import fit_headline, fit_page
from npufit.report.run import run_page
from npufit.report.run.text import headline
from npufit.running import RunOptions, RunResult, Seconds, run
from real_files import find_model


def _padded() -> Network:
    """Return a network of two convolutions with a PAD between them."""
    network = Network()
    image = network.input(1, 8, 8, 8)
    network.convolve(network.pad(network.convolve(image, 8, 1), 2, 1, 2, 1), 8, 3)
    return network


def test_a_fit_shows_both_networks_and_what_changed(open_page: OpenPage) -> None:
    found = fit(find_model("micro/residual_chain.tflite"), "imx93/teflon@25.3", FitOptions(inputs=2))
    assert found.steps
    page = open_page(fit_page(found, save_fit(found, None, None, None, overwrite=False)))
    expect(page.locator("h1")).to_contain_text(fit_headline(found).split(",")[0])
    for title, side, group in (("Before", found.original, "removed"), ("After", found.result, "made by")):
        page.locator("#views label", has_text=title).click()
        assert page.locator(".operator").count() == side.summary.operators
        page.locator(".switch label", has_text="Change").click()
        expect(page.locator(".group", has_text=group)).to_be_visible()


def test_a_run_shows_where_it_parts_and_by_how_much(open_page: OpenPage) -> None:
    model = _padded().model()
    golden = run(model, "imx93/vela", RunOptions(compare=True))
    output = model.main.outputs[0]
    wrong = {output: golden.outputs[output].copy()}
    wrong[output][0, 2, 1, 3] ^= 0x40
    comparison = compare(model, wrong, golden.outputs, "golden")
    result = RunResult(model, "somewhere", 1, golden.outputs, Seconds(None, 0.1, 0.1, None), comparison)
    page = open_page(run_page(result))
    expect(page.locator("h1")).to_have_text(headline(result))
    expect(page.locator(".maps tbody tr")).to_have_count(1)
    expect(page.locator(".maps tbody td").first).to_have_text("[0, 2, 1, 3]")
    assert page.evaluate("[...document.images].map((image) => image.naturalWidth > 0)") == [True, True]
    page.locator("#first a").click()
    expect(page.locator(".panel .remark")).to_contain_text("differ")
    expect(page.locator(".group", has_text="first difference").locator(".count")).to_have_text("1")
