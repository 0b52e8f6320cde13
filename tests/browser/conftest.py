"""A real Chromium for the pages: they must run in it without an error, a violation of their policy or a request."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.blockedURI} ${event.sample}`));
"""

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a running Chromium; skip without one, unless NPUFIT_BROWSER=required."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        reason = f"no browser: none of {', '.join(_NAMES)} is installed"
        if os.environ.get("NPUFIT_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Return a function that opens the text of a page; afterwards nothing may have gone wrong in any of them."""
    problems: list[str] = []
    pages: list[Page] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(message.text)

    def show(
        html: str, link: str = "", *, width: int = 1280, is_dark: bool = False, script: bool = True,
        expects_violations: bool = False,
    ) -> Page:  # fmt: skip
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8")
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if is_dark else "light",
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        page.add_init_script(_WATCH)
        if not expects_violations:
            page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file://") else problems.append(request.url))
        page.goto(f"{file.as_uri()}{link}")
        if script:
            if 'id="payload-' in html:  # a page without data is ready when it is loaded
                page.wait_for_function("performance.getEntriesByName('npufit:ready').length > 0")
            if not expects_violations:
                pages.append(page)
        return page

    yield show
    violations = [entry for page in pages if not page.is_closed() for entry in page.evaluate("window.violations")]
    for page in pages:
        page.close()
    assert not problems
    assert not violations
