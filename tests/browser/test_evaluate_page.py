"""The page of an evaluation in a real Chromium: pictures from inside the file, and the boxes of both sides on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import npufit
from browser.conftest import OpenPage
from evaluating.pictures import paint
from npufit.report.evaluate import evaluate_page
from real_files import find_model


def test_pictures_are_drawn_with_what_changed(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPUFIT_CACHE_DIR", str(tmp_path / "cache"))
    options = npufit.EvaluateOptions(
        images=paint(tmp_path / "pictures", 4), fitted="zoo:mlperf_tiny_vww", jobs=1, require=("top1-agreement>=99%",)
    )
    html = evaluate_page(npufit.evaluate(find_model("person_detect.tflite"), None, options))
    page = open_page(html)
    expect(page.locator("h1")).to_contain_text("of 4 the same top-1")
    pictures = page.locator(".pictures image")
    assert pictures.count() > 0
    sizes = pictures.evaluate_all(
        "images => Promise.all(images.map(async i => { const own = new Image(); own.src = i.getAttribute('href');"
        " await own.decode(); return [own.naturalWidth, own.naturalHeight]; }))"
    )
    assert all(size == [120, 90] for size in sizes)
    expect(page.locator(".gates li").first).to_contain_text("FAILED: top1-agreement>=99%")
    narrow = open_page(html, width=420)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 420
